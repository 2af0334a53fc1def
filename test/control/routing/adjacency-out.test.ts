/** What a neighbour was told of many slots, packed: each says what was said of it, whatever was said of others. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AdjacencyOut, type Advertised } from '../../../ts/control/routing/adjacency-out.js';
import { INFINITE, MAX_SEQNO } from '../../../ts/wire/routing-entry.js';

const advertised = fc.record({
  seqno: fc.nat({ max: MAX_SEQNO }),
  distance: fc.nat({ max: INFINITE - 1 }),
  metric: fc.nat({ max: INFINITE - 1 }),
  hops: fc.nat({ max: 255 }),
});
const step = fc.record({
  key: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 4095 })),
  said: fc.option(advertised, { nil: undefined }),
  isHeard: fc.boolean(),
});

test('what was said last is remembered, and retractions only until they are heard', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const told = new AdjacencyOut();
      const model = new Map<number, { said: Advertised | undefined; frame: number; isHeard: boolean }>();
      steps.forEach(({ key, said, isHeard }, frame) => {
        told.record(key, said, frame + 1);
        assert.ok(told.isOpen(key, frame + 1));
        told.acknowledge(key, frame); // of an earlier frame: says nothing
        assert.ok(told.isOpen(key, frame + 1));
        if (isHeard) told.acknowledge(key, frame + 1);
        if (isHeard && !said) model.delete(key);
        else model.set(key, { said, frame: frame + 1, isHeard });
      });
      for (const [key, { said, frame, isHeard }] of model) {
        assert.is(told.isOpen(key, frame), !isHeard);
        assert.is(told.lane(key, said), undefined);
        assert.is(told.lane(key, said ? undefined : { seqno: 1, distance: 1, metric: 1, hops: 1 }), 'urgent');
        if (said) assert.is(told.lane(key, { ...said, hops: said.hops ^ 1 }), 'lazy');
      }
      const retracted = { seqno: 0, distance: 0, metric: INFINITE, hops: 0 };
      assert.equal(
        [...told].map(([key, { seqno, distance, metric, hops }]) => [key, { seqno, distance, metric, hops }]),
        [...model].sort(([a], [b]) => a - b).map(([key, { said }]) => [key, { ...(said ?? retracted) }]),
      );
    }),
  );
});

test.run();
