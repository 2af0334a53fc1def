import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bucketOf, HISTOGRAM_MAX, HISTOGRAM_WORDS, HistogramSummary, record, valueOf } from '../../ts/kit/histogram.js';

const value = fc.oneof(fc.nat({ max: 1000 }), fc.nat({ max: HISTOGRAM_MAX }));

test('a value is known to less than one per cent', () => {
  fc.assert(
    fc.property(value, (v) => {
      const bucket = bucketOf(v);
      assert.ok(bucket >= 0 && bucket < HISTOGRAM_WORDS);
      assert.ok(Math.abs(valueOf(bucket) - v) <= v * 0.008, `${v} is kept as ${valueOf(bucket)}`);
    }),
  );
});

test('larger values never have smaller buckets; the ends are inside', () => {
  fc.assert(fc.property(value, value, (a, b) => assert.is(bucketOf(Math.min(a, b)) <= bucketOf(Math.max(a, b)), true)));
  assert.is(bucketOf(HISTOGRAM_MAX), HISTOGRAM_WORDS - 1);
  assert.is(bucketOf(-5), 0);
  assert.is(bucketOf(1e15), HISTOGRAM_WORDS - 1);
});

test('quantiles over several parts are those of all values', () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (all, q) => {
        const parts = [new Uint32Array(HISTOGRAM_WORDS), new Uint32Array(HISTOGRAM_WORDS)];
        all.forEach((v, index) => record(parts[index % 2] as Uint32Array, v));
        const sorted = [...all].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * all.length)) - 1] as number;
        assert.ok(Math.abs((new HistogramSummary(parts).quantile(q) ?? -1) - exact) <= exact * 0.008);
      },
    ),
  );
  assert.is(new HistogramSummary([new Uint32Array(HISTOGRAM_WORDS)]).quantile(0.5), undefined);
});

test.run();
