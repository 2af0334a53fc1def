/** The loss that routing is told of: moves with what is lost, and not with chance. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LossEstimate } from '../../../ts/control/links/loss-estimate.js';
import { LossMeter, SLOW_MEMORY_MS } from '../../../ts/control/links/loss-meter.js';
import { seededRandom } from '../../../ts/kit/random.js';

/** A link that sends `rate` frames a second and is looked at every half second. */
class Link {
  readonly estimate = new LossEstimate();
  readonly #fast = new LossMeter();
  readonly #slow = new LossMeter(SLOW_MEMORY_MS);
  readonly #random = seededRandom(11);
  #sent = 0;
  #received = 0;
  #now = 0;
  changes = 0;

  constructor(readonly rate: number) {}

  run(seconds: number, loss: number): number {
    for (let step = 0; step < 2 * seconds; step++) {
      this.#now += 500;
      for (let frame = 0; frame < this.rate / 2; frame++) {
        this.#sent++;
        if (!this.#random.chance(loss)) this.#received++;
      }
      const before = this.estimate.share;
      this.#fast.add(this.#sent, this.#received, this.#now);
      this.#slow.add(this.#sent, this.#received, this.#now);
      this.estimate.update(this.#fast, this.#slow);
      if (this.estimate.share !== before) this.changes++;
    }
    return this.estimate.share;
  }
}

test('under traffic a loss is known within two seconds, and forgotten in thirty', () => {
  const link = new Link(1000);
  assert.is(link.run(20, 0), 0);
  const soon = link.run(2, 0.05);
  assert.ok(soon > 0.002, `${soon}`);
  const settled = link.run(30, 0.05);
  assert.ok(Math.abs(settled - 0.05) < 0.01, `${settled}`);
  assert.ok(link.run(60, 0) < 0.002);
});

test('a lost hello of a quiet link is chance', () => {
  const link = new Link(4);
  link.run(20, 0);
  link.run(0.5, 1);
  link.run(60, 0);
  assert.is(link.changes, 0);
});

test('a tenth of the hellos of a quiet link is none', () => {
  const link = new Link(4);
  link.run(20, 0);
  const share = link.run(120, 0.1);
  assert.ok(share > 0.04 && share < 0.2, `${share}`);
});

test('a loss that stays as it is changes little: some ten times in ten minutes', () => {
  const link = new Link(40);
  link.run(60, 0.05);
  const before = link.changes;
  link.run(600, 0.05);
  assert.ok(link.changes - before < 40, `${link.changes - before}`);
});

test.run();
