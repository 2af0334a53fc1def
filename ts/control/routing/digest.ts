/**
 * Digests (R18): both ends of an idle link compare a hash a layer over what was told with one over what was heard, so that a
 * difference is found even when nothing changes any more. Sums of mixed entries, so that the order does not matter.
 */
import { create } from '@bufbuild/protobuf';
import { type Digest, DigestSchema } from '../../wire/gen/portolan/v1/control_pb.js';
import { INFINITE } from '../../wire/routing-entry.js';
import type { Advertised } from './adjacency-out.js';
import { keyLayer } from './slot-state.js';

const PERIOD_MS = 30_000;

/** Anything that lists slots and what is said of them: Adj-out at the sender, Adj-in at the receiver. */
export type Listing = Iterable<readonly [key: number, said: Advertised]>;

/** When the next digest is sent; `random` (in [0, 1)) spreads the links. */
export function nextDigest(now: number, random: number): number {
  return now + PERIOD_MS * (0.75 + 0.5 * random);
}

export function digestOf(listing: Listing, lastNumber: number): Digest {
  return create(DigestSchema, { layers: hashLayers(listing), lastNumber });
}

/** The layers whose hashes differ from ours: bit n - 1 stands for layer n. */
export function differingLayers(digest: Digest, heard: Listing): number {
  const ours = hashLayers(heard);
  let differing = 0;
  for (let i = 0; i < 4; i++) if ((digest.layers[i] ?? 0) !== ours[i]) differing |= 1 << i;
  return differing;
}

function hashLayers(listing: Listing): number[] {
  const sums = [0, 0, 0, 0];
  for (const [key, said] of listing) {
    if (said.metric === INFINITE) continue;
    const index = keyLayer(key) - 1;
    sums[index] = ((sums[index] as number) + hashEntry(key, said)) >>> 0;
  }
  return sums;
}

function hashEntry(key: number, said: Advertised): number {
  let hash = mix(0x9e3779b9 ^ key);
  hash = mix(hash ^ said.seqno);
  hash = mix(hash ^ said.distance);
  return mix(hash ^ ((said.hops << 24) | said.metric));
}

/** The finalizer of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
