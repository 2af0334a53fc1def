/** Links for flows between real nodes: a flow whose only way is over slow relays gets a link of its own, and gives it back. */

import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { type Node } from '../../ts/index.js';
import { answered, onEachPath, peerOf, routed, run, TestNodes, when } from './nodes.js';

const FAR = '2.2.1.8';

/**
 * Seven nodes of one group, all linked with the last of them, which alone has a link to the far node, and a slow one. The source starts last, chooses three
 * neighbours itself, and its rule is content with nodes of its own group.
 */
async function groupAndFar(nodes: TestNodes, neighbours = 3): Promise<{ source: Node; far: Node }> {
  const far = await nodes.start(FAR);
  const gate = await nodes.start('1.1.1.7', [], {
    peers: [peerOf(far)],
    emulate: [`${FAR} delay=60ms`],
  });
  const bootstrap = [peerOf(gate)];
  const mates = ['1.1.1.1', '1.1.1.2', '1.1.1.4', '1.1.1.5', '1.1.1.6'];
  await Promise.all(mates.map((id) => nodes.start(id, [gate])));
  const start = neighbours > 0 ? { neighbours, bootstrap } : { neighbours, peers: bootstrap };
  const source = await nodes.start('1.1.1.3', [], start);
  await Promise.all([routed(source, FAR), routed(far, source.id)]);
  await answered(source, FAR);
  return { source, far };
}

const linkTo = (node: Node, id: string) => node.links().find(({ peer, state }) => peer === id && state === 'up');

/** Datagrams from one node to the other, for as long as `work` lasts; it may look at every arrival. */
async function whileFlowing(
  source: Node,
  far: Node,
  work: (until: (what: string, holds: () => boolean) => Promise<void>) => Promise<void>,
): Promise<void> {
  const [sender, receiver] = [await source.bind(), await far.bind(6000)];
  const timer = setInterval(() => sender.send(new Uint8Array(100), far.id, 6000), 5);
  const signal = AbortSignal.timeout(40_000);
  try {
    await work(async (what, holds) => {
      while (!holds())
        await once(receiver, 'message', { signal }).catch(() => {
          throw new Error(`it never came to this: ${what}: ${JSON.stringify([source.way(far.id), source.links()])}`);
        });
    });
  } finally {
    clearInterval(timer);
    sender.close();
    receiver.close();
  }
}

onEachPath('flow links', (test, path) => {
  test('a flow over slow relays gets a direct link, within the links that a node may make, and gives it back', async () => {
    const nodes = new TestNodes(path);
    try {
      const { source, far } = await groupAndFar(nodes);
      assert.is(linkTo(source, FAR), undefined);
      await whileFlowing(source, far, async (until) => {
        const why = /^by a direct link made for this flow: [\d.]+ ms instead of \d+ ms$/;
        await until('packets take a link of their own', () => why.test(source.way(FAR).why));
        assert.is(linkTo(source, FAR)?.why, 'flow');
        await when(far, 'the link is ready at its other end', () => linkTo(far, source.id) !== undefined);
        assert.is(linkTo(far, source.id)?.why, 'incoming');
        const { hops } = await source.trace(FAR);
        assert.equal(
          hops.map(({ id }) => id),
          [FAR],
        );
        const { chosen, most } = source.status().neighbours;
        assert.ok(chosen <= most, `${chosen} links`);

        // Whoever asks for a pin has precedence: nothing that was made for the flow stays.
        const order = source.pinRoute(FAR, { hops: 16 });
        await when(far, 'the link is gone', () => linkTo(far, source.id) === undefined);
        order.close();
      });
    } finally {
      await nodes.close();
    }
  });

  test('a node that chooses no neighbours makes no link for a flow', async () => {
    const nodes = new TestNodes(path);
    try {
      const { source, far } = await groupAndFar(nodes, 0);
      let arrived = 0;
      await whileFlowing(source, far, async (until) => {
        await until('a flow that lasted', () => ++arrived > 1200);
        assert.is(linkTo(source, FAR), undefined);
      });
    } finally {
      await nodes.close();
    }
  });
});

run();
