/** What routing is told of round-trip times: real changes soon, the noise of busy machines hardly ever. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RttEstimator } from '../../../ts/control/links/rtt.js';
import { SteadyRtt } from '../../../ts/control/links/steady-rtt.js';
import { seededRandom } from '../../../ts/kit/random.js';

class Rig {
  readonly rtt = new RttEstimator();
  readonly steady = new SteadyRtt();
  value: number | undefined;
  changes = 0;

  /** So many samples; returns after how many `holds` was true. */
  run(samples: number, sample: () => number, holds: () => boolean = () => false): number {
    for (let i = 1; i <= samples; i++) {
      this.rtt.add(sample());
      const before = this.value;
      this.value = this.steady.follow(this.rtt);
      if (this.value !== before) this.changes++;
      if (holds()) return i;
    }
    return Infinity;
  }
}

test('noise is not told: answers that are late by chance, some by far', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const rig = new Rig();
    const busy = () => 28 + 10 * random.unit() + (random.chance(0.05) ? 60 * random.unit() : 0);
    rig.run(50, busy);
    rig.changes = 0;
    rig.run(1000, busy);
    const smoothed = new RttEstimator();
    let [taken, moves] = [28, 0];
    for (let i = 0; i < 1000; i++) {
      smoothed.add(busy());
      const now = smoothed.smoothed ?? 0;
      if (Math.abs(now - taken) <= Math.max(2, taken / 10)) continue;
      taken = now;
      moves++;
    }
    assert.ok(rig.changes < moves / 2, `${rig.changes} changes, where a dead band alone leaves ${moves}`);
    assert.ok(Math.abs((rig.value ?? 0) - 34) < 10, `${rig.value}`);
  }
});

test('a round trip that has become another one is told within 12 samples, and in the end within a tenth', () => {
  for (const [from, to] of [
    [20, 40],
    [40, 20],
    [100, 130],
    [100, 1000],
  ] as const) {
    const rig = new Rig();
    rig.run(50, () => from);
    assert.is(rig.value, from);
    const isNearer = () => Math.abs((rig.value ?? 0) - to) < 0.6 * Math.abs(from - to);
    assert.ok(rig.run(50, () => to, isNearer) <= 12, `${from} to ${to} ms`);
    rig.run(30, () => to);
    assert.ok(Math.abs((rig.value ?? 0) - to) < 0.1 * to, `${rig.value}`);
  }
});

test.run();
