/**
 * A node in a process of its own, for tests that kill it or that give it a network of its own: `node child-node.js '<options as JSON>'`.
 * Tells its address, then what it is asked for.
 */
import { createNode, type NodeOptions } from '../../ts/index.js';

const node = await createNode(JSON.parse(process.argv[2] ?? '{}') as NodeOptions);
process.send?.({
  address: node.addresses[0],
  forward: node.forwardAddresses[0],
  native: node.status().packetPath.kind === 'native',
});
process.on('message', (message) => {
  if (message === 'close') void node.close().then(() => process.disconnect());
  if (message === 'links') process.send?.({ links: node.links() });
  if (message === 'counters') process.send?.({ counters: node.counters() });
});
