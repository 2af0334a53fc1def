/**
 * A thread that passes TCP connections on to a port of this machine, slowly towards it, and takes no more from a connection than it passes on:
 * for tests, whose own thread may be busy meanwhile. Tells its port.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** `rate`: bytes a second. */
const { port, rate } = workerData as { readonly port: number; readonly rate: number };
const EVERY_MS = 10;

const server = createServer({ noDelay: true }, (from) =>
  pass(from, connect({ host: '127.0.0.1', port, noDelay: true })),
);
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));

function pass(from: Socket, to: Socket): void {
  to.pipe(from);
  from.on('readable', () => undefined); // as long as somebody listens, and does not read, little is taken in
  let passedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const most = Math.floor((Math.min(now - passedAt, 5 * EVERY_MS) * rate) / 1000);
    passedAt = now;
    const chunk: Buffer | null = from.read(Math.min(most, from.readableLength));
    if (chunk !== null) to.write(chunk);
  }, EVERY_MS);
  from.on('close', () => {
    clearInterval(timer);
    to.destroy();
  });
  to.on('close', () => from.destroy());
  for (const socket of [from, to]) socket.on('error', () => socket.destroy());
}
