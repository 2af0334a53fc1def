import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FlowTable } from '../../ts/data/flow-table.js';

const put = (table: FlowTable, ...words: number[]) => {
  table.key.set(words);
  return table;
};

test('a flow is found by its key, until it is removed', () => {
  const table = new FlowTable(8, 2);
  const flow = put(table, 1, 2).add(0);
  assert.is(put(table, 1, 2).find(), flow);
  assert.is(put(table, 2, 1).find(), -1);
  assert.equal([table.keyWord(flow, 0), table.keyWord(flow, 1)], [1, 2]);
  table.remove(flow);
  assert.is(put(table, 1, 2).find(), -1);
  assert.not.ok(table.isLive(flow));
});

test('it is bounded, and a number is used again as late as possible', () => {
  const table = new FlowTable(4, 1);
  const flows = [1, 2, 3, 4].map((key) => put(table, key).add(0));
  assert.is(new Set(flows).size, 4);
  assert.is(put(table, 5).add(0), -1);
  table.remove(flows[2] as number);
  table.remove(flows[0] as number);
  assert.equal([put(table, 5).add(0), put(table, 6).add(0)], [flows[2], flows[0]]);
});

test('a successor starts elsewhere in the range', () => {
  assert.is(put(new FlowTable(8, 1, 13), 1).add(0), 5);
});

test('the least recently used expire first, and only those', () => {
  const table = new FlowTable(8, 1);
  const [a, b, c] = [1, 2, 3].map((key, index) => put(table, key).add(index * 10)) as [number, number, number];
  table.touch(a, 30);
  assert.is(table.expired(10), -1, 'b was used at 10');
  assert.is(table.expired(11), b);
  table.remove(b);
  assert.is(table.expired(25), c);
  table.remove(c);
  assert.is(table.expired(30), -1);
  assert.is(table.expired(31), a);
});

test('any sequence of uses agrees with a plain model', () => {
  const step = fc.record({ what: fc.constantFrom('use', 'use', 'use', 'expire'), key: fc.nat({ max: 12 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new FlowTable(8, 1);
      const model = new Map<number, { flow: number; usedAt: number }>();
      steps.forEach(({ what, key }, now) => {
        if (what === 'expire') {
          const before = now - key;
          for (let flow = table.expired(before); flow >= 0; flow = table.expired(before)) {
            const found = [...model].find(([, entry]) => entry.flow === flow);
            assert.ok(found && found[1].usedAt < before);
            model.delete(found[0]);
            table.remove(flow);
          }
          for (const { usedAt } of model.values()) assert.ok(usedAt >= before);
          return;
        }
        const flow = put(table, key).find();
        assert.is(flow, model.get(key)?.flow ?? -1);
        if (flow >= 0) {
          table.touch(flow, now);
          model.set(key, { flow, usedAt: now });
          return;
        }
        const added = put(table, key).add(now);
        assert.is(added < 0, model.size === 8);
        if (added >= 0) model.set(key, { flow: added, usedAt: now });
      });
      assert.is(table.size, model.size);
    }),
  );
});

test.run();
