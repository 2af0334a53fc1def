/**
 * A node in a process of its own, for tests that kill it or that give it a network of its own: `node child-node.js '<options as JSON>'`.
 * Tells its address, then what it is asked for.
 */
import { createNode, type NodeOptions } from '../../ts/index.js';

const node = await createNode(JSON.parse(process.argv[2] ?? '{}') as NodeOptions);
/** Sends datagrams of `size` bytes to port 6000 of a node until one comes back as it went; how many it took. */
async function exchange(to: string, size: number): Promise<number> {
  const socket = await node.bind();
  const sent = Uint8Array.from({ length: size }, (_, i) => i * 7);
  let attempts = 0;
  const send = () => {
    attempts++;
    socket.send(sent, to, 6000);
  };
  const timer = setInterval(send, 200);
  try {
    // An error tells of one datagram; the next may pass.
    const answer = new Promise<Uint8Array>((resolve) => socket.once('message', resolve));
    send();
    const payload = await answer;
    if (!Buffer.from(sent).equals(payload)) throw new Error('the answer is another one');
    return attempts;
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

async function serve(): Promise<void> {
  for await (const { payload, from } of socket) socket.send(payload, from.id, from.port);
}
const socket = await node.bind(6000);
void serve();

process.send?.({
  address: node.addresses[0],
  forward: node.forwardAddresses[0],
  native: node.status().packetPath.kind === 'native',
});
// Nobody is left to ask it anything.
process.on('disconnect', () => process.exit());
process.on('message', (message) => {
  if (message === 'close') void node.close().then(() => process.disconnect());
  if (message === 'links') process.send?.({ links: node.links() });
  if (typeof message === 'object' && message !== null && 'to' in message && 'size' in message)
    void exchange(String(message.to), Number(message.size)).then((attempts) => process.send?.({ attempts }));
  if (message === 'counters') process.send?.({ counters: node.counters() });
});
