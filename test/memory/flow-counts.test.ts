/** What a node's own packets are counted as: exactly where there is room, and by the largest where there is not. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createFlowCounts, FlowCounter, FlowReader } from '../../ts/memory/flow-counts.js';

const HIGH = 0xfe01_0203; // a negative word

function rig(workers = 1) {
  const counts = createFlowCounts(workers);
  const counters = Array.from({ length: workers }, (_, worker) => new FlowCounter(counts, worker));
  return { counts, counter: counters[0] as FlowCounter, counters, reader: new FlowReader(counts) };
}

test('packets are counted by destination and class, since the last reading', () => {
  const { counter, reader } = rig();
  counter.note(HIGH | 0, 0, 32);
  counter.note(HIGH | 0, 0, 8);
  counter.note(HIGH | 0, 3, 1);
  assert.equal(
    reader.read().sort((a, b) => a.trafficClass - b.trafficClass),
    [
      { destination: HIGH, trafficClass: 0, packets: 40 },
      { destination: HIGH, trafficClass: 3, packets: 1 },
    ],
  );
  assert.equal(reader.read(), []);
  counter.note(HIGH | 0, 0, 5);
  assert.equal(reader.read(), [{ destination: HIGH, trafficClass: 0, packets: 5 }]);
});

test('what several workers send is one flow, and a reader that comes later sees all of it', () => {
  const { counts, counters, reader } = rig(3);
  for (const counter of counters) counter.note(7, 1, 10);
  assert.equal(reader.read(), [{ destination: 7, trafficClass: 1, packets: 30 }]);
  assert.equal(new FlowReader(counts).read(), [{ destination: 7, trafficClass: 1, packets: 30 }]);
});

test('a counter runs over without harm', () => {
  const { counter, reader } = rig();
  for (let n = 0; n < 3; n++) counter.note(7, 0, 2 ** 31 - 10);
  reader.read();
  counter.note(7, 0, 100);
  assert.equal(reader.read(), [{ destination: 7, trafficClass: 0, packets: 100 }]);
});

test('among thousands of small flows, each of which loses its place, the large ones are counted', () => {
  const { counter, reader } = rig();
  const large = [11, 12, 13, 14];
  const seen = new Map<number, number>();
  for (let second = 0; second < 10; second++) {
    for (let small = 0; small < 2000; small++) {
      counter.note(0x0100_0000 + second * 2000 + small, 0, 1);
      counter.note(large[small % 4] as number, 0, 4);
    }
    for (const { destination, packets } of reader.read()) seen.set(destination, (seen.get(destination) ?? 0) + packets);
  }
  for (const destination of large) assert.ok((seen.get(destination) ?? 0) >= 0.95 * 20_000, `${seen.get(destination)}`);
});

test('a flow that has ended gives way to the next one within 64 packets', () => {
  const { counter, reader } = rig();
  for (let old = 1; old <= 5000; old++) counter.note(old, 0, 1000);
  reader.read();
  for (let n = 0; n < 75; n++) counter.note(0x0909_0909, 0, 1);
  assert.ok(reader.read().some(({ destination, packets }) => destination === 0x0909_0909 && packets >= 10));
});

test('no more is read than was counted', () => {
  const note = fc.record({
    destination: fc.integer({ min: 1, max: 600 }),
    trafficClass: fc.nat(3),
    packets: fc.nat(64),
  });
  fc.assert(
    fc.property(fc.array(note, { maxLength: 400 }), (notes) => {
      const { counter, reader } = rig();
      const truth = new Map<string, number>();
      for (const { destination, trafficClass, packets } of notes) {
        counter.note(destination, trafficClass, packets);
        const key = `${destination} ${trafficClass}`;
        truth.set(key, (truth.get(key) ?? 0) + packets);
      }
      for (const { destination, trafficClass, packets } of reader.read())
        assert.ok(packets <= (truth.get(`${destination} ${trafficClass}`) ?? 0));
    }),
  );
});

test.run();
