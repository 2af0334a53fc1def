/** A thread of ended-thread.test.ts: in and out of the addon, until it is ended. */
import { parentPort } from 'node:worker_threads';
import { addon } from './rig.js';

const options = {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  joins: true,
  fragments: false,
  receiveBuffer: 1,
  sendBuffer: 1,
  gso: true,
  gro: true,
};

parentPort?.postMessage('running');
for (;;) {
  const fd = addon?.openUdpSocket(options).fd;
  if (fd !== undefined) addon?.closeSocket(fd);
}
