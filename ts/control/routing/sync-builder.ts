/** Puts RoutingSync messages together: acknowledgements, requests and as many entries as a frame of 1200 bytes takes. */
import type { Digest, RouteRequest, RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import { BASE_MTU, HEADERS_BYTES } from '../../wire/network-header.js';
import { MAX_SEQNO, ROUTING_CLASSES, type RoutingEntry, RoutingEntryWriter } from '../../wire/routing-entry.js';
import type { Advertised } from './adjacency-out.js';
import { keyByte, keyClass, keyLayer, slotKey } from './slot-state.js';

/** A request on its way out, for one slot. */
export interface OutgoingRequest {
  readonly key: number;
  readonly bump: boolean;
  /** A bump that is only to make a way better (R15). */
  readonly optimise: boolean;
  /** To the neighbour alone: lower your label below this one, if you lose nothing by it (R14c). */
  readonly makeBackup: boolean;
  readonly seqno: number;
  readonly distance: number;
  readonly hopBudget: number;
}

/** A local repair, a bump, an optimisation and a wish for a backup of the same slot do not replace each other. */
export function requestKey({ key, bump, optimise, makeBackup }: OutgoingRequest): number {
  if (makeBackup) return key * 4 + 3;
  return key * 4 + (bump ? 1 : 0) + (optimise ? 1 : 0);
}

export interface Work {
  /** The number of the frame, should it carry something to acknowledge. */
  readonly number: number;
  readonly acknowledged: readonly number[];
  readonly requests: ReadonlyMap<number, OutgoingRequest>;
  readonly keys: ReadonlySet<number>;
  readonly host: {
    wanted(key: number): Advertised | undefined;
    isSharedZone(key: number): boolean;
  };
  readonly resendLayers: number;
  readonly digest: Digest | undefined;
}

/** A message, and which part of the work is in it. */
export interface Built {
  readonly message: RoutingSync;
  readonly keys: readonly number[];
  readonly requests: readonly OutgoingRequest[];
  /** How many acknowledgements, from the first. */
  readonly acknowledged: number;
}

/** What a control message may take, less its own tags and lengths and the fixed fields (number, base, layers, digest). */
const BODY_BYTES = BASE_MTU - HEADERS_BYTES - 3 - 6 - 3 - 6 - 3 - 2 - 26;
const MAX_ACKNOWLEDGEMENTS = 40;
const ACKNOWLEDGEMENT_BYTES = 5;
const MAX_REQUESTS = 16;
const REQUEST_BYTES = 28;

export class SyncBuilder {
  readonly #writer = new RoutingEntryWriter(BODY_BYTES);

  /** The next message; undefined when there is nothing to say. */
  build(work: Work): Built | undefined {
    const acknowledged = work.acknowledged.slice(0, MAX_ACKNOWLEDGEMENTS);
    const requests = [...work.requests.values()].slice(0, MAX_REQUESTS);
    const room = BODY_BYTES - acknowledged.length * ACKNOWLEDGEMENT_BYTES - requests.length * REQUEST_BYTES;
    const base = leastSeqno(work);
    const keys = this.#writeEntries(work, base, room);
    const isNumbered = keys.length > 0 || requests.length > 0;
    if (!isNumbered && acknowledged.length === 0 && work.resendLayers === 0 && !work.digest) return undefined;
    // Written out, as the library's `create` would make it: that would take a tenth of all the time of routing.
    const message: RoutingSync = {
      $typeName: 'portolan.v1.RoutingSync',
      number: isNumbered ? work.number : 0,
      acknowledged,
      baseSeqno: keys.length > 0 ? base : 0,
      entries: this.#writer.finish(),
      requests: requests.map(requestMessage),
      resendLayers: work.resendLayers,
      ...(work.digest && { digest: work.digest }),
    };
    return { message, keys, requests, acknowledged: acknowledged.length };
  }

  #writeEntries(work: Work, base: number, room: number): number[] {
    const written: number[] = [];
    const taken = new Set<number>();
    this.#writer.start(base, room);
    for (const key of work.keys) {
      if (taken.has(key)) continue;
      const keys = alike(key, work);
      if (!this.#writer.write(entryFor(keys, work))) break;
      for (const one of keys) taken.add(one);
      written.push(...keys);
    }
    return written;
  }
}

/**
 * The keys of the same slot in all classes of which the same can be said in one entry, `first` among them: as a rule all that changed, for
 * classes share their sequence numbers, and mostly their ways.
 */
function alike(first: number, { keys, host }: Work): number[] {
  if (host.isSharedZone(first)) return [first];
  const wanted = host.wanted(first);
  const found: number[] = [];
  for (let trafficClass = 0; trafficClass < ROUTING_CLASSES; trafficClass++) {
    const key = slotKey(trafficClass, keyLayer(first), keyByte(first));
    if (key !== first && (!keys.has(key) || !isAlike(wanted, host.wanted(key)))) continue;
    found.push(key);
  }
  return found;
}

function isAlike(a: Advertised | undefined, b: Advertised | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.seqno === b.seqno && a.hops === b.hops;
}

function leastSeqno({ keys, host }: Work): number {
  let least = MAX_SEQNO;
  for (const key of keys) least = Math.min(least, host.wanted(key)?.seqno ?? MAX_SEQNO);
  return least;
}

/** `keys`: of one slot, in rising order of the class. */
function entryFor(keys: readonly number[], { host }: Work): RoutingEntry {
  const first = keys[0] as number;
  const layer = keyLayer(first);
  const byte = keyByte(first);
  const wanted = host.wanted(first);
  if (!wanted)
    return { kind: 'retraction', layer, byte, classMask: keys.reduce((mask, key) => mask | (1 << keyClass(key)), 0) };
  const { seqno, hops } = wanted;
  if (host.isSharedZone(first)) return { kind: 'ownZone', layer, byte, seqno };
  const classes = keys.map((key) => {
    const { distance, metric } = host.wanted(key) as Advertised;
    return { trafficClass: keyClass(key), distance, metric };
  });
  return { kind: 'route', layer, byte, seqno, hops, classes };
}

function requestMessage(request: OutgoingRequest): RouteRequest {
  return {
    $typeName: 'portolan.v1.RouteRequest',
    layer: keyLayer(request.key),
    byte: keyByte(request.key),
    trafficClass: keyClass(request.key),
    seqno: request.seqno,
    distance: request.distance,
    bump: request.bump,
    optimise: request.optimise,
    makeBackup: request.makeBackup,
    hopBudget: request.hopBudget,
  };
}
