/** A program that stops when `send` says so loses nothing before a slow link, and stops nobody who sends elsewhere. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { DatagramSocket, Node } from '../../ts/index.js';
import { answered, onEachPath, peerOf, run, TestNodes } from './nodes.js';

const RATE = '?rate=5Mbit';

/** Sends as fast as it may; returns how often it had to wait. `onStop` is called the first time. */
async function sendAll(socket: DatagramSocket, to: string, count: number, bytes: number, onStop = () => {}) {
  let waits = 0;
  for (let i = 0; i < count; i++) {
    if (socket.send(new Uint8Array(bytes), to, 6000)) continue;
    if (waits++ === 0) onStop();
    await once(socket, 'drain');
  }
  return waits;
}

/** What comes to port 6000 of the node, counted. */
async function sink(node: Node): Promise<{ received: number }> {
  const count = { received: 0 };
  (await node.bind(6000)).on('message', () => count.received++);
  return count;
}

/** Resolves when all that was sent has arrived, or is told of: on a busy machine a link may fail. Nothing may be lost for want of room. */
async function settled(
  nodes: readonly Node[],
  sinks: readonly { readonly received: number }[],
  sent: number,
): Promise<void> {
  const drops = () => nodes.flatMap((node) => Object.values(node.counters().dropped)).reduce((sum, n) => sum + n, 0);
  const before = performance.now();
  while (sinks.reduce((sum, { received }) => sum + received, 0) + drops() < sent) {
    if (performance.now() - before > 20_000)
      throw new Error(`of ${sent} datagrams some are missing: ${JSON.stringify(sinks)}`);
    await delay(5);
  }
  const { codelDropped, egressFull, handoverFull } = (nodes[0] as Node).counters().dropped;
  assert.equal({ codelDropped, egressFull, handoverFull }, { codelDropped: 0, egressFull: 0, handoverFull: 0 });
}

onEachPath<{ nodes: TestNodes }>('back-pressure', (test, path) => {
  const workers = path === 'native' ? 2 : 1;
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  test('everything arrives over a slow link, whichever worker has it; other peers are sent to meanwhile', async ({
    nodes,
  }) => {
    const b = await nodes.start('1.1.1.2');
    const c = await nodes.start('1.1.1.3');
    const a = await nodes.start('1.1.1.1', [c], { peers: [`${peerOf(b)}${RATE}`, peerOf(c)], workers });
    await Promise.all([answered(a, b.id), answered(a, c.id)]);
    const sinks = [await sink(b), await sink(c)];
    const [slow, other] = [await a.bind(7000), await a.bind(7001)];
    const sent: boolean[] = [];
    const sendElsewhere = () => {
      for (let i = 0; i < 100; i++)
        for (const socket of [slow, other]) sent.push(socket.send(new Uint8Array(9), c.id, 6000));
    };
    assert.ok((await sendAll(slow, b.id, 300, 1000, sendElsewhere)) > 10);
    assert.equal(new Set(sent), new Set([true]));
    await sendAll(slow, b.id, 10, 30_000);
    await settled([a, b, c], sinks, 510);
  });

  test('two sockets share a slow link, over TCP too', async ({ nodes }) => {
    const b = await nodes.start('1.1.1.2', [], { listen: ['tcp://127.0.0.1:0'] });
    const a = await nodes.start('1.1.1.1', [], { peers: [`${peerOf(b)}${RATE}`], workers });
    await answered(a, b.id);
    const sinks = [await sink(b)];
    const sockets = [await a.bind(), await a.bind()];
    const waits = await Promise.all(sockets.map((socket) => sendAll(socket, b.id, 150, 1000)));
    assert.ok(
      waits.every((times) => times > 3),
      waits.join(),
    );
    await settled([a, b], sinks, 300);
  });
});

run();
