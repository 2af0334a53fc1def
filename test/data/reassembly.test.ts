import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  LARGE_OF_SOURCE,
  LARGE_SLOTS,
  REASSEMBLY_MS,
  REASSEMBLY_SLOTS,
  Reassembly,
  SLOTS_OF_SOURCE,
} from '../../ts/data/reassembly.js';
import { BATCH_HELD } from '../../ts/memory/batch.js';
import type { Counter } from '../../ts/memory/counter-names.js';
import { PortHandler, PortTableWriter } from '../../ts/memory/port-table.js';
import { DELIVER_FRAME } from '../../ts/memory/worker-records.js';
import { FRAGMENT_BYTES, partBytes, partLength, writeFragment } from '../../ts/wire/fragment.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { HEADERS_BYTES, Protocol } from '../../ts/wire/network-header.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const LINK = 1;
const PORT = 6000;

interface Datagram {
  readonly source: number;
  readonly number: number;
  readonly payload: Uint8Array;
  readonly parts: number;
}

function setup() {
  let reassembly: Reassembly | undefined;
  const rig = new StageRig(SELF, undefined, undefined, undefined, (context) => {
    reassembly = new Reassembly(context);
    return { reassembly };
  });
  new PortTableWriter(rig.region).set(PORT, PortHandler.Socket);
  const arrive = (...frames: Uint8Array[]) => {
    for (const frame of frames) rig.arrive(frame, LINK);
    rig.step();
    return rig.deliveries().map((record) => record.slice(DELIVER_FRAME));
  };
  return { rig, arrive, size: () => reassembly?.size ?? 0 };
}

const headersOf = ({ source, number }: Datagram) =>
  ({ source, sourcePort: 9, destination: SELF, destinationPort: PORT, ttl: 5, sequence: number }) as const;

function fragmentOf(
  datagram: Datagram,
  part: number,
  altered: Partial<{ whole: number; parts: number }> = {},
): Uint8Array {
  const { payload, parts, number } = datagram;
  const from = part * partBytes(payload.length, parts);
  const piece = payload.subarray(from, from + partLength(payload.length, parts, part));
  const bytes = new Uint8Array(FRAGMENT_BYTES + piece.length);
  const header = { protocol: Protocol.Datagram, number, part, parts, whole: payload.length, ...altered };
  writeFragment(new DataView(bytes.buffer), 0, header);
  bytes.set(piece, FRAGMENT_BYTES);
  return makeFrame({ ...headersOf(datagram), protocol: Protocol.Fragment }, bytes);
}

const fragmentsOf = (datagram: Datagram) =>
  Array.from({ length: datagram.parts }, (_, part) => fragmentOf(datagram, part));
const wholeOf = (datagram: Datagram) =>
  makeFrame({ ...headersOf(datagram), protocol: Protocol.Datagram }, datagram.payload);
const datagramOf = (number: number, length = 3000, parts = 3, source = 7): Datagram => ({
  source,
  number,
  parts,
  payload: Uint8Array.from({ length }, (_, i) => (i * 31 + number) & 255),
});

const DROPS = [
  'reassemblyTimeout',
  'reassemblyFull',
  'fragmentMalformed',
  'fragmentDuplicate',
  'deliverFull',
] as const satisfies Counter[];

/** Every fragment that came is joined, delivered as the last of its datagram, dropped by name, or still held. */
function conserved(rig: StageRig): void {
  const counters = rig.counters();
  const dropped = DROPS.reduce((sum, name) => sum + counters[name], 0);
  const held = rig.batch.words[BATCH_HELD] as number;
  assert.is(counters.received, counters.delivered + counters.joined + dropped + held);
}

test('a datagram is put together from its parts, in any order, and goes to its socket as if it had come whole', () => {
  const { rig, arrive } = setup();
  const datagram = datagramOf(1);
  assert.equal(arrive(...fragmentsOf(datagram)), [wholeOf(datagram)]);
  const [first, second, third] = fragmentsOf(datagramOf(2)) as [Uint8Array, Uint8Array, Uint8Array];
  assert.equal(arrive(third), []);
  assert.equal(arrive(first), []);
  assert.equal(arrive(second), [wholeOf(datagramOf(2))]);
  assert.equal([rig.counters().joined, rig.counters().delivered], [4, 2]);
  conserved(rig);
});

const event = (count: number) =>
  fc.record({
    which: fc.nat(count - 1),
    part: fc.nat(11),
    lie: fc.oneof({ weight: 8, arbitrary: fc.constant('none') }, fc.constantFrom('whole', 'parts', 'cut', 'protocol')),
    alone: fc.boolean(),
  });

