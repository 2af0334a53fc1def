import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatNodeId, parseNodeId } from '../../ts/kit/node-id.js';
import { Reference } from '../../ts/sim/reference.js';

const id = (text: string) => parseNodeId(text) as number;

function reference(nodes: string[], wires: [string, string][]) {
  return new Reference(
    nodes.map(id),
    wires.map(([a, b]) => [id(a), id(b)] as const),
  );
}
const names = (ids: Set<number>) => [...ids].map(formatNodeId).sort();

test('inside one zone everything that the wires join is routed', () => {
  const net = reference(
    ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'],
    [
      ['1.1.1.1', '1.1.1.2'],
      ['1.1.1.2', '1.1.1.3'],
    ],
  );
  assert.equal(names(net.withRoute(id('1.1.1.3'), 4)), ['1.1.1.1', '1.1.1.2']);
  assert.equal(names(net.arriving(id('1.1.1.3'))), ['1.1.1.1', '1.1.1.2', '1.1.1.3']);
  assert.equal(names(net.withRoute(id('1.1.1.4'), 4)), []);
});

test('layer n uses only wires between nodes that share n-1 bytes', () => {
  // The two nodes of 1.1.1 see each other only by way of 1.1.2: no route of layer 4.
  const net = reference(
    ['1.1.1.1', '1.1.1.2', '1.1.2.1'],
    [
      ['1.1.1.1', '1.1.2.1'],
      ['1.1.2.1', '1.1.1.2'],
    ],
  );
  assert.equal(names(net.withRoute(id('1.1.1.2'), 4)), []);
  assert.equal(names(net.withRoute(id('1.1.1.2'), 3)), ['1.1.2.1']);
  assert.equal(names(net.arriving(id('1.1.1.2'))), ['1.1.1.2']);
});

test('a split zone promises only what every border can keep', () => {
  // 2.1.1.1 and 2.1.1.2 are not joined: who may enter at either promises nothing, who can enter at one only, arrives.
  const net = reference(
    ['1.1.1.1', '2.1.1.1', '2.1.1.2', '3.1.1.1'],
    [
      ['1.1.1.1', '2.1.1.1'],
      ['3.1.1.1', '2.1.1.2'],
    ],
  );
  assert.equal(names(net.arriving(id('2.1.1.2'))), ['2.1.1.2', '3.1.1.1']);
  const both = reference(
    ['1.1.1.1', '2.1.1.1', '2.1.1.2', '3.1.1.1'],
    [
      ['1.1.1.1', '2.1.1.1'],
      ['3.1.1.1', '2.1.1.2'],
      ['1.1.1.1', '3.1.1.1'],
    ],
  );
  assert.equal(names(both.arriving(id('2.1.1.2'))), ['2.1.1.2']);
  assert.equal(names(both.withRoute(id('2.1.1.2'), 1)), ['1.1.1.1', '3.1.1.1']);
});

test.run();
