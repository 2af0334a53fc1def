/** A peer with addresses for UDP and for TCP: UDP is preferred, TCP is used while it does not answer, and packets always have a link. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RouteOutput } from '../../../ts/control/io.js';
import { OVERLAP_MS } from '../../../ts/control/links/overlap.js';
import { formatNodeId } from '../../../ts/kit/node-id.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { peer, type TestNode, World } from './world.js';

const A = '1.1.1.1';
const B = '1.1.1.2';
const HOST_A = '10.0.0.1';
const HOST_B = '10.0.0.2';

interface Pair {
  readonly world: World;
  readonly a: TestNode;
  readonly b: TestNode;
  /** Which transports carry frames now. */
  readonly open: { udp: boolean; tcp: boolean };
}

/** A has both addresses of B; B, if `both`, also those of A. */
function pair(open: Pair['open'], { both = false, seed = 1 } = {}): Pair {
  const world = new World(seed);
  world.filter = ({ scheme }) => open[scheme];
  const b = world.add(B, both ? { peers: [peer(A, HOST_A, 'tcp'), peer(A, HOST_A, 'udp')] } : {});
  const a = world.add(A, { peers: [peer(B, HOST_B, 'tcp'), peer(B, HOST_B, 'udp')] });
  return { world, a, b, open };
}

const schemeAt = (node: TestNode, of: string) => node.status(of)?.address.split(':')[0];
const isOver = (scheme: string, { a, b }: Pair) =>
  a.isUp(B) && b.isUp(A) && schemeAt(a, B) === scheme && schemeAt(b, A) === scheme;
/** Whether workers could send to the peer by the forwarding table's word: its primary or its backup is up. */
const hasWay = (node: TestNode) => {
  const route = node.outputs.findLast(({ kind }) => kind === 'route') as RouteOutput | undefined;
  return [route?.primary, route?.backup].some((link) => link !== undefined && node.entries.get(link)?.up === true);
};
const upLinks = (node: TestNode) => [...node.entries.values()].filter(({ up }) => up).length;

/** Cuts UDP as a firewall does: nobody is told. */
function block(world: Pair, scheme: 'udp' | 'tcp'): void {
  world.open[scheme] = false;
}

test('UDP is taken where it answers, whichever name resolves first, and TCP is left alone', () => {
  const both = pair({ udp: true, tcp: true });
  both.world.until(() => isOver('udp', both));
  both.world.run(120_000);
  assert.ok(both.world.log.every(({ scheme }) => scheme === 'udp'));
});

test('TCP is taken when UDP does not answer; UDP is tried again, further and further apart, and people are not told of it', () => {
  const both = pair({ udp: false, tcp: true });
  const took = both.world.until(() => isOver('tcp', both));
  assert.ok(took < 2_000, `${took} ms`);
  const problems = both.a.count('linkProblem');
  const from = both.world.log.length;
  both.world.run(300_000);
  const tries = both.world.log.slice(from).filter(({ scheme }) => scheme === 'udp');
  assert.ok(tries.every(({ type }) => type === FrameType.Handshake));
  assert.ok(tries.length >= 10 && tries.length < 60, `${tries.length} datagrams in five minutes`);
  assert.ok(isOver('tcp', both));
  assert.is(both.a.count('linkProblem'), problems);
  assert.is(both.a.status(B)?.problem, undefined);
});

for (const both of [false, true])
  test(`when UDP works again, it takes over without a gap, then TCP is left${both ? '; also when both ends try' : ''}`, () => {
    const nodes = pair({ udp: false, tcp: true }, { both });
    const { world, a, b } = nodes;
    world.until(() => isOver('tcp', nodes));
    world.until(() => hasWay(a) && hasWay(b));
    world.run(3_000);
    nodes.open.udp = true;
    let gaps = 0;
    const start = world.now;
    while (!(isOver('udp', nodes) && upLinks(a) === 1 && upLinks(b) === 1)) {
      world.run(1);
      if (!hasWay(a) || !hasWay(b)) gaps++;
      assert.ok(world.now - start < 90_000, 'it returns');
    }
    assert.is(gaps, 0, 'at each moment the route leads into a link that is up');
    assert.equal([a.count('linkDown'), b.count('linkDown')], [0, 0]);
    world.run(60_000);
    assert.ok(isOver('udp', nodes));
    assert.ok(hasWay(a) && hasWay(b));
  });

