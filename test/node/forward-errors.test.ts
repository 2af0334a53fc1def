/** What becomes of datagrams of port forwards that do not arrive, and who may use an expose: real programs and nodes. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Node, PortolanError } from '../../ts/index.js';
import { insist, next, onEachPath, routed, run, TestNodes } from './nodes.js';

/** A program that is connected to the forward at this address. */
async function program(address = ''): Promise<Socket> {
  const host = address.includes('[') ? '::1' : '127.0.0.1';
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
  socket.connect(Number(address.split(':').at(-1)), host);
  await once(socket, 'connect');
  return socket;
}

/** A free UDP port, at which nobody listens. */
async function freePort(host: string): Promise<number> {
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4').bind(0, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

const told = (node: Node) => Number(node.counters()['refusalsTold']);
const untold = (node: Node) => Number(node.counters()['refusalsUntold']);

/** Sends until the program has heard of an error, or the node could not tell of one. */
async function heard(node: Node, client: Socket): Promise<string> {
  const errors: string[] = [];
  const before = untold(node);
  client.on('error', (cause: NodeJS.ErrnoException) => {
    errors.push(cause.code ?? '');
  });
  while (errors.length === 0 && untold(node) === before) {
    // (An error that is pending is what the next send hears.)
    client.send('anybody?', (cause) => cause && client.emit('error', cause));
    await delay(20);
  }
  return errors[0] ?? 'untold';
}

onEachPath<{ nodes: TestNodes }>('errors of forwards', (test, path) => {
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  for (const [host, url, prohibited] of [
    ['127.0.0.1', '127.0.0.1', 'EHOSTUNREACH'],
    ['::1', '[::1]', 'EACCES'],
  ] as const)
    test(`a program hears why its datagrams do not arrive, where the system lets a node say it: ${host}`, async ({
      nodes,
    }) => {
      const behind = `udp://${url}:${await freePort(host)}`;
      const b = await nodes.start('1.1.1.2', [], { exposes: [`6000=${behind}`, `6002=${behind}?from=1.1.2.*`] });
      const a = await nodes.start('1.1.1.1', [b], {
        forwards: [6000, 6001, 6002].map((port) => `udp://${url}:0=1.1.1.2:${port}`),
      });
      await routed(a, b.id);
      // Behind the first one no program listens, behind the second one there is not even an expose, the third one is for others.
      const wanted = ['ECONNREFUSED', 'ECONNREFUSED', prohibited];
      for (const [index, address] of a.forwardAddresses.entries()) {
        const client = await program(address);
        const error = await heard(a, client);
        client.close();
        if (error !== 'untold') assert.is(error, wanted[index], `forward ${index}`);
        assert.ok(path === 'native' || error === 'untold');
      }
      assert.ok((b.counters().dropped['prohibited'] ?? 0) > 0);
    });

  test('an expose for some nodes only: theirs arrive, the others hear that they are prohibited', async ({ nodes }) => {
    const server = createSocket('udp4', (message, from) => server.send(message, from.port, from.address));
    await once(server.bind(0, '127.0.0.1'), 'listening');
    try {
      const b = await nodes.start('1.1.1.2', [], { allowFaults: true });
      await using exposed = await b.expose(`6000=udp://127.0.0.1:${server.address().port}?from=1.1.1.3,1.2.*`);
      const [friend, stranger] = [await nodes.start('1.1.1.3', [b]), await nodes.start('1.1.1.4', [b])];
      await Promise.all([routed(friend, b.id), routed(stranger, b.id)]);
      const exchange = async () => {
        const [one, other] = [await friend.bind(), await stranger.bind()];
        const answer = next<[Uint8Array]>(one, 'message');
        await insist(() => one.send(Uint8Array.of(1), b.id, 6000), answer);
        // While the worker is replaced, there may be no route.
        const prohibited = new Promise<void>((resolve) =>
          other.on('error', ({ code }: PortolanError) => code === 'PROHIBITED' && resolve()),
        );
        await insist(() => other.send(Uint8Array.of(2), b.id, 6000), prohibited);
      };
      await exchange();
      const restarted = next(b, 'workerRestarted');
      await b.injectFault({ kind: 'crashWorker', worker: 0 });
      await restarted;
      await exchange();
      assert.match(exposed.address, /^udp:/);
    } finally {
      server.close();
    }
  });

  test('a program that floods a way that does not exist is told a few times a second', async ({ nodes }) => {
    const a = await nodes.start('1.1.1.1', [], { forwards: ['udp://127.0.0.1:0=1.1.1.9:6000'] });
    const client = await program(a.forwardAddresses[0]);
    client.on('error', () => undefined);
    const lost = () => a.counters().dropped['noRoute'] ?? 0;
    const before = performance.now();
    while (lost() < 300) {
      for (let i = 0; i < 10; i++) client.send('anybody?');
      await delay(1);
    }
    client.close();
    const seconds = (performance.now() - before) / 1000;
    const errors = told(a) + untold(a);
    assert.ok(errors > 0 && errors <= 21 + 10 * seconds, `${errors} in ${seconds} s`);
  });
});

run();
