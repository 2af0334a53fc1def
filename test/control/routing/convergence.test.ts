import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Net } from './harness.js';
import { layered, line, mesh, ring } from './topologies.js';

function assertGood(net: Net): void {
  assert.equal(net.violations, []);
  assert.equal(net.unconverged(), []);
}

test('a line converges', () => {
  const net = line(8);
  net.run(2000);
  assertGood(net);
  const route = net
    .node('1.1.1.1')
    .router.routes()
    .find((candidate) => candidate.byte === 8);
  assert.is(route?.hops, 7);
  assert.is(route?.rtt, 70);
});

test('a ring converges, and every node has a backup to its neighbours', () => {
  const net = ring(7);
  net.run(2000);
  assertGood(net);
});

test('a mesh converges', () => {
  const net = mesh(24, 5, { seed: 3 });
  net.run(3000);
  assertGood(net);
});

test('four layers converge', () => {
  const net = layered([3, 2, 2, 3], 5, { seed: 4 });
  net.run(15_000);
  assertGood(net);
});

test('convergence under loss and reordering', () => {
  for (let seed = 1; seed <= 2; seed++) {
    const net = layered([2, 2, 2, 3], 5, { seed, loss: 0.2, jitter: 100 });
    net.run(15_000);
    assertGood(net);
  }
});

test('a dead node is withdrawn everywhere, soon', () => {
  for (let seed = 1; seed <= 2; seed++) {
    const net = mesh(30, 5, { seed });
    net.run(3000);
    net.crash(net.node('1.1.1.7'));
    net.run(1500);
    assertGood(net);
  }
});

test.run();
