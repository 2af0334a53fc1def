import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createQueue, QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import type { QueueTask } from './queue-worker.js';

async function run(task: QueueTask): Promise<{ done: number; wrong?: number }> {
  const worker = new Worker(new URL('./queue-worker.js', import.meta.url), { workerData: task });
  const exit = once(worker, 'exit');
  const [result] = (await once(worker, 'message')) as [{ done: number; wrong?: number }];
  await exit;
  return result;
}

async function exchange(queue: SharedArrayBuffer, writers: number, count: number, batch: number): Promise<void> {
  const tasks = Array.from({ length: writers }, (_, number) => run({ queue, role: 'write', number, count, batch }));
  const read = await run({ queue, role: 'read', number: writers, count, batch });
  await Promise.all(tasks);
  assert.equal(read, { done: writers * count, wrong: 0 });
}

// The ring is small, so that both ends sleep often; the positions pass 2^31 or 2^32 early in each run.
for (const startPosition of [2 ** 31 - 4096, 2 ** 32 - 4096])
  for (const batch of [1, 16]) {
    test(`one writer, batches of ${batch}: nothing is lost or torn from position ${startPosition}`, async () => {
      await exchange(createQueue({ bytes: 2048, producers: 'one', startPosition }), 1, 8_000, batch);
    });

    test(`three writers, batches of ${batch}: nothing is lost or torn from position ${startPosition}`, async () => {
      await exchange(createQueue({ bytes: 2048, producers: 'many', startPosition }), 3, 3_000, batch);
    });
  }

test('a consumer on the event loop waits for records of a worker without blocking', async () => {
  const queue = createQueue({ bytes: 1024, producers: 'one' });
  const writer = run({ queue, role: 'write', number: 0, count: 5_000, batch: 4 });
  const consumer = new QueueConsumer(queue);
  const got: number[] = [];
  while (got.length < 5_000) {
    const records = consumer.read((_type, offset) => got.push(consumer.view.getUint32(offset, true)));
    if (records === 0) assert.ok(await consumer.waitAsync());
  }
  assert.ok(got.every((value, index) => value === index));
  await writer;
});

test('a producer on the event loop waits for room that a worker makes', async () => {
  const queue = createQueue({ bytes: 256, producers: 'many' });
  const reader = run({ queue, role: 'read', number: 1, count: 2_000, batch: 3 });
  const producer = new QueueProducer(queue);
  for (let i = 0; i < 2_000; ) {
    const length = (Math.imul(i, 0x9e3779b1) >>> 0) % 100;
    const offset = producer.claim(4 + length);
    if (offset < 0) {
      assert.ok(await producer.waitForRoomAsync(4 + length));
      continue;
    }
    producer.view.setUint32(offset, i, true);
    producer.bytes.fill(i & 255, offset + 4, offset + 4 + length);
    producer.publish();
    i++;
  }
  assert.equal(await reader, { done: 2_000, wrong: 0 });
});

test('waits end at their time-out and at an abort', async () => {
  const queue = createQueue({ bytes: 64, producers: 'one' });
  const consumer = new QueueConsumer(queue);
  const producer = new QueueProducer(queue);
  assert.is(consumer.wait(1), false);
  while (producer.tryWrite(new Uint8Array(8)));
  assert.is(producer.waitForRoom(8, 1), false);
  const abort = new AbortController();
  const waiting = producer.waitForRoomAsync(8, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await waiting.then(
    () => assert.unreachable('the wait was aborted'),
    (error: Error) => assert.is(error.message, 'enough'),
  );
  consumer.read(() => {});
  assert.ok(await producer.waitForRoomAsync(8, { signal: new AbortController().signal }));
});

test.run();
