import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { estimate, median, pairedRatios, quantile } from '../../bench/lib/statistics.js';

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });

test('quantiles lie within the values and rise', () => {
  fc.assert(
    fc.property(values, (list) => {
      const five = [0, 0.25, 0.5, 0.75, 1].map((q) => quantile(list, q));
      assert.is(five[0], Math.min(...list));
      assert.is(five[4], Math.max(...list));
      for (let i = 1; i < 5; i++) assert.ok((five[i] as number) >= (five[i - 1] as number));
    }),
  );
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('an estimate holds its median, and the same data give the same interval', () => {
  fc.assert(
    fc.property(values, (list) => {
      const first = estimate(list);
      assert.ok(first.low <= first.median && first.median <= first.high);
      assert.equal(estimate(list), first);
    }),
    { numRuns: 20 },
  );
});

test('ratios are taken round by round', () => {
  assert.equal(pairedRatios([2, 6, 9], [1, 2]), [2, 3]);
});

test.run();
