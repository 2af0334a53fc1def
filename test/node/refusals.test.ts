/** What is wrong with a node or its neighbours: a clear error, or a clear state in `links`, and the node goes on. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { createNode, type Node, type PortolanError } from '../../ts/index.js';
import { answered, next, onEachPath, routed, run, TestNodes, when } from './nodes.js';

const KEY = '11'.repeat(32);
const OTHER_KEY = '22'.repeat(32);

const problemOf = (node: Node, peer: string) => node.links().find((link) => link.peer === peer)?.problem;

onEachPath<{ nodes: TestNodes }>('refusals', (test, path) => {
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  test('a peer of another network shows as such, and the node goes on with the others', async ({ nodes }) => {
    const stranger = await nodes.start('1.1.1.3', [], { networkKey: OTHER_KEY });
    const friend = await nodes.start('1.1.1.2', [], { networkKey: KEY });
    const node = await nodes.start('1.1.1.1', [stranger, friend], { networkKey: KEY });
    await when(node, 'otherNetworkKey', () => problemOf(node, '1.1.1.3') === 'otherNetworkKey');
    await routed(node, '1.1.1.2');
    await answered(node, '1.1.1.2');
    assert.is(node.links().find(({ peer }) => peer === '1.1.1.3')?.state === 'up', false);
    assert.equal(node.routes('1.1.1.3'), []);
  });

  test('a peer that has another id than was said shows as such', async ({ nodes }) => {
    const other = await nodes.start('1.1.1.9');
    const node = await nodes.start('1.1.1.1', [], { peers: [`1.1.1.2@${other.addresses[0]}`] });
    await when(node, 'wrongId', () => problemOf(node, '1.1.1.2') === 'wrongId');
    assert.equal(node.routes(), []);
  });

  test('a second node with the same id is seen by both sides, the first one goes on', async ({ nodes }) => {
    const hub = await nodes.start('1.1.1.2');
    const first = await nodes.start('1.1.1.1', [hub]);
    await Promise.all([routed(first, '1.1.1.2'), routed(hub, '1.1.1.1')]);
    const seen = next<[{ id: string; address: string }]>(hub, 'duplicateId');
    const twin = await nodes.start('1.1.1.1', [hub]);
    await when(twin, 'duplicateId', () => problemOf(twin, '1.1.1.2') === 'duplicateId');
    assert.equal(await seen, [{ id: '1.1.1.1', address: twin.addresses[0] }]);
    assert.is(problemOf(hub, '1.1.1.1'), 'duplicateId');
    assert.equal(twin.routes(), []);
    assert.is((await first.ping('1.1.1.2', { count: 1 })).received, 1);
  });

  test('a name that does not resolve is a state of the link, not an end', async ({ nodes }) => {
    const node = await nodes.start('1.1.1.1', [], { peers: ['1.1.1.2@udp://no-such-host.invalid:7000'] });
    await when(node, 'unresolved', () => problemOf(node, '1.1.1.2') === 'unresolved');
    assert.ok((node.links()[0]?.detail.length ?? 0) > 0);
    assert.is((await node.ping('1.1.1.1', { count: 1 })).received, 1);
  });

  test('nobody answers: the link says so', async ({ nodes }) => {
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const node = await nodes.start('1.1.1.1', [], { peers: [`1.1.1.2@udp://127.0.0.1:${silent.address().port}`] });
      await when(node, 'noAnswer', () => problemOf(node, '1.1.1.2') === 'noAnswer');
    } finally {
      silent.close();
    }
  });

  test('an address in use is an error that names the option', async ({ nodes }) => {
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = `udp://127.0.0.1:${taken.address().port}`;
    try {
      await nodes.start('1.1.1.1', [], { listen: ['udp://127.0.0.1:0', address] }).then(
        () => assert.unreachable(),
        (error: PortolanError) => {
          assert.is(error.code, 'ADDRESS_IN_USE');
          assert.is(error.option, 'listen[1]');
          assert.match(error.message, new RegExp(String(taken.address().port)));
        },
      );
    } finally {
      taken.close();
    }
  });

  test('two nodes cannot listen at one address, whatever their workers', async ({ nodes }) => {
    const first = await nodes.start('1.1.1.1', [], { workers: 2 });
    await nodes.start('1.1.1.2', [], { listen: [first.addresses[0] ?? ''], workers: 2 }).then(
      () => assert.unreachable(),
      (error: PortolanError) => assert.is(error.code, 'ADDRESS_IN_USE'),
    );
  });

  test('a name to listen at that does not resolve, an address that is not here', async () => {
    for (const listen of ['udp://no-such-host.invalid:7000', 'udp://192.0.2.1:0'])
      await createNode({ id: '1.1.1.1', listen: [listen], packetPath: path }).then(
        () => assert.unreachable(),
        (error: PortolanError) => {
          assert.is(error.code, 'ADDRESS_UNAVAILABLE');
          assert.is(error.option, 'listen[0]');
        },
      );
  });
});

run();
