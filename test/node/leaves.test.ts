/** Nodes of role leaf over real sockets: reached from afar, refused as relays, carrying nobody. */
import * as assert from 'uvu/assert';
import { type Node, type PortolanError } from '../../ts/index.js';
import { answered, onEachPath, peerOf, routed, run, TestNodes, when } from './nodes.js';

interface Network {
  readonly nodes: TestNodes;
  readonly near: Node;
  readonly far: Node;
  readonly leaf: Node;
  readonly foreign: Node;
}

onEachPath<Network>('leaves', (test, path) => {
  test.before(async (network) => {
    const nodes = new TestNodes(path);
    const near = await nodes.start('1.1.1.1', [], { maxLeaves: 2 });
    const far = await nodes.start('1.1.1.2', [near]);
    const [leaf, foreign] = await Promise.all(
      ['1.1.1.77', '5.1.1.78'].map((id) => nodes.start(id, [near], { role: 'leaf' })),
    );
    await Promise.all([routed(far, '1.1.1.77'), when(near, 'both leaves', () => near.status().leaves === 2)]);
    Object.assign(network, { nodes, near, far, leaf, foreign });
  });
  test.after(({ nodes }) => nodes.close());

  test('a leaf reaches all, and a leaf of the group is reached by all of it', async ({ near, far, leaf, foreign }) => {
    await Promise.all([answered(leaf, far.id), answered(far, leaf.id), answered(near, leaf.id)]);
    await Promise.all([answered(leaf, foreign.id), answered(foreign, leaf.id), answered(foreign, near.id)]);
    assert.is(far.routes(leaf.id)[0]?.nextHop, near.id);
    assert.is(near.routes(leaf.id)[0]?.nextHop, leaf.id);
  });

  test('a leaf of another group is reached by its relay and the other leaves there, and by nobody else', async (net) => {
    await answered(net.near, net.foreign.id);
    const result = await net.far.ping(net.foreign.id, { count: 1, timeout: 300 });
    assert.is(result.received, 0);
    const shown = net.near.links().map(({ peer, role, foreign }) => [peer, role, foreign]);
    assert.equal(
      shown.sort(([a], [b]) => String(a).localeCompare(String(b))),
      [
        [net.far.id, 'relay', false],
        [net.leaf.id, 'leaf', false],
        [net.foreign.id, 'leaf', true],
      ],
    );
  });

  test('status, links and routes say what a node is', ({ near, leaf }) => {
    assert.equal([near.status().role, near.status().leaves, near.status().links], ['relay', 2, 1]);
    const { role, leaves, maxLeaves, links, routes } = leaf.status();
    assert.equal([role, leaves, maxLeaves, links, routes], ['leaf', 0, 0, 1, 1]);
    assert.is(leaf.links()[0]?.role, 'relay');
    const [route] = leaf.routes('9.9.9.9');
    assert.equal([route?.destination, route?.layer, route?.nextHop], ['*.*.*.*', 0, near.id]);
  });

  test('a relay has room for so many leaves; a leaf takes nobody in; each says why', async ({ nodes, near, leaf }) => {
    const third = await nodes.start('1.1.1.79', [near], { role: 'leaf' });
    const relay = await nodes.start('1.1.1.80', [leaf]);
    await when(third, 'is refused', () => third.links()[0]?.problem === 'full');
    await when(relay, 'is refused', () => relay.links()[0]?.problem === 'role');
    assert.match(relay.links()[0]?.detail ?? '', /a leaf/);
    relay.addPeer(peerOf(near));
    await routed(relay, '1.1.1.77');
    assert.is(near.status().leaves, 2);
  });

  test('a leaf that leaves is forgotten at once, and its place goes to the one that was refused', async (network) => {
    const { near, far, leaf } = network;
    await leaf.close();
    const isUp = (id: string) => near.links().some(({ peer, state }) => peer === id && state === 'up');
    await when(near, 'the leaf is forgotten', () => !isUp('1.1.1.77'));
    await when(near, 'the next one has its place', () => isUp('1.1.1.79'));
    await when(far, 'no route', () => far.routes('1.1.1.77').length === 0);
  });

  test('options that do not go together are refused', async ({ nodes }) => {
    for (const options of [
      { role: 'bush' as 'leaf' },
      { role: 'leaf', maxLeaves: 5 },
      { maxLinks: 4000, maxLeaves: 96 },
    ] as const)
      await nodes.start('1.1.1.90', [], options).then(
        () => assert.unreachable(),
        (error: PortolanError) => assert.is(error.code, 'INVALID_OPTION'),
      );
  });
});

run();