test('any fragments in any order, with losses, duplicates and lies: the same as a simple reference', () => {
  const datagram = fc
    .record({
      source: fc.integer({ min: 1, max: 3 }),
      number: fc.nat(5),
      length: fc.integer({ min: 2, max: 9000 }),
      parts: fc.integer({ min: 2, max: 12 }),
    })
    .filter(({ length, parts }) => partLength(length, parts, parts - 1) > 0)
    .map(({ source, number, length, parts }) => datagramOf(number, length, parts, source));
  const script = fc.array(datagram, { minLength: 1, maxLength: 5 }).chain((datagrams) =>
    fc.record({
      datagrams: fc.constant(datagrams),
      events: fc.array(event(datagrams.length), { maxLength: 60 }),
    }),
  );
  fc.assert(
    fc.property(script, ({ datagrams, events }) => {
      const { rig, arrive } = setup();
      const reference = new Map<string, { whole: number; parts: number; have: Map<number, Uint8Array> }>();
      const expected: Uint8Array[] = [];
      const got: Uint8Array[] = [];
      let pending: Uint8Array[] = [];
      for (const { which, part: wanted, lie, alone } of events) {
        const one = datagrams[which] as Datagram;
        const part = wanted % one.parts;
        let frame = fragmentOf(one, part);
        const view = new DataView(frame.buffer);
        if (lie === 'whole') view.setUint16(HEADERS_BYTES + 6, 65_535);
        if (lie === 'parts') view.setUint8(HEADERS_BYTES + 5, 1);
        if (lie === 'protocol') view.setUint8(HEADERS_BYTES, 99);
        if (lie === 'cut') frame = frame.slice(0, frame.length - 1);
        pending.push(frame);
        if (lie === 'none') {
          const key = `${one.source} ${one.number}`;
          const known = reference.get(key) ?? { whole: one.payload.length, parts: one.parts, have: new Map() };
          if (known.whole === one.payload.length && known.parts === one.parts) {
            if (!known.have.has(part)) known.have.set(part, frame.subarray(HEADERS_BYTES + FRAGMENT_BYTES));
            reference.set(key, known);
            if (known.have.size === known.parts) {
              expected.push(wholeOf(one));
              reference.delete(key);
            }
          }
        }
        if (alone) {
          got.push(...arrive(...pending));
          pending = [];
        }
      }
      got.push(...arrive(...pending));
      assert.equal(got, expected);
      conserved(rig);
      rig.now += REASSEMBLY_MS + 1;
      arrive();
      assert.is(rig.batch.words[BATCH_HELD], 0);
      conserved(rig);
    }),
    { numRuns: 200 },
  );
});

test('random bytes as fragments harm nobody', () => {
  const { rig, arrive } = setup();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(3), (payload, source) => {
      arrive(
        makeFrame({ source, destination: SELF, destinationPort: PORT, ttl: 5, protocol: Protocol.Fragment }, payload),
      );
      conserved(rig);
    }),
    { numRuns: 500 },
  );
  assert.equal(arrive(...fragmentsOf(datagramOf(1))), [wholeOf(datagramOf(1))]);
});

test('parts that contradict earlier ones, and duplicates, are refused by name', () => {
  const { rig, arrive } = setup();
  const datagram = datagramOf(1);
  arrive(fragmentOf(datagram, 0), fragmentOf(datagram, 0));
  assert.is(rig.counters().fragmentDuplicate, 1);
  arrive(fragmentOf(datagramOf(1, 3001), 1), fragmentOf(datagramOf(1, 3000, 4), 1));
  assert.is(rig.counters().fragmentMalformed, 2);
  assert.equal(arrive(fragmentOf(datagram, 2), fragmentOf(datagram, 1)), [wholeOf(datagram)], 'it suffers nothing');
  arrive(fragmentOf(datagram, 1));
  assert.is(rig.counters().delivered, 1, 'a late duplicate begins a datagram that nobody finishes');
  conserved(rig);
});

test('what does not become whole in time is given up', () => {
  const { rig, arrive, size } = setup();
  arrive(fragmentOf(datagramOf(1), 0), fragmentOf(datagramOf(1), 1));
  rig.now += REASSEMBLY_MS - 1;
  arrive(fragmentOf(datagramOf(2), 0));
  assert.is(size(), 2);
  rig.now += 2;
  assert.equal(arrive(fragmentOf(datagramOf(1), 2)), []);
  assert.is(rig.counters().reassemblyTimeout, 2);
  rig.now += 2 * REASSEMBLY_MS;
  arrive();
  assert.equal([size(), rig.counters().reassemblyTimeout], [0, 4]);
});

test("a source has its share: beyond it its own oldest gives way, others' do not", () => {
  const { rig, arrive, size } = setup();
  const other = datagramOf(1, 3000, 3, 99);
  arrive(fragmentOf(other, 0));
  for (let number = 0; number < 3 * SLOTS_OF_SOURCE; number++) arrive(fragmentOf(datagramOf(number), 0));
  assert.is(size(), SLOTS_OF_SOURCE + 1);
  assert.is(rig.counters().reassemblyFull, 2 * SLOTS_OF_SOURCE);
  assert.equal(arrive(fragmentOf(other, 1), fragmentOf(other, 2)), [wholeOf(other)]);
  const newest = datagramOf(3 * SLOTS_OF_SOURCE - 1);
  assert.equal(arrive(fragmentOf(newest, 1), fragmentOf(newest, 2)), [wholeOf(newest)]);
  conserved(rig);
});

test('large datagrams are fewer, of a source and in all', () => {
  const { rig, arrive, size } = setup();
  for (let number = 0; number < LARGE_OF_SOURCE + 3; number++) arrive(fragmentOf(datagramOf(number, 60_000, 60), 0));
  assert.equal([size(), rig.counters().reassemblyFull], [LARGE_OF_SOURCE, 3]);
  for (let source = 10; source < 10 + LARGE_SLOTS; source++) arrive(fragmentOf(datagramOf(1, 60_000, 60, source), 0));
  assert.equal([size(), rig.counters().reassemblyFull], [LARGE_SLOTS, 3 + LARGE_OF_SOURCE]);
  conserved(rig);
});

test('all slots together are bounded: the oldest gives way', () => {
  const { rig, arrive, size } = setup();
  for (let source = 1; source <= REASSEMBLY_SLOTS + 10; source++) arrive(fragmentOf(datagramOf(1, 3000, 3, source), 0));
  assert.equal([size(), rig.counters().reassemblyFull], [REASSEMBLY_SLOTS, 10]);
  conserved(rig);
});

test('a node that puts nothing together refuses fragments', () => {
  const rig = new StageRig(SELF);
  rig.arrive(fragmentOf(datagramOf(1), 0), LINK);
  rig.step();
  assert.is(rig.counters().badProtocol, 1);
});

test.run();
