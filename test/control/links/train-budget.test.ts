/** The budget of trains of idle links: what a node with many links sends at most, and that few links do not feel it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BandwidthEstimate } from '../../../ts/control/links/bandwidth-estimate.js';
import { TrainBudget } from '../../../ts/control/links/train-budget.js';

const FRAME = 1472;

/** Frames that a node sends in trains within so many ms of its links' coming up, all at once; and how many links are measured then. */
function start(links: number, ms: number): { readonly frames: number; readonly measured: number } {
  const budget = new TrainBudget();
  const estimates = Array.from({ length: links }, () => new BandwidthEstimate(0));
  let sent = 0;
  for (let now = 0; now < ms; now += 250)
    for (const estimate of estimates) {
      if (!estimate.isDue(FRAME, false, now) || !budget.allows(now)) continue;
      const { number, frames } = estimate.next(FRAME, now);
      budget.spend(frames);
      sent += frames;
      estimate.add({ number, received: frames, dispersion: 0, bytes: frames * FRAME, others: 0 });
    }
  return { frames: sent, measured: estimates.filter(({ value }) => value !== undefined).length };
}

test('a node with many links spends no more than 32 frames a second on those that are idle, and measures 32 of them within seven minutes', () => {
  for (const links of [8, 32]) {
    const { frames } = start(links, 20_000);
    assert.ok(frames <= 256 + 20 * 32 + 64, `${frames} frames of ${links} links`);
  }
  assert.is(start(32, 420_000).measured, 32);
});

test('a node with one or two links measures them as soon as each could be alone', () => {
  for (const links of [1, 2]) assert.is(start(links, 5_000).measured, links);
});

test.run();
