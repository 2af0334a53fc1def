/** A network that lets no UDP through, and then does: real nodes with addresses for both. On both packet paths at once, for most of it is waiting. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answered, PATHS, type Path, routed, TestNodes, when } from './nodes.js';

/** A datagram that has not come after this time is lost. */
const PATIENCE_MS = 20_000;

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

async function returns(path: Path): Promise<void> {
  const nodes = new TestNodes(path);
  // A socket that swallows what comes, as a firewall does: at the port where the peer will listen for UDP later.
  const hole = createSocket('udp4');
  hole.bind(0, '127.0.0.1');
  await once(hole, 'listening');
  const { port } = hole.address();
  let back: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
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
    const message = () => once(inbox, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    const outbox = await a.bind();
    timer = setInterval(() => {
      if (outbox.send(Uint8Array.of(1), b.id, 6000)) count.sent++;
    }, 10);
    back = forwardAll(hole, Number(udp.split(':').at(-1)));
    await when(a, 'the link is over UDP', () => a.links()[0]?.address === `udp://127.0.0.1:${port}`);
    assert.is(a.links().length, 1);
    await when(b, 'the other end sees it too', () => b.links()[0]?.address.startsWith('udp://') === true);
    const { sent } = count;
    while (count.sent < sent + 250) await message(); // until after the link over TCP has been left
    clearInterval(timer);
    await answered(a, b.id);
    while (count.received < count.sent) await message();
    assert.is(count.received, count.sent);
    assert.is(a.links()[0]?.address, `udp://127.0.0.1:${port}`);
  } finally {
    clearInterval(timer);
    await nodes.close();
    hole.close();
    back?.close();
  }
}

test('where UDP does not answer, TCP is used; when it does, the link returns to UDP, and nothing is lost on the way', async () => {
  await Promise.all(PATHS.map(returns));
});

test.run();
