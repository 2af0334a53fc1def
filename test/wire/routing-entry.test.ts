import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Layer } from '../../ts/kit/node-id.js';
import {
  INFINITE,
  MAX_ENTRY_BYTES,
  MAX_SEQNO,
  type RoutingEntry,
  RoutingEntryWriter,
  readRoutingEntries,
} from '../../ts/wire/routing-entry.js';

function write(entries: readonly RoutingEntry[], base: number, capacity = 10_000): Uint8Array {
  const writer = new RoutingEntryWriter(10_000);
  writer.start(base, capacity);
  for (const entry of entries) writer.write(entry);
  return writer.finish();
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const unhex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

test('golden bytes of each kind', () => {
  const entries: RoutingEntry[] = [
    {
      kind: 'route',
      layer: 4,
      byte: 7,
      seqno: 1000,
      hops: 2,
      classes: [{ trafficClass: 0, distance: 0x010203, metric: 0x040506 }],
    },
    {
      kind: 'route',
      layer: 1,
      byte: 255,
      seqno: 1300,
      hops: 255,
      classes: [
        { trafficClass: 1, distance: 1, metric: 2 },
        { trafficClass: 3, distance: 3, metric: INFINITE - 1 },
      ],
    },
    { kind: 'retraction', layer: 2, byte: 9, classMask: 0b1111 },
    { kind: 'ownZone', layer: 3, byte: 128, seqno: 1000 },
  ];
  const golden =
    '07c1' +
    '00' +
    '02' +
    '010203040506' +
    'ff0a' +
    'ac02' +
    'ff' +
    '000001000002' +
    '000003fffffe' +
    '095f' +
    '80a0' +
    '00';
  assert.is(hex(write(entries, 1000)), golden);
  assert.equal(readRoutingEntries(unhex(golden), 1000), entries);
});

test('an entry of one class takes 10 bytes, of four classes 28, a retraction 2', () => {
  const classes = [0, 1, 2, 3].map((trafficClass) => ({ trafficClass, distance: 1, metric: 1 }));
  const entry = { kind: 'route', layer: 4, byte: 1, seqno: 5, hops: 1 } as const;
  assert.is(write([{ ...entry, classes: classes.slice(0, 1) }], 5).length, 10);
  assert.is(write([{ ...entry, classes }], 5).length, 28);
  assert.is(write([{ kind: 'retraction', layer: 1, byte: 1, classMask: 1 }], 5).length, 2);
});

test('every malformed list is refused by name', () => {
  const refusals = {
    '07': 'truncated',
    '07c1': 'truncated',
    '07c100': 'truncated',
    '07c1000201020304': 'truncated',
    '07c180': 'truncated',
    '07f0': 'unknownKind',
    '07c0': 'noClass',
    '07d0': 'noClass',
    '07e100': 'strayClass',
    '07e08080808080': 'longVarint',
    '07e0ffffffff7f': 'seqnoOverflow',
    '07c10002ffffff000001': 'infinite',
    '07c10002000001ffffff': 'infinite',
  };
  for (const [bytes, refusal] of Object.entries(refusals))
    assert.is(readRoutingEntries(unhex(bytes), 1), refusal, bytes);
  assert.is(readRoutingEntries(unhex('07e001'), MAX_SEQNO), 'seqnoOverflow');
});

test('any bytes are read or refused, and what is read is in range', () => {
  const entry = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(entry, fc.nat(MAX_SEQNO), (bytes, base) => {
      const read = readRoutingEntries(bytes, base);
      if (typeof read === 'string') return;
      for (const one of read) {
        assert.ok(one.layer >= 1 && one.layer <= 4);
        if (one.kind !== 'retraction') assert.ok(one.seqno >= base && one.seqno <= MAX_SEQNO);
      }
    }),
    { numRuns: 5000 },
  );
});

const plain = { noNullPrototype: true };
const seqno = fc.integer({ min: 1000, max: MAX_SEQNO });
const slot = { layer: fc.constantFrom<Layer>(1, 2, 3, 4), byte: fc.nat(255) };
const value = fc.nat(INFINITE - 1);
const classRoute = (trafficClass: number) =>
  fc.record({ trafficClass: fc.constant(trafficClass), distance: value, metric: value }, plain);
const classes = fc
  .subarray([0, 1, 2, 3], { minLength: 1 })
  .chain((chosen) => fc.tuple(...chosen.map((trafficClass) => classRoute(trafficClass))));
const anyEntry: fc.Arbitrary<RoutingEntry> = fc.oneof(
  fc.record({ kind: fc.constant('route' as const), ...slot, seqno, hops: fc.nat(255), classes }, plain),
  fc.record({ kind: fc.constant('retraction' as const), ...slot, classMask: fc.integer({ min: 1, max: 15 }) }, plain),
  fc.record({ kind: fc.constant('ownZone' as const), ...slot, seqno }, plain),
);

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 30 }), (entries) => {
      const bytes = write(entries, 1000);
      assert.ok(bytes.length <= entries.length * MAX_ENTRY_BYTES);
      assert.equal(readRoutingEntries(bytes, 1000), entries);
    }),
  );
});

test('what does not fit is not written, and leaves nothing behind', () => {
  const writer = new RoutingEntryWriter(100);
  const entry: RoutingEntry = { kind: 'ownZone', layer: 1, byte: 1, seqno: 10 };
  writer.start(10, 7);
  assert.ok(writer.write(entry));
  assert.ok(writer.write(entry));
  assert.not(writer.write(entry));
  assert.is(hex(writer.finish()), '012000012000');
});

test.run();
