/** The native port and the TypeScript checks (ts/data/inspect.ts) take the same frames and refuse the same frames, under the same names. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Inspector } from '../../ts/data/inspect.js';
import { type Random, seededRandom } from '../../ts/kit/random.js';
import { COUNTERS } from '../../ts/memory/counter-names.js';
import { storeHandshakeKey } from '../../ts/memory/handshake-gate.js';
import { LINK_FLAG_NO_TAGS, type LinkEntry, LinkTableWriter, PortKind } from '../../ts/memory/link-table.js';
import { createRegion } from '../../ts/memory/region.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { tagKey, writeTag } from '../../ts/wire/tag.js';
import { addon, Rig, reason } from './rig.js';

const LINKS: Readonly<Record<number, Partial<LinkEntry>>> = {
  1: { ourNumber: 0x1001, rxKey: new Uint8Array(16).fill(1) },
  2: { ourNumber: 0xabcde002, rxKey: new Uint8Array(16).fill(2), mtu: 600 },
  3: { ourNumber: 0x3003, flags: LINK_FLAG_NO_TAGS },
};

/** Of the network; its handshakes come among the other frames. */
const SECRETS = { handshakeKey: new Uint8Array(16).fill(9), fingerprint: 0x89abcdef };

/** Frames of three sessions that an enemy has had hands on: good, altered, cut, repeated, late, of nobody. */
class Hostile {
  readonly #random: Random;
  readonly #counters = [0, 0, 0, 0];
  readonly #sent: Uint8Array[] = [];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  next(): Uint8Array {
    const random = this.#random;
    const repeat = this.#sent[random.below(this.#sent.length + 1)];
    if (repeat && random.chance(0.1)) return repeat;
    const frame = this.#good();
    this.#sent.push(frame);
    // (Not to nothing: a segment of no bytes at the end of a GSO send is none.)
    if (random.chance(0.1)) return frame.slice(0, 1 + random.below(frame.byteLength));
    if (random.chance(0.2)) {
      const altered = frame.slice();
      altered[random.below(random.chance(0.8) ? 48 : altered.byteLength)] = random.below(256);
      return altered;
    }
    return random.chance(0.02) ? Uint8Array.from({ length: random.below(200) }, () => random.below(256)) : frame;
  }

  #good(): Uint8Array {
    const random = this.#random;
    const link = random.chance(0.7) ? 1 : 1 + random.below(3);
    const type = random.chance(0.8) ? FrameType.Data : random.below(5);
    const jump = random.chance(0.9) ? 1 : random.below(random.chance(0.1) ? 2 ** 25 : 6000);
    this.#counters[link] = (this.#counters[link] as number) + jump;
    const counter = Math.max(0, this.#counters[link] - (random.chance(0.1) ? random.below(5000) : 0));
    const sizes = [0, 16, 552, 553, 1000, 1152, 1153, 1300, 8925];
    const frame = makeFrame(
      {
        type: type as FrameType,
        label: type === FrameType.Handshake && random.chance(0.5) ? SECRETS.fingerprint : 0,
        linkNumber: type === FrameType.Handshake && random.chance(0.7) ? 0 : (LINKS[link]?.ourNumber ?? 0),
        counter: counter % 2 ** 32,
        destination: 0x01010100 + random.below(2),
        sequence: counter,
      },
      new Uint8Array(sizes[random.below(sizes.length)] as number),
    );
    const isHandshake = type === FrameType.Handshake && random.chance(0.8);
    const key = tagKey(isHandshake ? SECRETS.handshakeKey : (LINKS[link]?.rxKey ?? new Uint8Array(16).fill(7)));
    writeTag(new DataView(frame.buffer), 0, frame.byteLength, key, isHandshake ? 0 : Math.floor(counter / 2 ** 32));
    return frame;
  }
}

function inspectAll(frames: readonly Uint8Array[]): { taken: string[]; drops: Record<string, number> } {
  const region = createRegion({ workers: 1, links: 64 });
  storeHandshakeKey(region, SECRETS);
  const table = new LinkTableWriter(region);
  for (const [index, entry] of Object.entries(LINKS)) table.install(Number(index), { ...BASE, ...entry }, 0);
  const slab = new DataView(new SharedArrayBuffer(65_536));
  const inspector = new Inspector(region, slab, PortKind.Udp);
  const taken: string[] = [];
  const drops: Record<string, number> = {};
  for (const frame of frames) {
    new Uint8Array(slab.buffer).set(frame);
    const kind = inspector.inspect(0, frame.byteLength, 1000);
    if (kind >= 0) taken.push(describe(kind, inspector.link, frame));
    else {
      const name = COUNTERS[~kind]?.name ?? 'none';
      drops[name] = (drops[name] ?? 0) + 1;
    }
  }
  return { taken, drops };
}

const BASE: LinkEntry = {
  peer: 1,
  ourNumber: 0,
  peerNumber: 0,
  portKind: 1,
  socket: 0,
  mtu: 1200,
  address: { family: 4, port: 9, bytes: new Uint8Array(4), scope: 0 },
  rxKey: new Uint8Array(16).fill(7),
  txKey: new Uint8Array(16),
  flags: 0,
};

const describe = (kind: number, link: number, frame: Uint8Array): string =>
  `${kind} ${link} ${Buffer.from(frame).toString('hex')}`;

if (addon === undefined) {
  test(`there is no native packet path here to compare: ${reason}`, () => assert.not.equal(reason, ''));
} else {
  const native = addon;
  for (const seed of [1, 2, 3, 4])
    for (const simd of [true, false])
      test(`seed ${seed}: native (${simd ? 'vectors' : 'scalar'}) and TypeScript judge hostile frames alike`, () => {
        using a = new Rig(native);
        using b = new Rig(native, { gro: seed % 2 === 0, path: { simd, receiveMessages: 1 + seed * 7 } });
        storeHandshakeKey(b.region, SECRETS);
        for (const [index, entry] of Object.entries(LINKS)) b.link(Number(index), a.socket, entry);
        const hostile = new Hostile(seed);
        const frames = Array.from({ length: 1500 }, () => hostile.next());
        const expected = inspectAll(frames);

        const taken: string[] = [];
        for (let i = 0; i < frames.length; i += 50) {
          a.sendRaw(frames.slice(i, i + 50), b.socket.port);
          const upTo = Math.min(frames.length, i + 50);
          while (b.counters().received < upTo) {
            b.path.receive(1000);
            for (const run of b.runs()) for (const frame of run.frames) taken.push(describe(run.kind, run.link, frame));
          }
        }
        assert.equal(taken, expected.taken);
        const sums = b.counters();
        const drops = COUNTERS.filter(({ name, kind }) => kind === 'drop' && sums[name] > 0);
        assert.equal(Object.fromEntries(drops.map(({ name }) => [name, sums[name]])), sorted(expected.drops));
        for (const name of ['truncated', 'badVersion', 'badType', 'unknownLink', 'badTag', 'replayed', 'oversize'])
          assert.ok((expected.drops[name] ?? 0) > 0, `${name} occurs`);
      });
}

const sorted = (drops: Record<string, number>): Record<string, number> =>
  Object.fromEntries(COUNTERS.filter(({ name }) => drops[name]).map(({ name }) => [name, drops[name] ?? 0]));

test.run();
