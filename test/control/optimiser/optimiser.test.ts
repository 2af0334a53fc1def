/** The path optimiser: which flows it looks after, what it asks, what it pins, and when it lets go. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DESTINATION, Rig } from './rig.js';

test('a flow that lasts gets the best path that is found, by ever tighter questions', () => {
  const rig = new Rig();
  for (const [relay, rttMs] of [
    [3, 85],
    [4, 60],
    [5, 59],
  ] as const)
    rig.relays.set(relay, rttMs);
  rig.run(10_000);
  assert.is(rig.follows.length, 1);
  assert.equal(
    rig.asks.map(({ limits }) => limits.rttMs),
    [90, 0.97 * 85, 0.97 * 60],
  );
  assert.is(rig.way, 4, '59 ms are no 3 % better than 60');
  const [flow] = rig.optimiser.pins();
  assert.is(flow?.tablesRttMs, 100);
  assert.is(flow?.measure.rttMs, 60);
  assert.equal(flow?.path, [1, 4, DESTINATION]);
});

test('a few packets, or many in a moment, are no flow', () => {
  const few = new Rig();
  few.run(10_000, 4);
  assert.is(few.follows.length, 0);
  const burst = new Rig();
  burst.run(1_000, 10_000);
  burst.run(1_000, 0);
  assert.is(burst.follows.length, 0);
  few.run(10_000, 4);
  assert.is(few.follows.length, 1, 'few a second, but 100 in the end');
});

test('what is not better by a tenth and 2 ms is not asked for, and the flow is looked at again', () => {
  const rig = new Rig();
  rig.relays.set(3, 95);
  rig.run(10_000);
  assert.is(rig.way, undefined);
  assert.is(rig.asks.length, 1);
  rig.tablesMs = 1.5;
  rig.run(60_000);
  assert.is(rig.follows.length, 2);
  assert.is(rig.asks.length, 1, 'no path is better than 1.5 ms by 2 ms');
});

test('other classes are left alone', () => {
  const rig = new Rig();
  for (let at = 0; at < 20_000; at += 500)
    rig.optimiser.handleFlows([{ destination: DESTINATION, trafficClass: 1, packets: 100 }], at);
  assert.is(rig.optimiser.nextTimeout(), Infinity);
});

test('a better path takes over without a gap', () => {
  const rig = new Rig();
  rig.relays.set(3, 80);
  rig.run(10_000);
  assert.is(rig.way, 3);
  rig.relays.set(4, 50);
  for (let at = 0; at < 60_000; at += 500) {
    rig.run(500);
    assert.is.not(rig.way, undefined, 'some path is in use all the while');
  }
  assert.is(rig.way, 4);
  assert.is(rig.pinned.size, 1, 'the former one was ended');
});

test('a path that grew slower brings a review at once; and is given up when nothing is better than the tables', () => {
  const rig = new Rig();
  rig.relays.set(3, 60);
  rig.run(20_000);
  rig.relays.set(3, 130);
  rig.renew();
  rig.run(1_000);
  assert.is(rig.follows.length, 2);
  assert.is(rig.way, undefined);
});

test('a path that is slower than it was found to be is not kept', () => {
  const rig = new Rig();
  rig.relays.set(3, 60);
  rig.run(2_000);
  while (rig.asks.length < 2) rig.run(50);
  rig.relays.set(3, 99);
  rig.run(1_000);
  assert.is(rig.way, undefined);
  assert.equal(rig.optimiser.pins(), []);
});

test('when the path breaks, another one is looked for; when it breaks again and again, less and less often', () => {
  const rig = new Rig();
  rig.relays.set(3, 60);
  rig.relays.set(4, 70);
  rig.run(10_000);
  rig.break(rig.way as number);
  assert.is(rig.way, undefined, 'the tables meanwhile');
  rig.run(4_000);
  assert.is(rig.way, 4);
  const before = rig.follows.length;
  for (let round = 0; round < 60; round++) {
    rig.relays.set(4, 70);
    if (rig.way !== undefined) rig.break(4);
    rig.run(1_000);
  }
  assert.ok(rig.follows.length - before <= 8, `${rig.follows.length - before} in a minute`);
});

test('what is not granted is asked for again later', () => {
  const rig = new Rig();
  rig.relays.set(3, 60);
  rig.grants = false;
  rig.run(20_000);
  assert.is(rig.way, undefined);
  rig.grants = true;
  rig.run(10_000);
  assert.is(rig.way, 3);
});

test('30 s after its last packet a flow is over, and its path is let go', () => {
  const rig = new Rig();
  rig.relays.set(3, 60);
  rig.run(10_000);
  rig.run(29_000, 0);
  assert.is(rig.way, 3);
  rig.run(2_000, 0);
  assert.is(rig.way, undefined);
  assert.is(rig.optimiser.tended, 0);
  assert.is(rig.optimiser.nextTimeout(), Infinity);
});

test('a flow ends at its time, whatever fractions of it the clock can hold', () => {
  const rig = new Rig();
  rig.relays.set(3, 60);
  for (let flow = 0; flow < 200; flow++) {
    rig.now += 0.1 + 1 / (flow + 3);
    rig.run(3_000);
    const due = rig.optimiser.nextTimeout();
    rig.run(31_000, 0);
    assert.ok(due < Infinity);
    assert.is(rig.optimiser.tended, 0);
  }
});

test('whoever has precedence gets the destination at once, and for as long as he wants it', () => {
  const rig = new Rig();
  rig.relays.set(3, 60);
  rig.run(10_000);
  rig.taken = true;
  rig.optimiser.release(DESTINATION, rig.now);
  assert.is(rig.way, undefined);
  rig.run(60_000);
  assert.is(rig.follows.length, 1);
  rig.taken = false;
  rig.run(10_000);
  assert.is(rig.way, 3);
});

test('of a thousand flows 64 are looked after at a time, by two questions a second; those without a better path take turns', () => {
  const rig = new Rig();
  const samples = Array.from({ length: 1000 }, (_, n) => ({ destination: 1000 + n, trafficClass: 0, packets: 100 }));
  for (let at = 0; at < 300; at++) {
    rig.optimiser.handleFlows(samples.slice((at % 8) * 16, (at % 8) * 16 + 16), rig.now);
    rig.run(500, 0);
    assert.ok(rig.optimiser.tended <= 64);
  }
  const questions = rig.follows.length + rig.asks.length;
  assert.ok(questions <= 2 * 150 + 4, `${questions} questions in 150 s`);
  assert.ok(rig.follows.length > 64, 'more than there is room for at a time');
});

test.run();
