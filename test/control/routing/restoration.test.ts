/** R14d: gaps between labels that repairs have used up are opened again by a new sequence number, and no route is lost or made worse by it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatNodeId } from '../../../ts/kit/node-id.js';
import type { Net } from './harness.js';
import { Puppet, route } from './puppet.js';
import { mesh } from './topologies.js';

const MINUTE = 60_000;

/** A node whose label (100, 610) was lowered to (100, 604) for its neighbour b; its next hop is a. */
function squeezed(): { net: Puppet; a: number } {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.ask(b, { byte: 9, seqno: 100, distance: 605 });
  assert.equal(net.entry(9).label, { seqno: 100, distance: 604 });
  return { net, a };
}

const bumps = (net: Puppet, link: number) => net.asked(link).filter(({ bump, optimise }) => bump && optimise);

test('whoever made room for somebody else asks for a fresher number after 10 to 20 minutes, and again', () => {
  const { net, a } = squeezed();
  net.run(9.9 * MINUTE);
  assert.equal(bumps(net, a), []);
  net.run(10.2 * MINUTE);
  const [asked, ...more] = bumps(net, a);
  assert.equal([asked?.seqno, more.length], [101, 0]);
  net.run(20.1 * MINUTE);
  assert.ok(bumps(net, a).length > 0, 'as long as it gets none');
  net.tell(a, [route(9, 101, 500)]);
  net.run(60 * MINUTE);
  assert.equal(bumps(net, a), []);
});

test('nobody asks whose label had a fresher number meanwhile, or who made no room', () => {
  const { net, a } = squeezed();
  net.run(5 * MINUTE);
  net.tell(a, [route(9, 101, 500)]);
  net.tell(a, [route(10, 100, 500)]);
  net.run(60 * MINUTE);
  assert.equal(bumps(net, a), []);
});

/** The sum of all gaps between a node's label and that of its next hop, and how many gaps are smaller than what the link costs. */
function gaps(net: Net): { sum: number; narrow: number } {
  let [sum, narrow] = [0, 0];
  for (const node of net.nodes.values())
    for (const { trafficClass, layer, byte, primary } of node.table.values()) {
      const hop = primary === 0 ? undefined : node.peer(primary);
      const link = node.links.get(primary);
      if (trafficClass !== 0 || !hop || !link || (hop.id & 255) === byte) continue;
      const [own, next] = [node, hop].map((at) => at.router.entry(layer, byte, 0).label?.distance ?? 0);
      const gap = (own as number) - (next as number);
      sum += gap;
      if (gap < 10 * link.quality.rtt) narrow++;
    }
  return { sum, narrow };
}

/** Round trip of each low-latency route, ms. */
function roundTrips(net: Net): Map<string, number> {
  const found = new Map<string, number>();
  for (const node of net.nodes.values())
    for (const { layer, byte, trafficClass, rtt } of node.router.routes())
      if (trafficClass === 0) found.set(`${formatNodeId(node.id)} ${layer}/${byte}`, rtt ?? Infinity);
  return found;
}

test('a mesh whose gaps were used up by flapping links has them back after 25 minutes, and no route is worse', () => {
  const net = mesh(14, 3, { seed: 12 });
  net.run(20_000);
  const fresh = gaps(net);
  for (let round = 0; round < 40; round++) {
    const node = net.node(`1.1.1.${1 + net.random.below(14)}`);
    const link = [...node.links.values()][net.random.below(node.links.size)];
    if (!link) continue;
    const [x, y] = link.ends;
    net.cut(link, 150);
    net.run(700);
    net.connect(x, y, link.delay);
    net.run(700);
  }
  net.run(2 * MINUTE); // what optimisation and backup making have to do is done
  const used = gaps(net);
  assert.ok(used.narrow > 2 * fresh.narrow, 'gaps were used up');
  const before = roundTrips(net);
  net.run(23 * MINUTE);
  const restored = gaps(net);
  assert.ok(restored.narrow <= fresh.narrow + 2, 'those that are narrow again have made room for a backup');
  assert.ok(restored.sum > used.sum);
  for (const [way, rtt] of roundTrips(net)) assert.ok(rtt <= (before.get(way) ?? 0) + 0.1, way);
  assert.equal(net.violations, []);
  assert.equal(net.unconverged(), []);
});

test.run();
