/** R14c: where a neighbour can be a backup by lowering its label, it does. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Net } from './harness.js';
import { BOOT, Puppet, route } from './puppet.js';
import { mesh } from './topologies.js';

/** Of all entries with a next hop and two neighbours or more: the share that has a backup. */
function coverage(net: Net): number {
  let [all, covered] = [0, 0];
  for (const node of net.nodes.values())
    for (const { primary, backup } of node.table.values()) {
      if (primary === 0) continue;
      all++;
      if (backup !== 0) covered++;
    }
  return covered / all;
}

test('nearly all entries of a mesh come to have a backup, and nothing is unsafe', () => {
  const net = mesh(20, 6, { seed: 5 });
  net.run(1000);
  const before = coverage(net);
  net.run(30_000);
  const after = coverage(net);
  assert.ok(after > before + 0.3 * (1 - before), `${before} before, ${after} after`);
  assert.equal(net.violations, []);
  assert.equal(net.unconverged(), []);
});

test('an entry without a backup asks those of its sequence number whose labels are too high, after a second', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, BOOT, 100)]);
  net.tell(b, [route(9, BOOT, 5000)]);
  net.tell(c, [route(9, BOOT - 1, 5000)]);
  net.run(900);
  assert.equal(
    [a, b, c].map((link) => net.asked(link).length),
    [0, 0, 0],
  );
  net.run(900);
  const [asked] = net.asked(b);
  const { label } = net.entry(9);
  assert.equal([asked?.makeBackup, asked?.bump, asked?.hopBudget], [true, false, 1]);
  assert.equal({ seqno: asked?.seqno, distance: asked?.distance }, label);
  assert.equal(
    [a, c].map((link) => net.asked(link).length),
    [0, 0],
  );
  net.tell(b, [route(9, BOOT, 90, 100)]);
  assert.is(net.entry(9).backup, b);
  net.run(60_000);
  assert.is(net.asked(b).length, 0, 'with a backup nobody asks');
});

/** A node with label 210 by `a` (100), whom `d` asks to go below `distance`; `spare`: the distance by its backup, if it has one. */
function wishedFor(distance: number, spare?: number) {
  const net = new Puppet();
  const [a, b, d] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, BOOT, 100)]);
  if (spare !== undefined) net.tell(b, [route(9, BOOT, spare)]);
  assert.ok(net.ask(d, { byte: 9, makeBackup: true, hopBudget: 1, seqno: BOOT, distance }));
  net.run(500);
  return { net, a, b };
}

test('who is asked lowers its label where it keeps a backup, and passes nothing on', () => {
  const { net, a, b } = wishedFor(180, 150);
  assert.equal(net.entry(9), { label: { seqno: BOOT, distance: 179 }, primary: a, backup: b });
  assert.equal([...net.asked(a), ...net.asked(b)], []);
});

test('it does not where its backup would be lost, where it has none, or where there is no room', () => {
  for (const [distance, spare] of [
    [151, 150],
    [180, undefined],
    [101, 98],
  ] as const)
    assert.is(wishedFor(distance, spare).net.entry(9).label?.distance, 210, `${distance} ${spare}`);
});

test.run();
