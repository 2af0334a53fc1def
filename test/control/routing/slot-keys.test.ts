/** Tables by slot: they do what a hash table does, in order. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SlotMap } from '../../../ts/control/routing/slot-keys.js';

const step = fc.record({ kind: fc.constantFrom('set', 'set', 'delete'), key: fc.nat({ max: 60 }), value: fc.nat() });

test('a map of slots holds what was set and not deleted, in rising order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new SlotMap<number>();
      const model = new Map<number, number>();
      for (const { kind, key, value } of steps) {
        if (kind === 'set') {
          map.set(key, value);
          model.set(key, value);
        } else {
          map.delete(key);
          model.delete(key);
        }
        assert.is(map.get(key), model.get(key));
        assert.is(map.has(key), model.has(key));
      }
      assert.equal(
        [...map],
        [...model].sort(([a], [b]) => a - b),
      );
      assert.equal(
        [...map.keys()],
        [...model.keys()].sort((a, b) => a - b),
      );
    }),
  );
});

test('what is iterated over may be deleted meanwhile', () => {
  const map = new SlotMap<string>();
  for (const key of [4095, 7, 0, 300]) map.set(key, `${key}`);
  const seen: number[] = [];
  for (const [key] of map) {
    seen.push(key);
    if (key !== 300) map.delete(key);
  }
  assert.equal(seen, [0, 7, 300, 4095]);
  assert.equal([...map], [[300, '300']]);
});

test.run();
