import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNodeId } from '../../ts/kit/node-id.js';
import { Checker } from '../../ts/sim/checker.js';

const id = (text: string) => parseNodeId(text) as number;
const LAYER = 4;
const BYTE = 9; // towards 1.1.1.9

/** Nodes 1.1.1.1 to 1.1.1.5, their labels falling towards 5, and the destination 1.1.1.9. */
function watched() {
  const checker = new Checker(() => 0);
  const vertices = [0, ...['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5'].map((t) => checker.addVertex(id(t)))];
  const destination = checker.addVertex(id('1.1.1.9'));
  const at = (n: number) => vertices[n] as number;
  const label = (n: number, distance: number, seqno = 7) =>
    checker.setLabel(at(n), 0, LAYER, BYTE, { seqno, distance });
  const next = (n: number, primary: number, backup = 0) => checker.setNext(at(n), 0, LAYER, BYTE, { primary, backup });
  for (let n = 1; n <= 5; n++) label(n, 60 - 10 * n);
  return { checker, at, destination, label, next };
}

test('tables that descend are in order', () => {
  const { checker, at, destination, next } = watched();
  next(5, destination);
  next(4, at(5), destination);
  next(3, at(5), at(4));
  for (let n = 3; n <= 5; n++) checker.settle(at(n));
  assert.equal(checker.sums, { changes: 3, loops: 0, labelInversions: 0, escapes: 0 });
});

test('a cycle of primary next hops is reported', () => {
  const { checker, at, next } = watched();
  next(1, at(2));
  next(2, at(3));
  assert.is(checker.sums.loops, 0);
  next(3, at(1));
  assert.is(checker.sums.loops, 1);
  assert.match(checker.violations[0]?.text ?? '', '1.1.1.3#3 -> 1.1.1.1#1 -> 1.1.1.2#2 -> 1.1.1.3#3');
});

test('a cycle that mixes primary and backup next hops is reported', () => {
  const { checker, at, destination, next } = watched();
  next(1, destination, at(2));
  next(2, destination, at(3));
  next(3, destination, at(1));
  assert.is(checker.sums.loops, 1);
});

test('cycles through the destination zone, or of different destinations, are none', () => {
  const { checker, at, destination, next } = watched();
  next(1, destination);
  checker.setNext(destination, 0, LAYER, BYTE, { primary: at(1), backup: 0 });
  checker.setNext(at(2), 0, LAYER, 8, { primary: at(3), backup: 0 });
  next(3, at(2));
  assert.is(checker.sums.loops, 0);
});

test('a label that does not fall along an edge is reported: equal, larger, staler, none', () => {
  for (const spoil of [
    (t: ReturnType<typeof watched>) => t.label(4, 10),
    (t: ReturnType<typeof watched>) => t.label(4, 5),
    (t: ReturnType<typeof watched>) => t.label(4, 20, 8),
  ]) {
    const t = watched();
    t.next(4, t.at(5));
    t.checker.settle(t.at(4));
    assert.is(t.checker.sums.labelInversions, 0);
    spoil(t);
    t.checker.settle(t.at(4));
    assert.is(t.checker.sums.labelInversions, 1);
  }
  const { checker, at } = watched();
  const silent = checker.addVertex(id('1.1.1.6'));
  checker.setNext(at(1), 0, LAYER, BYTE, { primary: silent, backup: 0 });
  checker.settle(at(1));
  assert.is(checker.sums.labelInversions, 1);
});

test('a label that rises is reported, at the node and along the edges that lead to it', () => {
  const { checker, at, label, next } = watched();
  next(4, at(5));
  label(5, 25);
  assert.is(checker.sums.labelInversions, 2);
});

test('a restarted node is another vertex', () => {
  const { checker, at, next } = watched();
  next(1, at(2));
  checker.removeVertex(at(2));
  const again = checker.addVertex(id('1.1.1.2'));
  checker.setNext(again, 0, LAYER, BYTE, { primary: at(1), backup: 0 });
  assert.is(checker.sums.loops, 0);
  next(1, again);
  assert.is(checker.sums.loops, 1);
});

test('an edge that leads out of the zone is reported', () => {
  const { checker, at } = watched();
  const outside = checker.addVertex(id('1.1.2.1'));
  checker.setNext(at(1), 0, LAYER, BYTE, { primary: outside, backup: 0 });
  assert.is(checker.sums.escapes, 1);
  checker.setNext(at(1), 0, 1, 200, { primary: outside, backup: 0 });
  assert.is(checker.sums.escapes, 1);
});

test('a packet that leaves the zone and comes back by another layer goes in a loop', () => {
  const checker = new Checker(() => 0);
  const inside = checker.addVertex(id('1.1.1.1'));
  const outside = checker.addVertex(id('2.1.1.1'));
  const next = (vertex: number, layer: number, byte: number, primary: number) =>
    checker.setNext(vertex, 0, layer, byte, { primary, backup: 0 });
  next(outside, 1, 1, inside); // to 1.*.*.*: to the border
  assert.equal(checker.sums.loops, 0);
  next(inside, 2, 7, outside); // to 1.7.*.*: out of the zone 1
  assert.equal([checker.sums.escapes, checker.sums.loops], [1, 1]);
});

test('a direct edge that does not end at its destination is reported', () => {
  const { checker, at, destination } = watched();
  checker.checkDirect(at(1), 2, id('1.1.1.9'), destination);
  assert.is(checker.sums.escapes, 0);
  checker.checkDirect(at(1), 2, id('1.1.1.9'), at(3));
  assert.is(checker.sums.escapes, 1);
  assert.match(checker.violations[0]?.text ?? '', 'packets for 1.1.1.9 (class 2) go straight to 1.1.1.3');
});

test.run();
