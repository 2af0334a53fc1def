/** R22: neighbours that are nearer to the destination whatever tables say: direct ways and fallbacks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DirectOutput } from '../../../ts/control/io.js';
import type { RoutingEntry } from '../../../ts/wire/routing-entry.js';
import { id, Net } from './harness.js';
import { Puppet } from './puppet.js';

const BORDER = '1.1.1.2';
const INNER = '1.2.3.4';
const LATENCY = 0b0001;

/** What a neighbour says of zone 1.2 in the low-latency class. */
const zone = (seqno: number, distance: number, metric = distance, hops = 1): RoutingEntry => ({
  kind: 'route',
  layer: 2,
  byte: 2,
  seqno,
  hops,
  classes: [{ trafficClass: 0, distance, metric }],
});
const gone: RoutingEntry = { kind: 'retraction', layer: 2, byte: 2, classMask: 1 };

const directs = (net: Puppet) => net.outputs.filter((output): output is DirectOutput => output.kind === 'direct');
const isDirect = (net: Puppet) => ((directs(net).at(-1)?.classes ?? 0) & LATENCY) !== 0;
const inZone = (net: Puppet) => net.router.entry(2, 2, 0);

/** A node that reaches zone 1.2 by BORDER at a cost of `metric`, and whose neighbour INNER is in that zone, 50 ms away (a cost of 510). */
function between(metric: number): { net: Puppet; border: number; inner: number } {
  const net = new Puppet();
  const border = net.peer(BORDER, 1);
  net.tell(border, [zone(100, metric - 20)]);
  const inner = net.peer(INNER, 50);
  return { net, border, inner };
}

test('direct: a neighbour gets its own packets straight where its link costs no more than the route of its slot', () => {
  for (const [metric, expected] of [
    [509, false],
    [510, true],
    [2000, true],
  ] as const) {
    const { net, border, inner } = between(metric);
    assert.is(isDirect(net), expected, String(metric));
    assert.is(inZone(net).primary, border, 'others of the zone go by the route');
    const last = directs(net).at(-1);
    if (expected) assert.equal([last?.neighbour, last?.link], [id(INNER), inner]);
  }
});

test('direct: each class decides for itself; in a class without a route the slot itself leads there', () => {
  const { net, inner } = between(2000);
  assert.equal(directs(net), [{ kind: 'direct', neighbour: id(INNER), link: inner, classes: LATENCY }]);
  assert.equal(net.router.entry(2, 2, 1), { label: undefined, primary: inner, backup: 0 });
});

test('direct: jitter does not change it, a route that is better by more than 10 % and 2 ms does', () => {
  const { net, border } = between(510);
  const before = directs(net).length;
  for (const metric of [500, 470, 520, 465, 600, 470]) net.tell(border, [zone(100, 490, metric - 20)]);
  assert.is(directs(net).length, before, 'nothing was said again');
  net.tell(border, [zone(100, 490, 430)]);
  assert.not.ok(isDirect(net));
  for (const metric of [470, 500, 509]) net.tell(border, [zone(100, 490, metric - 20)]);
  assert.not.ok(isDirect(net), 'not before it is as good again');
  net.tell(border, [zone(100, 490, 490)]);
  assert.ok(isDirect(net));
});

test('direct: it follows what the link costs, the loss of the route, and the end of the session', () => {
  const { net, border, inner } = between(400);
  assert.not.ok(isDirect(net));
  net.rtt(inner, 20);
  assert.ok(isDirect(net), 'the link became faster than the route');
  net.rtt(inner, 90);
  assert.not.ok(isDirect(net));
  net.tell(border, [gone]);
  assert.is(inZone(net).primary, inner, 'the slot leads there now');
  net.tell(border, [zone(100, 300)]);
  net.rtt(inner, 20);
  assert.ok(isDirect(net));
  net.down(inner);
  assert.equal(directs(net).at(-1), { kind: 'direct', neighbour: id(INNER), link: inner, classes: 0 });
});

test('fallback: without a feasible next hop packets go to the nearest neighbours in the zone, and nobody hears of it', () => {
  const { net, border, inner } = between(400);
  const asker = net.peer('1.1.1.3', 1);
  const second = net.peer('1.2.9.9', 70);
  net.run(1000);
  assert.is(net.said(asker, 2, 2)?.kind, 'route');
  const { label } = inZone(net);
  net.tell(border, [gone]);
  assert.equal(inZone(net), { label, primary: inner, backup: second }, 'the label stays');
  net.run(100);
  assert.equal(net.said(asker, 2, 2), gone, 'others hear that there is no route');
  const [seen] = net.router.routes().filter(({ layer, trafficClass }) => layer === 2 && trafficClass === 0);
  assert.equal([seen?.nextHop, seen?.backup, seen?.hops], [id(INNER), id('1.2.9.9'), 1]);
  assert.equal(
    net.router
      .explain(id('1.2.7.7'), 0, net.now)
      ?.candidates.slice(0, 2)
      .map(({ peer, verdict }) => [peer, verdict]),
    [
      [id(INNER), 'fallback'],
      [id('1.2.9.9'), 'fallback'],
    ],
  );
  net.down(inner);
  assert.equal(inZone(net), { label, primary: second, backup: 0 });
  net.down(second);
  assert.equal(inZone(net), { label, primary: 0, backup: 0 });
});

test('fallback: the search for a feasible neighbour goes on, and its end takes the slot back', () => {
  const { net, border, inner } = between(400);
  net.tell(inner, [zone(99, 0, 0, 0)]); // an old seqno: not feasible
  net.tell(border, [gone]);
  assert.is(inZone(net).primary, inner);
  net.run(50);
  assert.is(net.asked(inner).length, 1, 'R13');
  net.tell(inner, [zone(101, 0, 0, 0)]);
  assert.equal(inZone(net).label, { seqno: 101, distance: 510 });
  net.run(200);
  assert.is(net.said(border, 2, 2)?.kind, 'route', 'it is a route now');
});

test('why: a neighbour that gets its packets straight says so', () => {
  const { net } = between(2000);
  const verdicts = net.router.explain(id(INNER), 0, net.now)?.candidates.map(({ peer, verdict }) => [peer, verdict]);
  assert.equal(verdicts, [
    [id(INNER), 'direct'],
    [id(BORDER), 'primary'],
  ]);
});

test('in a network: straight to a neighbour in another zone that the border is far from', () => {
  // x and y are neighbours, 10 ms apart; zone 2 is entered from zone 1 at a border 1 ms away, from which y is 40 ms.
  const net = new Net();
  const [x, a, y] = [net.add('1.1.1.1'), net.add('1.2.1.1'), net.add('1.2.1.2')];
  net.connect(x, a, 0.5);
  net.connect(a, y, 40);
  const straight = net.connect(x, y, 15);
  net.run(30_000); // M0 of the zone is measured
  const index = [...x.links].find(([, link]) => link === straight)?.[0];
  assert.is(x.direct.get(y.id)?.link, index);
  assert.ok((x.direct.get(y.id)?.classes ?? 0) & LATENCY);
  assert.equal(net.violations, []);
});

test.run();
