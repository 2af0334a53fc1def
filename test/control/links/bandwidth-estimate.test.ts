/** What follows from reports on trains: how long the next one is, when it leaves, and what the link carries. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BandwidthEstimate } from '../../../ts/control/links/bandwidth-estimate.js';
import { seededRandom } from '../../../ts/kit/random.js';

const FRAME = 1200;

interface Train {
  readonly at: number;
  readonly frames: number;
}

/** A link of a bandwidth that may change, and whatever blurs the times of its receiver. */
class Rig {
  now = 0;
  /** Mbit/s */
  mbit: number;
  blur: () => number = () => 0;
  isBusy = false;
  /** Frames of other kinds in between, of full size, for each frame of a train. */
  ownTraffic = 0;
  /** Frames that the queue before the link takes. */
  queue = Infinity;
  readonly trains: Train[] = [];
  readonly estimate = new BandwidthEstimate(0);

  constructor(mbit: number) {
    this.mbit = mbit;
  }

  /** The estimate, rounded; undefined: none yet. */
  get value(): number | undefined {
    const { value } = this.estimate;
    return value && Math.round(value.mbit * 10) / 10;
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 50) {
      if (!this.estimate.isDue(FRAME, this.isBusy, this.now)) continue;
      const { number, frames } = this.estimate.next(FRAME, this.now);
      this.trains.push({ at: this.now, frames });
      const received = Math.min(frames, this.queue);
      if (received === 0) continue;
      const others = Math.round((received - 1) * this.ownTraffic);
      const exact = ((received - 1 + others) * FRAME * 8) / 1000 / this.mbit;
      const dispersion = Math.max(0, exact + this.blur());
      const bytes = dispersion === 0 ? received * FRAME : (received - 1) * FRAME;
      this.estimate.add({ number, received, dispersion, bytes, others });
    }
  }

  runUntil(holds: () => boolean, ms: number): number {
    const start = this.now;
    while (!holds()) {
      assert.ok(this.now < start + ms, `did not come true within ${ms} ms`);
      this.run(50);
    }
    return this.now - start;
  }
}

for (const mbit of [0.1, 1, 10, 100])
  test(`a link of ${mbit} Mbit/s is measured, whatever the frames of a train`, () => {
    const rig = new Rig(mbit);
    rig.run(120_000);
    assert.is(rig.value, mbit);
    assert.not(rig.estimate.value?.atLeast);
  });

test('a link that is too fast to measure carries at least what its longest train comes to', () => {
  const rig = new Rig(10_000);
  rig.run(60_000);
  assert.ok(rig.estimate.value?.atLeast);
  assert.is(rig.trains.at(-1)?.frames, 64);
  assert.ok((rig.value ?? 0) > 250 && (rig.value ?? 0) < 10_000, `${rig.value}`);
});

test('trains begin after 2 s with 4 frames, and grow only while they are too short to be measured', () => {
  const frames = (mbit: number) => {
    const rig = new Rig(mbit);
    rig.run(30_000);
    return rig.trains.map((train) => train.frames);
  };
  const rig = new Rig(10);
  rig.run(2_000);
  assert.is(rig.trains.length, 0);
  assert.equal(frames(10), [4, 8, 16, 16, 16, 16, 16]);
  assert.equal(frames(50).slice(0, 6), [4, 8, 16, 32, 64, 64]);
  assert.equal(frames(0.1), [4, 2], 'a third one would be too dear yet');
});

test('less than one per cent of any link is spent on trains, whether it is busy or not', () => {
  for (const isBusy of [false, true])
    for (const mbit of [0.1, 0.5, 2, 10, 100, 1000]) {
      const rig = new Rig(mbit);
      rig.isBusy = isBusy;
      rig.run(600_000);
      const bytes = rig.trains.reduce((sum, { frames }) => sum + frames * FRAME, 0);
      const share = (bytes * 8) / 1000 / mbit / 600_000;
      assert.ok(share < 0.01, `${mbit} Mbit/s: ${(100 * share).toFixed(2)} %`);
    }
});

