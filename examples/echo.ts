/** Two nodes in one process: an echo server and a client that measures ten round trips. */
import { once } from 'node:events';
import { createNode } from '../ts/index.js';

await using server = await createNode({ id: '1.1.1.1', listen: ['udp://127.0.0.1:0'] });
await using client = await createNode({
  id: '1.1.1.2',
  listen: ['udp://127.0.0.1:0'],
  peers: [`1.1.1.1@${server.addresses[0]}`],
});
await once(client, 'routeChanged');

const echo = await server.bind(7);
echo.on('message', (payload, from) => echo.send(payload, from.id, from.port));

const socket = await client.bind();
for (let i = 0; i < 10; i++) {
  const started = performance.now();
  socket.send(new TextEncoder().encode(`number ${i}`), '1.1.1.1', 7);
  const [payload] = (await once(socket, 'message')) as [Uint8Array];
  console.log(`${new TextDecoder().decode(payload)} came back after ${(performance.now() - started).toFixed(2)} ms`);
}
