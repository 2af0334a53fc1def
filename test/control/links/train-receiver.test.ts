/** What the receiver of a train notes: batches, losses, frames in between, and trains that have no end. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TrainReceiver } from '../../../ts/control/links/train-receiver.js';

const BYTES = 1200;

/** Frames of train `number`, each as [index, counter, when it arrived]. The report, if there is one. */
function arrive(receiver: TrainReceiver, number: number, frames: number, arrivals: [number, number, number][]) {
  let report: ReturnType<TrainReceiver['hear']>;
  for (const [index, counter, at] of arrivals)
    report = receiver.hear({ number, index, frames }, BYTES, counter, at) ?? report;
  return report;
}

test('the spread of a train, and the bytes that came within it, without the last: nobody knows how long that one had waited', () => {
  const report = arrive(new TrainReceiver(), 1, 4, [
    [0, 100, 1_000],
    [1, 101, 1_002],
    [2, 102, 1_004],
    [3, 103, 1_009],
  ]);
  assert.equal(report, { number: 1, received: 4, dispersion: 4, bytes: 2 * BYTES, others: 0 });
});

test('frames that were received with others, within a millisecond, count from the end of their batch', () => {
  const report = arrive(new TrainReceiver(), 1, 6, [
    [0, 100, 1_000],
    [1, 101, 1_000.5],
    [2, 102, 1_004],
    [3, 103, 1_004],
    [4, 104, 1_006.5],
    [5, 105, 1_009],
  ]);
  assert.equal(report, { number: 1, received: 6, dispersion: 6, bytes: 3 * BYTES, others: 0 });
});

test('a last batch that is most of the train counts', () => {
  const report = arrive(new TrainReceiver(), 1, 6, [
    [0, 100, 1_000],
    [1, 101, 1_001],
    [2, 102, 1_005],
    [3, 103, 1_005],
    [4, 104, 1_005],
    [5, 105, 1_005],
  ]);
  assert.equal(report, { number: 1, received: 6, dispersion: 5, bytes: 5 * BYTES, others: 0 });
});

test('a train of which most was received at once has no spread', () => {
  const report = arrive(new TrainReceiver(), 1, 3, [
    [0, 100, 1_000],
    [1, 101, 1_000],
    [2, 102, 1_009],
  ]);
  assert.equal(report, { number: 1, received: 3, dispersion: 0, bytes: 3 * BYTES, others: 0 });
});

test('a train that was received at once has no spread', () => {
  const report = arrive(new TrainReceiver(), 1, 2, [
    [0, 100, 1_000],
    [1, 101, 1_000],
  ]);
  assert.equal(report, { number: 1, received: 2, dispersion: 0, bytes: 2 * BYTES, others: 0 });
});

test('frames of other kinds in between are counted by the counters, those that were lost are not', () => {
  const report = arrive(new TrainReceiver(), 1, 4, [
    [0, 0xffff_fffe, 1_000],
    [3, 0xffff_fffe + 8 - 2 ** 32, 1_008],
  ]);
  assert.equal(report, { number: 1, received: 2, dispersion: 8, bytes: BYTES, others: 5 });
});

test('a train whose end was lost is reported after a second, once', () => {
  const receiver = new TrainReceiver();
  const first: [number, number, number][] = [
    [0, 100, 1_000],
    [1, 101, 1_002],
  ];
  assert.is(arrive(receiver, 1, 4, first), undefined);
  assert.is(receiver.overdue(2_001), undefined);
  assert.equal(receiver.overdue(2_002), { number: 1, received: 2, dispersion: 2, bytes: BYTES, others: 0 });
  assert.is(receiver.overdue(9_000), undefined);
  assert.is(arrive(receiver, 1, 4, [[3, 103, 9_001]]), undefined, 'too late');
});

test('the next train ends one that was not over, and a flood of trains is not reported one by one', () => {
  const receiver = new TrainReceiver();
  arrive(receiver, 1, 4, [[0, 100, 1_000]]);
  let reports = 0;
  for (let number = 2; number < 102; number++) {
    const report = arrive(receiver, number, 2, [
      [0, number * 2, 1_000 + number],
      [1, number * 2 + 1, 1_000 + number],
    ]);
    if (report) reports++;
  }
  assert.ok(reports >= 1 && reports <= 3, `${reports} reports in 100 ms`);
});

test.run();
