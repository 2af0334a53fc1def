import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Net, type NetNode } from './harness.js';
import { layered, line, mesh, ring } from './topologies.js';

function assertGood(net: Net): void {
  assert.equal(net.violations, []);
  assert.equal(net.unconverged(), []);
}

/** The round-trip times of all routes to the node of this index, ms. */
function metricsTo(net: Net, byte: number): number[] {
  return [...net.nodes.values()]
    .flatMap((node) => node.router.routes().filter((one) => one.byte === byte && one.trafficClass === 0))
    .map((one) => one.rtt ?? Number.NaN);
}

const isLeft = (node: NetNode) => node.id >>> 24 === 1;

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

test('nothing counts to infinity: routes to a dead node go, and do not wander', () => {
  const net = mesh(20, 4, { seed: 9 });
  net.run(3000);
  const worst = Math.max(...metricsTo(net, 7));
  const before = new Map([...net.nodes.values()].map((node) => [node, node.changes.get('4/7') ?? 0]));
  net.crash(net.node('1.1.1.7'));
  let highest = 0;
  for (let i = 0; i < 200; i++) {
    net.run(10);
    highest = Math.max(highest, ...metricsTo(net, 7));
  }
  assertGood(net);
  assert.ok(highest < 4 * worst, `${highest} ms, once ${worst} ms at most`);
  for (const node of net.nodes.values())
    assert.ok(
      (node.changes.get('4/7') as number) - (before.get(node) as number) <= 8,
      'next hops change a few times only',
    );
});

test('a whole zone dies, and every node of the others forgets it', () => {
  const net = layered([3, 1, 2, 4], 6, { seed: 12 });
  net.run(12_000);
  assert.ok(net.node('3.1.2.4').router.entry(1, 1, 0).primary);
  for (const node of net.nodes.values()) if (isLeft(node)) net.crash(node);
  net.run(2000);
  assertGood(net);
  assert.is(net.node('3.1.2.4').router.entry(1, 1, 0).primary, 0);
});

test('a partition heals', () => {
  const net = layered([2, 2, 1, 5], 5, { seed: 6, loss: 0.05, jitter: 30 });
  net.run(12_000);
  const across = new Set(
    [...net.nodes.values()]
      .filter(isLeft)
      .flatMap((node) => [...node.links.values()])
      .filter((link) => isLeft(link.ends[0]) !== isLeft(link.ends[1])),
  );
  for (const link of across) net.cut(link);
  net.run(6000);
  assertGood(net);
  assert.is(net.node('1.1.1.1').router.entry(1, 2, 0).primary, 0);
  for (const link of across) net.connect(link.ends[0], link.ends[1], link.delay);
  net.run(6000);
  assertGood(net);
  assert.ok(net.node('1.1.1.1').router.entry(1, 2, 0).primary);
});

test('a starved slot recovers within a few round trips, without a new seqno where there is room below', () => {
  // A ring of four, one way 5 ms from 1 to 2 and 4, then 20 ms from 4 to 3 and 30 ms from 3 to 2. Nodes 3 and 4 lead to 1, but 3 is
  // further from it than 2, which so cannot use it when its own link is cut. Label distances to 1: 110, 110 and 520 for 2, 4 and 3.
  const net = new Net({ seed: 1 });
  const [one, two, three, four] = [1, 2, 3, 4].map((index) => net.add(`1.1.1.${index}`)) as [
    NetNode,
    NetNode,
    NetNode,
    NetNode,
  ];
  const first = net.connect(one, two, 5);
  net.connect(one, four, 5);
  net.connect(two, three, 30);
  net.connect(three, four, 20);
  net.run(2000);
  assert.equal(two.router.entry(4, 1, 0).backup, 0);
  const seqno = two.router.entry(4, 1, 0).label?.seqno;
  net.cut(first);
  net.run(150);
  assert.is(two.router.entry(4, 1, 0).primary, 0, 'starved');
  net.run(200);
  assertGood(net);
  assert.is(two.router.entry(4, 1, 0).label?.seqno, seqno);
  assert.is(two.router.routes().find((route) => route.byte === 1)?.hops, 3);
});

test.run();
