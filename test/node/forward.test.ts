/** Plain UDP programs over the overlay, the load tester, and what the admin interface says of it: real nodes, two hops. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import type { LoadSinkReport, LoadSourceReport } from '../../ts/node/admin.types.js';
import { ask } from './admin-client.js';
import { insist, next, onEachPath, routed, run, TestNodes } from './nodes.js';

async function udpSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

onEachPath('forwards and loads', (test, path) => {
  test('many clients reach a server behind another node, each gets its own answers, also after a worker crashed', async () => {
    const nodes = new TestNodes(path);
    const server = await udpSocket();
    const clients = await Promise.all([udpSocket(), udpSocket(), udpSocket()]);
    try {
      server.on('message', (message, from) => server.send(`re: ${message.toString()}`, from.port, from.address));
      const b = await nodes.start('1.1.1.2');
      const c = await nodes.start('1.1.1.3', [b], { exposes: [`6000=udp://localhost:${server.address().port}`] });
      const a = await nodes.start('1.1.1.1', [b], {
        forwards: ['udp://localhost:0=1.1.1.3:6000'],
        allowFaults: true,
      });
      await Promise.all([routed(a, c.id), routed(c, a.id)]);
      const entry = Number(a.forwardAddresses[0]?.split(':').at(-1));
      const exchange = async () => {
        const answers = clients.map((client) => next<[Buffer]>(client, 'message'));
        const send = () => {
          for (const [index, client] of clients.entries()) client.send(`client ${index}`, entry, '127.0.0.1');
        };
        const texts = (await insist(send, Promise.all(answers))).map(([message]) => message.toString());
        assert.equal(texts, ['re: client 0', 're: client 1', 're: client 2']);
      };
      await exchange();
      await c.bind(6000).then(
        () => assert.unreachable(),
        (error) => assert.is(error.code, 'PORT_IN_USE'),
      );
      const restarted = next(a, 'workerRestarted');
      await a.injectFault({ kind: 'crashWorker', worker: 0 });
      await restarted;
      await Promise.all([routed(a, c.id), routed(c, a.id)]);
      assert.is(a.forwardAddresses[0]?.endsWith(`:${entry}`), true, 'the same port as before');
      await exchange();
    } finally {
      await nodes.close();
      for (const socket of [server, ...clients]) socket.close();
    }
  });

  test('a forward and an expose are opened and closed while the nodes run, and survive a crash of the worker', async () => {
    const nodes = new TestNodes(path);
    const server = await udpSocket();
    const client = await udpSocket();
    try {
      server.on('message', (message, from) => server.send(`re: ${message.toString()}`, from.port, from.address));
      const b = await nodes.start('1.1.1.2', [], { allowFaults: true });
      const a = await nodes.start('1.1.1.1', [b], { allowFaults: true });
      await Promise.all([routed(a, b.id), routed(b, a.id)]);
      const exposed = await b.expose(`6000=udp://localhost:${server.address().port}`);
      assert.is(exposed.address, `udp://127.0.0.1:${server.address().port}`);
      await b.expose('6000=udp://127.0.0.1:9').then(
        () => assert.unreachable(),
        (error) => assert.is(error.code, 'PORT_IN_USE'),
      );
      const forward = await a.forward('udp://127.0.0.1:0=1.1.1.2:6000');
      assert.equal(a.forwardAddresses, [forward.address]);
      const entry = Number(forward.address.split(':').at(-1));
      await a.forward(`udp://127.0.0.1:${entry}=1.1.1.2:6000`).then(
        () => assert.unreachable(),
        (error) => assert.equal([error.code, error.option], ['ADDRESS_IN_USE', 'forward']),
      );
      const exchange = async () => {
        const answer = next<[Buffer]>(client, 'message');
        const [message] = await insist(() => client.send('hello', entry, '127.0.0.1'), answer);
        assert.is(message.toString(), 're: hello');
      };
      await exchange();
      for (const node of [a, b]) {
        const restarted = next(node, 'workerRestarted');
        await node.injectFault({ kind: 'crashWorker', worker: 0 });
        await restarted;
      }
      await Promise.all([routed(a, b.id), routed(b, a.id)]);
      await exchange();

      await Promise.all([forward.close(), exposed.close()]);
      await forward.close();
      assert.equal(a.forwardAddresses, []);
      (await b.bind(6000)).close(); // nobody has the port now
      client.close();
      const again = createSocket('udp4').bind(entry, '127.0.0.1');
      await once(again, 'listening'); // nor the address
      again.close();
    } finally {
      await nodes.close();
      server.close();
    }
  });

  test('whichever worker receives a packet of a forward, worker 0 answers with one flow a client', async () => {
    const nodes = new TestNodes(path);
    const server = await udpSocket();
    try {
      const seen = new Set<number>();
      server.on('message', (message, from) => {
        seen.add(from.port);
        server.send(message, from.port, from.address);
      });
      const b = await nodes.start('1.1.1.2', [], {
        workers: 4,
        exposes: [`6000=udp://127.0.0.1:${server.address().port}`],
      });
      // The kernel spreads the neighbours over the workers by their addresses: that all fall to worker 0 happens once in 4^6 runs.
      const ids = ['1.1.1.3', '1.1.1.4', '1.1.1.5', '1.1.1.6', '1.1.1.7', '1.1.1.8'];
      const clients = await Promise.all(ids.map((id) => nodes.start(id, [b])));
      await Promise.all(clients.map((client) => routed(client, b.id)));
      for (const client of clients) {
        const socket = await client.bind();
        const answer = next<[Uint8Array]>(socket, 'message');
        const [echo] = await insist(() => socket.send(new TextEncoder().encode(client.id), b.id, 6000), answer);
        assert.is(new TextDecoder().decode(echo), client.id);
      }
      assert.is(seen.size, ids.length);
      assert.is(b.counters().dropped['portUnreachable'], 0);
    } finally {
      await nodes.close();
      server.close();
    }
  });

  test('a forward at a port in use is an error that names it', async () => {
    const nodes = new TestNodes(path);
    const taken = await udpSocket();
    try {
      await nodes.start('1.1.1.1', [], { forwards: [`udp://127.0.0.1:${taken.address().port}=1.1.1.3:6000`] }).then(
        () => assert.unreachable(),
        (error) => {
          assert.is(error.code, 'ADDRESS_IN_USE');
          assert.is(error.option, 'forwards[0]');
        },
      );
    } finally {
      taken.close();
      await nodes.close();
    }
  });

  test('a load from node to node is started, measured and stopped over the admin interface', async () => {
    const nodes = new TestNodes(path);
    try {
      const b = await nodes.start('1.1.1.2', [], { admin: '127.0.0.1:0' });
      const a = await nodes.start('1.1.1.1', [b], { admin: '127.0.0.1:0' });
      await routed(a, b.id);
      const sink = b.adminAddress as string;
      const source = a.adminAddress as string;
      assert.is((await ask(sink, 'POST', '/load/sink', { port: 7000 })).status, 200);
      const order = { destination: '1.1.1.2', port: 7000, size: 200, rate: 2000, flows: 4 };
      const started = await ask(source, 'POST', '/load/source', order);
      assert.is(started.status, 200, started.text);
      assert.is((started.json() as LoadSourceReport).running, true);
      const measured = () => ask(sink, 'GET', '/load/sink').then((answer) => answer.json() as LoadSinkReport);
      let report = await measured();
      while (report.received < 200) report = await measured();
      const stopped = (await ask(source, 'DELETE', '/load/source')).json() as LoadSourceReport;
      assert.is(stopped.running, false);
      assert.ok(stopped.sent >= report.received);
      assert.ok(report.delayMicros !== null && report.delayMicros.p50 > 0);
      const end = (await ask(sink, 'DELETE', '/load/sink')).json() as LoadSinkReport;
      assert.is(end.receivedBytes, end.received * 200);
      (await b.bind(7000)).close(); // the port is free again
      for (const [wrong, status] of [
        [{ ...order, size: 8 }, 400],
        [{ ...order, port: 0 }, 400],
        [{ ...order, echo: true }, 400],
        [{ port: 7000 }, 400],
      ] as const)
        assert.is((await ask(source, 'POST', '/load/source', wrong)).status, status, JSON.stringify(wrong));
    } finally {
      await nodes.close();
    }
  });
});

run();
