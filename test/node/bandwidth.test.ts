/** What real nodes find out of what their links carry. */
import * as assert from 'uvu/assert';
import type { Node } from '../../ts/index.js';
import { answered, onEachPath, peerOf, run, TestNodes } from './nodes.js';

/** Runs until it holds, with packets on the link: trains are reported without an event. Only a link that is never measured rightly comes to the end. */
async function until(from: Node, to: Node, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 40_000; !holds(); ) {
    assert.ok(Date.now() < end, `in vain: ${JSON.stringify(from.links())}`);
    await from.ping(to.id, { count: 1 });
  }
}

const link = (node: Node, peer: Node) => node.links().find((one) => one.peer === peer.id);

onEachPath<{ nodes: TestNodes }>('bandwidth', (test, path) => {
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  test('a link of 10 Mbit/s is measured within a quarter, in its direction; one that is configured is believed', async ({
    nodes,
  }) => {
    const a = await nodes.start('1.1.1.1', [], { emulate: ['1.1.1.2 rate=10Mbit'] });
    const b = await nodes.start('1.1.1.2', [a]);
    const c = await nodes.start('1.1.1.3', [], { peers: [`${peerOf(a)}?bandwidth=50Mbit&cost=3`] });
    await Promise.all([answered(b, a.id), answered(c, a.id)]);
    await until(a, b, () => Math.abs((link(a, b)?.bandwidthMbit ?? 0) - 10) <= 2.5);
    assert.is(link(a, b)?.bandwidthSource, 'measured');
    await until(b, a, () => (link(b, a)?.bandwidthMbit ?? 0) > 20);
    const { cost, bandwidthMbit, bandwidthSource } = link(c, a) ?? {};
    assert.equal(
      { cost, bandwidthMbit, bandwidthSource },
      { cost: 3, bandwidthMbit: 50, bandwidthSource: 'configured' },
    );
  });

  test('over TCP, and of leaves, nothing is measured', async ({ nodes }) => {
    const a = await nodes.start('1.1.1.1', [], { listen: ['udp://127.0.0.1:0', 'tcp://127.0.0.1:0'] });
    const overTcp = a.addresses.find((address) => address.startsWith('tcp:')) ?? '';
    const b = await nodes.start('1.1.1.2', [], { peers: [`${a.id}@${overTcp}`] });
    const leaf = await nodes.start('1.1.1.3', [a], { role: 'leaf' });
    const relay = await nodes.start('1.1.1.4', [a]);
    await Promise.all([b, leaf, relay].map((node) => answered(node, a.id)));
    await until(relay, a, () => relay.links()[0]?.bandwidthMbit !== null);
    for (const node of [b, leaf]) assert.is(node.links()[0]?.bandwidthMbit, null);
    for (const { peer, bandwidthMbit } of a.links()) if (peer !== relay.id) assert.is(bandwidthMbit, null);
  });
});

run();
