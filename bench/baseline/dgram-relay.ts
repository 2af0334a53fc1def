/**
 * The floor for the portable packet path: a transparent UDP relay over Node's dgram, as short as one can write it.
 *
 * Usage: node dgram-relay.js LISTEN_PORT TO_PORT      (127.0.0.1 only; prints "ready" once it receives)
 */
import { createSocket, type RemoteInfo } from 'node:dgram';

const [listenPort, toPort] = process.argv.slice(2).map(Number);
if (!listenPort || !toPort) throw new Error('usage: dgram-relay LISTEN_PORT TO_PORT');

const HOST = '127.0.0.1';
// Addresses are numbers already: no look-up a packet.
const lookup = (_host: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
  done(null, HOST, 4);
const options = { type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20, lookup } as const;
const inner = createSocket(options as Parameters<typeof createSocket>[0]);
const outer = createSocket(options as Parameters<typeof createSocket>[0]);
let client = 0;

inner.on('message', (message: Buffer, from: RemoteInfo) => {
  client = from.port;
  outer.send(message, toPort, HOST);
});
outer.on('message', (message: Buffer) => {
  if (client) inner.send(message, client, HOST);
});
outer.bind(0, HOST, () => inner.bind(listenPort, HOST, () => console.log('ready')));
