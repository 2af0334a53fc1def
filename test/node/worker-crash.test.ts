/** A worker that crashes, for real, while packets flow: it is replaced, and nothing else is lost but what it had in hand. */
import * as assert from 'uvu/assert';
import { conserved } from './conservation.js';
import { answered, insist, line, next, onEachPath, routed, run } from './nodes.js';

onEachPath('worker crash', (test, path) => {
  test('the relay replaces its worker and goes on', async () => {
    const { a, b, c, close } = await line(path, { allowFaults: true });
    try {
      const before = b.status().counters.forwarded;
      assert.is((await a.ping('1.1.1.3', { count: 3, interval: 5 })).received, 3);
      const restarted = next<[{ worker: number; reason: string; afterMs: number }]>(b, 'workerRestarted');
      await b.injectFault({ kind: 'crashWorker', worker: 0 });
      const [{ worker, reason, afterMs }] = await restarted;
      assert.is(worker, 0);
      assert.match(reason, /crashed on command/);
      assert.ok(afterMs < 1000, `replaced after ${afterMs} ms`);
      // Its links may have been taken for dead meanwhile, where starting a thread takes long; then they come back.
      await Promise.all([routed(a, c.id), routed(c, a.id)]);
      await answered(a, c.id);
      let received = 0;
      for (let tries = 0; received < 5 && tries < 20; tries++)
        received = (await a.ping('1.1.1.3', { count: 5, interval: 5, timeout: 1000 })).received;
      assert.is(received, 5);
      assert.is(b.status().workerRestarts, 1);
      assert.ok(b.status().counters.forwarded >= before + 16, 'counters go on where they were');
    } finally {
      await close();
    }
  });

  if (path === 'native')
    test('with three workers, one crashes: the others and the sockets are not touched', async () => {
      const { a, b, c, close } = await line(path, { allowFaults: true, workers: 3 });
      try {
        assert.is(b.status().workers, 3);
        const restarted = next<[{ worker: number }]>(b, 'workerRestarted');
        await b.injectFault({ kind: 'crashWorker', worker: 2 });
        assert.is((await restarted)[0].worker, 2);
        await Promise.all([routed(a, c.id), routed(c, a.id)]);
        await answered(a, c.id);
        // Every worker's socket is in use: flows from many ports are spread over them.
        const server = await c.bind(6000);
        server.on('message', (payload, from) => server.send(payload, from.id, from.port));
        for (let i = 0; i < 20; i++) {
          const client = await a.bind();
          const send = () => client.send(Uint8Array.of(i), c.id, 6000);
          const [echo] = await insist(send, next<[Uint8Array]>(client, 'message'));
          assert.equal(echo, Uint8Array.of(i));
          client.close();
        }
        assert.is(b.status().workerRestarts, 1);
      } finally {
        await close();
      }
    });

  if (path === 'native')
    test('no frame is lost without a counter, whatever the relay’s worker had in hand', async () => {
      const { a, b, c, close } = await line(path, { allowFaults: true });
      try {
        const server = await c.bind(6000);
        const client = await a.bind();
        client.on('error', () => undefined); // no route, should the links go down meanwhile
        const flow = setInterval(() => {
          for (let i = 0; i < 50; i++) client.send(new Uint8Array(100), c.id, 6000);
        }, 1);
        for (let crash = 0; crash < 3; crash++) {
          const restarted = next(b, 'workerRestarted');
          await b.injectFault({ kind: 'crashWorker', worker: 0 });
          await restarted;
          await next(server, 'message');
        }
        clearInterval(flow);
        await conserved([a, b, c]);
      } finally {
        await close();
      }
    });

  test('a worker that crashes again and again is started again, and people are told', async () => {
    const { a, close } = await line(path, { allowFaults: true });
    try {
      const warned = next<[{ message: string }]>(a, 'warning');
      for (let i = 0; i < 5; i++) {
        const restarted = next(a, 'workerRestarted');
        await a.injectFault({ kind: 'crashWorker', worker: 0 });
        await restarted;
      }
      assert.match((await warned)[0].message, /crashes again and again/);
      assert.is((await a.ping('1.1.1.1', { count: 1, timeout: 5000 })).received, 1);
    } finally {
      await close();
    }
  });

  test('faults are refused unless the node was told to allow them', async () => {
    const { a, close } = await line(path);
    try {
      await a.injectFault({ kind: 'crashWorker', worker: 0 }).then(
        () => assert.unreachable(),
        (error) => assert.is(error.code, 'FAULT_REFUSED'),
      );
    } finally {
      await close();
    }
  });
});

run();