test('the longer an idle link stays as it is the fewer trains are sent, until data comes', () => {
  const rig = new Rig(10_000);
  rig.run(3_600_000);
  const gaps = rig.trains.map(({ at }, i) => Math.round((at - (rig.trains[i - 1]?.at ?? 0)) / 60_000));
  assert.equal(
    gaps.filter((gap) => gap > 0),
    [1, 2, 4, 8, 8, 8, 8, 8, 8],
  );
  const hour = rig.trains.reduce((bytes, { frames }) => bytes + frames * FRAME, 0);
  assert.ok((hour * 8) / 3600 < 4_000, `${(hour * 8) / 3600} bit/s`);
  rig.isBusy = true;
  const before = rig.trains.length;
  rig.run(60_000);
  assert.ok(rig.trains.length - before >= 4);
});

test('a change is seen within 10 s on a link that carries data, and with the next trains on one that does not', () => {
  for (const [from, to] of [
    [10, 5],
    [5, 10],
    [100, 10],
    [10, 100],
  ] as const) {
    const rig = new Rig(from);
    rig.isBusy = true;
    rig.run(60_000);
    rig.mbit = to;
    const took = rig.runUntil(() => rig.value === to, 20_000);
    assert.ok(took <= 10_000, `${from} to ${to}: ${took} ms`);
    rig.isBusy = false;
    rig.mbit = from;
    assert.ok(rig.runUntil(() => rig.value === from, 90_000) > 10_000);
  }
});

test('times that are blurred by a few milliseconds, now and then by far more, leave it within a quarter', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const rig = new Rig(10);
    rig.isBusy = true;
    rig.blur = () => (random.chance(0.1) ? 100 * random.unit() : 2 * random.unit() - 1);
    rig.run(60_000);
    let [wrong, looks] = [0, 0];
    for (; looks < 100; looks++) {
      rig.run(5_000);
      if (Math.abs((rig.value ?? 0) - 10) > 2.5) wrong++;
    }
    assert.ok(wrong < 10, `seed ${seed}: ${wrong} of ${looks}`);
  }
});

test('traffic of our own between the frames of a train does not make the link seem narrower', () => {
  const rig = new Rig(10);
  rig.run(30_000);
  rig.isBusy = true;
  rig.ownTraffic = 3;
  rig.run(60_000);
  assert.is(rig.value, 10);
  rig.mbit = 2;
  rig.runUntil(() => (rig.value ?? 10) <= 2.1, 15_000);
});

test('a train that overruns a queue is told of, and the next one is shorter', () => {
  const rig = new Rig(100);
  rig.queue = 10;
  rig.run(30_000);
  const overruns = rig.trains.filter(({ frames }) => frames > 13).length;
  assert.ok(overruns === 1, `${overruns} overruns`);
  assert.ok((rig.value ?? 0) > 25, `${rig.value}`);
  const estimate = new BandwidthEstimate(0);
  const { number, frames } = estimate.next(FRAME, 3_000);
  assert.is(estimate.add({ number, received: 1, dispersion: 0, bytes: FRAME, others: 0 }), frames - 1);
});

test('without reports trains stay rare and short', () => {
  const rig = new Rig(10);
  rig.queue = 0;
  rig.run(300_000);
  assert.ok(rig.trains.length <= 6, `${rig.trains.length}`);
  assert.is(rig.trains.at(-1)?.frames, 2);
  assert.is(rig.value, undefined);
});

test('reports that nobody asked for, or that cannot be, change nothing', () => {
  fc.assert(
    fc.property(
      fc.record({
        number: fc.integer({ min: 0, max: 3 }),
        received: fc.integer({ min: 1, max: 64 }),
        dispersion: fc.double({ min: 0, max: 4_000_000, noNaN: true }),
        bytes: fc.integer({ min: 0, max: 0xffff_ffff }),
        others: fc.integer({ min: 0, max: 0xffff_ffff }),
      }),
      (report) => {
        const estimate = new BandwidthEstimate(0);
        assert.is(estimate.add(report), undefined);
        const { number, frames } = estimate.next(FRAME, 2_000);
        const lost = estimate.add(report);
        const isPossible =
          report.number === number && report.received <= frames && report.bytes <= report.received * FRAME;
        assert.is(lost !== undefined, isPossible);
        const { mbit = 0 } = estimate.value ?? {};
        assert.ok(Number.isFinite(mbit) && mbit >= 0);
        assert.is(estimate.add(report), undefined, 'it is answered once');
      },
    ),
  );
});

test.run();
