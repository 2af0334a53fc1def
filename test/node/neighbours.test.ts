/** Real nodes that know one address each find each other. */
import * as assert from 'uvu/assert';
import type { Node } from '../../ts/index.js';
import { answered, onEachPath, run, TestNodes, when } from './nodes.js';

const IDS = ['1.1.1.1', '1.1.1.2', '1.1.2.1', '1.2.1.1', '2.1.1.1', '2.1.1.2', '2.2.1.1', '200.1.1.1'];

/** Resolves when each of them has an answer from each. */
async function reaches(from: readonly Node[]): Promise<void> {
  const pairs = from.flatMap((node) => from.filter((other) => other !== node).map((other) => [node, other] as const));
  await Promise.all(pairs.map(([node, { id }]) => answered(node, id)));
}

const upTo = (node: Node) => node.links().filter(({ state }) => state === 'up').length;

onEachPath('neighbours', (test, path) => {
  let nodes: TestNodes;
  test.before.each(() => {
    nodes = new TestNodes(path);
  });
  test.after.each(() => nodes.close());

  /** All nodes, the first of which the others begin with. */
  async function startAll(neighbours = 32): Promise<Node[]> {
    const first = await nodes.start(IDS[0] as string, [], { neighbours });
    const [address] = first.addresses;
    const others = await Promise.all(
      IDS.slice(1).map((id, index) =>
        // By turns with and without the id of the first.
        nodes.start(id, [], { neighbours, bootstrap: [index % 2 === 0 ? `${IDS[0]}@${address}` : `${address}`] }),
      ),
    );
    return [first, ...others];
  }

  test('eight nodes that know one of them are all linked, and everybody reaches everybody', async () => {
    const all = await startAll();
    await Promise.all(
      all.map((node) => when(node, 'a link with each other node', () => upTo(node) === IDS.length - 1)),
    );
    for (const node of all) assert.equal(node.status().neighbours.most, 32);
    await reaches(all);
    const kinds = new Set(all.flatMap((node) => node.links().map(({ why }) => why)));
    assert.ok(kinds.has('ring') && kinds.has('incoming'), [...kinds].join());
  });

  test('with few links each, everybody still reaches everybody, also when one is gone', async () => {
    const all = await startAll(3);
    await reaches(all);
    await (all[4] as Node).close();
    await reaches(all.filter((_, index) => index !== 4));
  });

  test('what is emulated for a node by its id holds for links that the network has chosen', async () => {
    const first = await nodes.start('1.1.1.1', [], { neighbours: 4 });
    const bootstrap = [`${first.addresses[0]}`];
    const far = await nodes.start('1.1.1.2', [], { bootstrap });
    const node = await nodes.start('1.1.1.3', [], { bootstrap, emulate: ['1.1.1.2 delay=40ms'] });
    const rtt = (id: string) => node.links().find(({ peer }) => peer === id)?.rttMs ?? -1;
    await when(node, 'links with both', () => rtt('1.1.1.1') >= 0 && rtt('1.1.1.2') >= 0);
    assert.ok(rtt('1.1.1.2') >= 40, `${rtt('1.1.1.2')} ms to the one that is far`);
    assert.equal(
      node.links().map(({ peer, emulation }) => [peer, emulation]),
      [
        ['1.1.1.1', null],
        [far.id, 'delay=40ms'],
      ],
    );
  });

  test('nodes that listen for TCP only find each other where they say that they listen', async () => {
    const listen = ['tcp://127.0.0.1:0'];
    const first = await nodes.start('1.1.1.1', [], { listen, neighbours: 4 });
    const bootstrap = [`1.1.1.1@${first.addresses[0]}`];
    const b = await nodes.start('1.1.1.2', [], { listen, bootstrap });
    const c = await nodes.start('1.1.1.3', [], { listen, bootstrap });
    await Promise.all([b, c].map((node) => when(node, 'links with both', () => upTo(node) === 2)));
    await reaches([first, b, c]);
  });
});

run();
