/** Far more data than a link over tcp:// carries: it loses data, counted, and nothing else. Real nodes, and a real connection through a slow proxy. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import { conserved } from './conservation.js';
import { answered, onEachPath, routed, run, TestNodes } from './nodes.js';

const TCP = { listen: ['tcp://127.0.0.1:0'] };
/** What the proxy passes on towards the listener, bytes a second. */
const RATE = 1_000_000;
/** Datagrams of 1000 bytes, every 10 ms: ten times that. */
const BURST = 100;
const BURSTS = 250;
const EVERY_MS = 10;

onEachPath('tcp overload', (test, path) => {
  test('a link to a slow receiver stays up while far more data is offered, which is dropped under its own counter', async () => {
    const nodes = new TestNodes(path);
    const b = await nodes.start('1.1.1.2', [], TCP);
    const workerData = { port: Number(b.addresses[0]?.split(':').at(-1)), rate: RATE };
    const proxy = new Worker(new URL('./slow-proxy.js', import.meta.url), { workerData });
    try {
      const [port] = (await once(proxy, 'message')) as [number];
      const a = await nodes.start('1.1.1.1', [], { ...TCP, peers: [`${b.id}@tcp://127.0.0.1:${port}`] });
      await Promise.all([routed(a, b.id), routed(b, a.id)]);
      const downs: unknown[] = [];
      for (const node of [a, b]) node.on('linkDown', (event) => downs.push(event));

      const inbox = await b.bind(6000);
      let received = 0;
      inbox.on('message', () => received++);
      const outbox = await a.bind();
      const payload = new Uint8Array(1000);
      for (let burst = 0; burst < BURSTS; burst++) {
        for (let i = 0; i < BURST; i++) outbox.send(payload, b.id, 6000);
        await delay(EVERY_MS);
        if (burst === BURSTS / 2) await Promise.all([answered(b, a.id), answered(a, b.id)]);
      }
      assert.equal(downs, []);
      const { dropped } = a.counters();
      assert.ok((dropped['tcpBacklogFull'] ?? 0) > 100, `dropped: ${JSON.stringify(dropped)}`);
      assert.equal([dropped['sendFailed'], dropped['unknownLink']], [0, 0]);
      assert.is(a.counters()['tcpStalled'], 0);
      assert.ok(received > 500, `only ${received} came`);
      await conserved([a, b]);
      assert.equal(downs, []);
    } finally {
      await nodes.close();
      await proxy.terminate();
    }
  });
});

run();
