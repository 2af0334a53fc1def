/** R15: a way that has become the better one is taken in the end, though its label was too high. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinkQuality } from '../../../ts/control/routing/link-quality.js';
import { formatNodeId, type NodeId } from '../../../ts/kit/node-id.js';
import { Net, type NetNode } from './harness.js';
import { BOOT, Puppet, route } from './puppet.js';

type VirtualLink = ReturnType<Net['connect']>;

/** From 1.1.1.1 to 1.1.1.9 by 1.1.1.2, the better way at first, or by 1.1.1.3. */
function twoWays(first: Partial<LinkQuality>, second: Partial<LinkQuality>) {
  const net = new Net({ seed: 3 });
  const [from, to, a, b] = ['1.1.1.1', '1.1.1.9', '1.1.1.2', '1.1.1.3'].map((text) => net.add(text)) as [
    NetNode,
    NetNode,
    NetNode,
    NetNode,
  ];
  const link: VirtualLink = net.connect(from, a, 5, first);
  net.connect(a, to, 5, first);
  net.connect(from, b, 5, second);
  net.connect(b, to, 5, second);
  net.run(3000);
  const nextHop = (trafficClass = 0) =>
    formatNodeId(from.peer(from.router.entry(4, 9, trafficClass).primary)?.id as NodeId);
  return { net, link, nextHop };
}

test('a way that has become slow is left within fifteen seconds, without a moment of danger', () => {
  const { net, link, nextHop } = twoWays({ rtt: 10 }, { rtt: 30 });
  assert.is(nextHop(), '1.1.1.2');
  net.setRtt(link, 300);
  net.run(5000);
  assert.is(nextHop(), '1.1.1.2', 'the label still forbids the other');
  net.run(10_000);
  assert.is(nextHop(), '1.1.1.3');
  assert.equal(net.violations, []);
});

test('a bottleneck that has become narrow is left by its class alone', () => {
  const { net, link, nextHop } = twoWays({ rtt: 10, bandwidth: 1000 }, { rtt: 12, bandwidth: 100 });
  assert.equal([nextHop(0), nextHop(3)], ['1.1.1.2', '1.1.1.2']);
  net.setQuality(link, { bandwidth: 5 });
  net.run(15_000);
  assert.equal([nextHop(0), nextHop(3)], ['1.1.1.2', '1.1.1.3']);
  assert.equal(net.violations, []);
});

/** Requests to the neighbour since the last call, optimisations unless others are wanted. */
const wishes = (net: Puppet, link: number, wanted = ({ optimise }: { optimise: boolean }) => optimise) =>
  net.asked(link).filter(wanted);

/** A node with a route by `a`, and `b` whose label is too high. */
function tempted(metric: number) {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, BOOT, 100, 1000)]);
  net.tell(b, [route(9, BOOT, 5000, metric)]);
  net.run(1000);
  return { net, a, b };
}

test('whoever is tempted for ten seconds asks the tempter, and again only after a minute', () => {
  const { net, a, b } = tempted(500);
  net.run(8000);
  assert.equal(wishes(net, b), []);
  net.run(3000);
  const [asked, ...others] = wishes(net, b);
  assert.equal([asked?.bump, asked?.optimise, asked?.seqno, asked?.byte], [true, true, BOOT + 1, 9]);
  assert.equal([others, wishes(net, a)], [[], []]);
  net.run(55_000);
  assert.equal(wishes(net, b), []);
  net.run(10_000);
  assert.is(wishes(net, b).length, 1);
});

test('a temptation that passes, or is small, leads to nothing', () => {
  const { net, b } = tempted(500);
  net.run(7000);
  net.tell(b, [route(9, BOOT, 5000, 900)]);
  net.run(20_000);
  assert.equal(wishes(net, b), []);
  const small = tempted(850);
  small.net.run(20_000);
  assert.equal(wishes(small.net, small.b), []);
});

test('an origin grants one a minute; a starved asker need not wait', () => {
  const net = new Puppet();
  const a = net.peer('1.1.1.2');
  net.run(1000);
  const seqno = () => {
    net.run(200);
    const said = net.said(a, 1);
    return said?.kind === 'route' ? said.seqno - BOOT : undefined;
  };
  const ask = (more: number, optimise: boolean) => net.ask(a, { byte: 1, bump: true, optimise, seqno: BOOT + more });
  assert.ok(ask(1, true));
  assert.is(seqno(), 1);
  assert.ok(ask(2, true));
  assert.is(seqno(), 1);
  assert.ok(ask(2, false));
  assert.is(seqno(), 2);
  net.run(60_000);
  assert.ok(ask(3, true));
  assert.is(seqno(), 3);
  assert.not(net.ask(a, { byte: 9, optimise: true }), 'without a bump it means nothing');
});

test('an optimisation that was passed on does not stand for a request of a starved node', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, BOOT, 100)]);
  net.run(1000);
  net.ask(b, { byte: 9, bump: true, optimise: true, seqno: BOOT + 1 });
  net.ask(c, { byte: 9, bump: true, seqno: BOOT + 1 });
  net.run(100);
  assert.equal(new Set(wishes(net, a, () => true).map(({ optimise }) => optimise)), new Set([true, false]));
});

test.run();