test('a network change tries UDP at once', () => {
  const nodes = pair({ udp: false, tcp: true });
  const { world, a } = nodes;
  world.until(() => isOver('tcp', nodes));
  world.run(200_000); // by now the tries are a minute apart
  nodes.open.udp = true;
  a.act(() => a.control.handleCommand({ kind: 'networkChange' }, world.now));
  const took = world.until(() => isOver('udp', nodes));
  assert.ok(took < 1_000, `${took} ms`);
});

test('when UDP fails while TCP is still beside it, TCP goes on at once', () => {
  const nodes = pair({ udp: false, tcp: true });
  const { world, a, b } = nodes;
  world.until(() => isOver('tcp', nodes));
  nodes.open.udp = true;
  world.until(() => isOver('udp', nodes), 60_000);
  world.run(OVERLAP_MS / 8);
  block(nodes, 'udp');
  for (let i = 0; i < 10_000 && !isOver('tcp', nodes); i++) {
    world.run(1);
    assert.ok(upLinks(a) > 0 && upLinks(b) > 0);
  }
  assert.ok(isOver('tcp', nodes));
  assert.equal([a.count('linkDown'), b.count('linkDown')], [0, 0]);
});

test('when UDP fails for good, TCP is dialed', () => {
  const nodes = pair({ udp: true, tcp: true });
  const { world } = nodes;
  world.until(() => isOver('udp', nodes));
  world.run(10_000);
  block(nodes, 'udp');
  const took = world.until(() => isOver('tcp', nodes), 10_000);
  assert.ok(took < 5_000, `${took} ms`);
});

test('a peer that was restarted leaves nothing of its former life: both sessions end', () => {
  const nodes = pair({ udp: false, tcp: true });
  const { world, a, b } = nodes;
  world.until(() => isOver('tcp', nodes));
  nodes.open.udp = true;
  world.until(() => isOver('udp', nodes) && upLinks(a) === 2, 60_000);
  b.crash();
  const second = world.add(B);
  world.until(() => second.isUp(A) && a.isUp(B), 20_000);
  world.run(OVERLAP_MS);
  assert.is(upLinks(a), 1);
  assert.is(upLinks(second), 1);
});

test('both transports flap: there is a link whenever one has worked for a while, and never more than two', () => {
  for (let seed = 1; seed <= 6; seed++) {
    const nodes = pair({ udp: true, tcp: true }, { both: seed % 2 === 0, seed });
    const { world, a, b, open } = nodes;
    world.loss = 0.02;
    let worsenedAt = 0;
    for (let step = 0; step < 60; step++) {
      const before = { ...open };
      if (world.random.chance(0.5)) open.udp = world.random.chance(0.6);
      if (world.random.chance(0.5)) open.tcp = world.random.chance(0.6);
      const worsened = (['udp', 'tcp'] as const).some((scheme) => before[scheme] && !open[scheme]);
      if (worsened) worsenedAt = world.now;
      world.run(500 + world.random.below(9_000));
      for (const node of [a, b]) assert.ok(upLinks(node) <= 2, `seed ${seed}: ${upLinks(node)} links`);
      if (!open.udp && !open.tcp) worsenedAt = world.now;
      else if (world.now - worsenedAt > 15_000)
        assert.ok(a.isUp(B) && b.isUp(A), `seed ${seed}: no link after ${world.now - worsenedAt} ms`);
    }
    open.udp = true;
    open.tcp = true;
    world.loss = 0;
    world.until(() => isOver('udp', nodes) && upLinks(a) === 1 && upLinks(b) === 1, 120_000);
    world.run(10_000);
    assert.ok(isOver('udp', nodes) && hasWay(a) && hasWay(b), `seed ${seed}: ${formatNodeId(a.id)}`);
  }
});

test.run();
