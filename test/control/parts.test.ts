/** The small parts of the control plane: rate limits, link numbers, estimators. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Backoff } from '../../ts/control/links/backoff.js';
import { HelloExchange } from '../../ts/control/links/hello-exchange.js';
import { LinkPool } from '../../ts/control/links/link-pool.js';
import { Liveness } from '../../ts/control/links/liveness.js';
import { LossMeter } from '../../ts/control/links/loss-meter.js';
import { RttEstimator } from '../../ts/control/links/rtt.js';
import { TokenBuckets } from '../../ts/control/token-buckets.js';
import { type Hello, readHello } from '../../ts/wire/hello.js';

test('buckets fill again, and their number is bounded', () => {
  const buckets = new TokenBuckets<string>(10, 2, 3);
  assert.equal(
    [0, 0, 0].map((now) => buckets.take('a', now)),
    [true, true, false],
  );
  assert.not(buckets.take('a', 99));
  assert.ok(buckets.take('a', 200));
  assert.ok(buckets.take('a', 100_000) && buckets.take('a', 100_000));
  assert.not(buckets.take('a', 100_000), 'no more than the burst is saved up');
  for (const key of 'bcdefg') buckets.take(key, 100_000);
  assert.is(buckets.size, 3);
});

test('a link index has another number each time, and is not given out twice', () => {
  const pool = new LinkPool(1, 3, 0xfffff);
  const taken = [pool.take(), pool.take(), pool.take()];
  assert.equal(
    taken.map((link) => link?.index),
    [1, 2, 3],
  );
  assert.is(pool.take(), undefined);
  pool.giveBack(2);
  const again = pool.take();
  assert.is(again?.index, 2);
  assert.not.equal(again?.number, taken[1]?.number);
  assert.is((again?.number ?? 0) & 0xfff, 2);
  pool.giveBack(1);
  assert.throws(() => pool.giveBack(1), /given back once/);
});

test('back-off doubles to its limit, jittered, and starts again', () => {
  for (const [random, factor] of [
    [0, 0.75],
    [0.5, 1],
    [1, 1.25],
  ] as const) {
    const backoff = new Backoff(() => random);
    const waits = Array.from({ length: 8 }, () => backoff.next());
    assert.equal(
      waits,
      [100, 200, 400, 800, 1600, 3200, 5000, 5000].map((wait) => wait * factor),
    );
    backoff.reset();
    assert.is(backoff.next(), 100 * factor);
  }
});

test('round-trip times are smoothed as in RFC 6298, after the smallest of the first ones', () => {
  const rtt = new RttEstimator();
  assert.is(rtt.smoothed, undefined);
  rtt.add(900);
  assert.equal([rtt.smoothed, rtt.variance], [900, 450]);
  rtt.add(80);
  for (let i = 0; i < 5; i++) rtt.add(500);
  assert.equal([rtt.smoothed, rtt.variance], [80, 40], 'what a start delays is forgotten');
  rtt.add(500);
  rtt.add(160);
  rtt.add(160);
  assert.ok((rtt.smoothed ?? 0) > 80 && (rtt.smoothed ?? 0) < 160);
  rtt.add(-5);
  rtt.add(1e12);
  assert.ok((rtt.smoothed ?? 0) < 8000);
});

test('loss is what the counters say, whatever is reordered', () => {
  const meter = new LossMeter();
  assert.is(meter.percent, 0);
  meter.add(100, 100, 0);
  assert.is(meter.percent, 0);
  meter.add(200, 150, 1);
  assert.ok(Math.abs(meter.percent - 25) < 0.1);
  meter.add(150, 120, 2);
  assert.ok(Math.abs(meter.percent - 25) < 0.1, 'an old report changes nothing');
  meter.add(210, 210, 3);
  assert.ok(meter.percent < 1, 'what was late was not lost');
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat())), (reports) => {
      const any = new LossMeter();
      for (const [counter, received, now] of reports) any.add(counter, received, now);
      assert.ok(any.percent >= 0 && any.percent <= 100);
    }),
  );
});

test('a reply is measured once, and only if it may still be under way', () => {
  const hellos = new HelloExchange();
  const liveness = new Liveness();
  const seen = { up: true, rxFrames: 0, txFrames: 0, rxHighest: 0, lastHeard: 0, lastData: 0, mtu: 1200 };
  const sent = readHello(hellos.write(liveness, seen, 1000)) as Hello;
  assert.is(sent.clock, 1_000_000);
  assert.ok(hellos.hearReply({ ...sent, reply: true, held: 4000 }, 1010));
  assert.is(hellos.rtt.smoothed, 6);
  assert.not(hellos.hearReply({ ...sent, reply: true }, 5000), 'the second time');
  const old = readHello(hellos.write(liveness, seen, 2000)) as Hello;
  for (let i = 0; i < 64; i++) hellos.write(liveness, seen, 2000 + i);
  assert.not(hellos.hearReply({ ...old, reply: true }, 2070), 'too old');
  assert.not(hellos.hearReply({ ...old, sequence: old.sequence + 100, reply: true }, 2070), 'not asked yet');
  assert.is(hellos.rtt.smoothed, 6);
  const last = readHello(hellos.write(liveness, seen, 3000)) as Hello;
  assert.ok(hellos.hearReply({ ...last, reply: true, held: 0xffff_ffff, clock: 0 }, 3001));
  assert.ok((hellos.rtt.smoothed ?? 0) > 0, 'whatever the peer says of clock and holding');
});

test.run();
