/** When a connection, a worker or a whole transport fails: real nodes with links over tcp://. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { startChild } from './child-process.js';
import { answered, next, onEachPath, routed, run, TestNodes, when } from './nodes.js';

const TCP = { listen: ['tcp://127.0.0.1:0'] };

/** From here on `hole` passes all datagrams on to a port, and the answers back to who sent last. */
function forwardAll(hole: Socket, port: number): Socket {
  const other = createSocket('udp4');
  let client = 0;
  hole.on('message', (message, from) => {
    client = from.port;
    other.send(message, port, '127.0.0.1');
  });
  other.on('message', (message) => hole.send(message, client, '127.0.0.1'));
  return other;
}

onEachPath('tcp failures', (test, path) => {
  test('a peer that is killed is noticed by the end of its connection, and dialed until it is back', async () => {
    const nodes = new TestNodes(path);
    const options = { id: '1.1.1.2', ...TCP, packetPath: path, workers: 1 };
    const child = await startChild(options);
    try {
      const a = await nodes.start('1.1.1.1', [], { ...TCP, peers: [`1.1.1.2@${child.address}`] });
      await routed(a, '1.1.1.2');
      const down = next<[{ reason: string }]>(a, 'linkDown');
      await child.kill();
      assert.is((await down)[0].reason, 'disconnected');
      const second = await startChild({ ...options, listen: [child.address] });
      try {
        await routed(a, '1.1.1.2');
        await answered(a, '1.1.1.2');
      } finally {
        await second.kill();
      }
    } finally {
      await nodes.close();
      await child.kill();
    }
  });

  test('the worker for TCP crashes: its successor listens at the same port, and the links come back', async () => {
    const nodes = new TestNodes(path);
    try {
      const b = await nodes.start('1.1.1.2', [], { ...TCP, allowFaults: true });
      const a = await nodes.start('1.1.1.1', [b], TCP);
      await routed(a, b.id);
      const [address] = b.addresses;
      const restarted = next<[{ worker: number }]>(b, 'workerRestarted');
      const down = next<[{ reason: string }]>(a, 'linkDown');
      await b.injectFault({ kind: 'crashWorker', worker: b.status().workers });
      assert.is((await restarted)[0].worker, b.status().workers);
      assert.is((await down)[0].reason, 'disconnected');
      assert.equal(b.addresses, [address]);
      await when(a, 'the link is up again', () => a.links()[0]?.state === 'up');
      await answered(a, b.id);
    } finally {
      await nodes.close();
    }
  });

  test('where UDP does not answer, TCP is used; when it does, the link returns to UDP, and nothing is lost on the way', async () => {
    const nodes = new TestNodes(path);
    // A socket that swallows what comes, as a firewall does: at the port where the peer will listen for UDP later.
    const hole = createSocket('udp4');
    hole.bind(0, '127.0.0.1');
    await once(hole, 'listening');
    const { port } = hole.address();
    let back: Socket | undefined;
    try {
      const b = await nodes.start('1.1.1.2', [], { listen: ['tcp://127.0.0.1:0', 'udp://127.0.0.1:0'] });
      const [tcp, udp] = b.addresses as [string, string];
      const a = await nodes.start('1.1.1.1', [], { peers: [`${b.id}@udp://127.0.0.1:${port}`, `${b.id}@${tcp}`] });
      await routed(a, b.id);
      assert.is(a.links()[0]?.address, tcp);

      // Datagrams all the while, and UDP opens: what the hole gets, it now passes on.
      const inbox = await b.bind(6000);
      const count = { sent: 0, received: 0 };
      inbox.on('message', () => count.received++);
      const outbox = await a.bind();
      const timer = setInterval(() => {
        if (outbox.send(Uint8Array.of(1), b.id, 6000)) count.sent++;
      }, 10);
      back = forwardAll(hole, Number(udp.split(':').at(-1)));
      await when(a, 'the link is over UDP', () => a.links()[0]?.address === `udp://127.0.0.1:${port}`);
      assert.is(a.links().length, 1);
      await when(b, 'the other end sees it too', () => b.links()[0]?.address.startsWith('udp://') === true);
      const { sent } = count;
      while (count.sent < sent + 250) await once(inbox, 'message'); // until after the link over TCP has been left
      clearInterval(timer);
      await answered(a, b.id);
      while (count.received < count.sent) await once(inbox, 'message');
      assert.is(count.received, count.sent);
      assert.is(a.links()[0]?.address, `udp://127.0.0.1:${port}`);
    } finally {
      await nodes.close();
      hole.close();
      back?.close();
    }
  });
});

run();
