/** Four classes side by side: each has labels, next hops and news of its own. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinkQuality } from '../../../ts/control/routing/link-quality.js';
import { formatNodeId, type NodeId } from '../../../ts/kit/node-id.js';
import { TRAFFIC_CLASS_NAMES } from '../../../ts/wire/network-header.js';
import type { RoutingEntry } from '../../../ts/wire/routing-entry.js';
import { Net, type NetNode } from './harness.js';
import { Puppet } from './puppet.js';

const RELIABLE = 2;

/** From 1.1.1.1 to 1.1.1.9 by four nodes, each on the best way of one class. */
function fourWays(): { net: Net; from: NetNode; links: ReturnType<Net['connect']>[] } {
  const net = new Net({ seed: 3 });
  const [from, to] = [net.add('1.1.1.1'), net.add('1.1.1.9')];
  const ways: Partial<LinkQuality>[] = [
    { rtt: 10, loss: 0.02, cost: 5, bandwidth: 30 },
    { rtt: 60, loss: 0.02, cost: 1, bandwidth: 30 },
    { rtt: 60, loss: 0, cost: 5, bandwidth: 30 },
    { rtt: 60, loss: 0.02, cost: 5, bandwidth: 900 },
  ];
  const links = ways.flatMap((worth, index) => {
    const middle = net.add(`1.1.1.${2 + index}`);
    return [net.connect(from, middle, 5, worth), net.connect(middle, to, 5, worth)];
  });
  net.run(3000);
  return { net, from, links };
}

const nextHops = (from: NetNode) =>
  TRAFFIC_CLASS_NAMES.map((_, trafficClass) =>
    formatNodeId(from.peer(from.router.entry(4, 9, trafficClass).primary)?.id as NodeId),
  );

test('each class goes its own best way, and all are safe', () => {
  const { net, from } = fourWays();
  assert.equal(nextHops(from), ['1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5']);
  assert.equal(net.violations, []);
  assert.equal(net.unconverged(), []);
  const [latency, cost, reliable, bandwidth] = from.router.routes().filter(({ byte }) => byte === 9);
  assert.is(latency?.rtt, 20);
  assert.is(Math.round(cost?.cost ?? 0), 2);
  assert.is(reliable?.loss, 1 - Math.exp(-0.0012));
  assert.is(bandwidth?.bandwidth, 512);
});

test('a change for one class moves that class alone', () => {
  const { net, from, links } = fourWays();
  for (const link of links.slice(0, 2)) net.setQuality(link, { cost: 0 });
  net.run(2000);
  assert.equal(nextHops(from), ['1.1.1.2', '1.1.1.2', '1.1.1.4', '1.1.1.5']);
  assert.equal(net.violations, []);
});

test('a class whose costs stayed sends nothing', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  const classes = [0, 1, 2, 3].map((trafficClass) => ({ trafficClass, distance: 500, metric: 500 }));
  net.tell(a, [{ kind: 'route', layer: 4, byte: 9, seqno: 100, hops: 1, classes }]);
  net.run(1000);
  net.frames.length = 0;
  net.router.linkQuality(a, { rtt: 10, loss: 0.2, cost: 1, bandwidth: 0 }, net.now);
  net.run(1000);
  const told = net.frames.filter(({ link }) => link === b).flatMap(({ entries }) => entries);
  assert.equal(
    told.map((entry) => entry.kind === 'route' && entry.classes.map((one) => one.trafficClass)),
    [[RELIABLE]],
  );
});

const entry = (classes: readonly number[]): RoutingEntry => ({
  kind: 'route',
  layer: 4,
  byte: 9,
  seqno: 100,
  hops: 1,
  classes: classes.map((trafficClass) => ({ trafficClass, distance: 50, metric: 50 })),
});

test('all ways of one class may die while the others live', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [entry([0, 1, 2, 3])]);
  net.tell(b, [entry([0, 3])]);
  net.down(a);
  const primaries = [0, 1, 2, 3].map((c) => net.router.entry(4, 9, c).primary);
  assert.equal(primaries, [b, 0, 0, b]);
});

test.run();
