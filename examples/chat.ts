/** A chat room: node chat.js ID PORT [PEER]. Every line goes to all nodes that have been heard of. */
import { createInterface } from 'node:readline';
import { createNode } from '../ts/index.js';

const ROOM = 5000;
const [id = '1.1.1.1', port = '0', peer] = process.argv.slice(2);

const node = await createNode({ id, listen: [`udp://127.0.0.1:${port}`], peers: peer === undefined ? [] : [peer] });
const room = await node.bind(ROOM);
console.log(`${node.id} listens at ${node.addresses[0]}; say something`);
node.on('linkUp', (link) => console.log(`* ${link.peer} is here`));
node.on('linkDown', (link) => console.log(`* ${link.peer} is gone (${link.reason})`));
room.on('message', (payload, from) => console.log(`${from.id}: ${new TextDecoder().decode(payload)}`));
room.on('error', (error) => console.log(`* ${error.message}`));

for await (const line of createInterface({ input: process.stdin })) {
  const payload = new TextEncoder().encode(line);
  for (const { destination } of node.routes()) if (!destination.includes('*')) room.send(payload, destination, ROOM);
}
await node.close();
