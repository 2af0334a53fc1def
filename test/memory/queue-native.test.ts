/** The C++ ends of a queue and the JavaScript ones on the same memory. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readSync } from 'node:fs';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { seededRandom } from '../../ts/kit/random.js';
import { createQueue, QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';

const { addon, reason } = loadAddon();
const STARTS = [0, 2 ** 31 - 64, 2 ** 32 - 64];

/** Takes what an eventfd has counted; 0 when it was not written. */
function eventCount(fd: number): number {
  const count = new BigUint64Array(1);
  try {
    readSync(fd, count);
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'EAGAIN');
  }
  return Number(count[0]);
}

if (addon === undefined) {
  test(`there is no native queue here, and a reason is given: ${reason}`, () => assert.is.not(reason, ''));
} else {
  const native = addon;
  const { ring } = native;

  for (const producers of ['one', 'many'] as const)
    for (const startPosition of STARTS)
      test(`${producers}: both languages write and read each other's records, from position ${startPosition}`, () => {
        const random = seededRandom(startPosition + 1);
        const queue = createQueue({ bytes: 512, producers, startPosition });
        const bytes = new Uint8Array(queue);
        const expected: { type: number; bytes: number[] }[] = [];
        for (let round = 0; round < 500; round++) {
          const record = new Uint8Array(random.below(120)).fill(round);
          const entry = { type: random.next(), bytes: [...record] };
          if (random.chance(0.5)) {
            const written = ring.write(bytes, record, entry.type, 1 + random.below(3), 1 + random.below(3), -1);
            for (let i = 0; i < written; i++) expected.push(entry);
          } else if (new QueueProducer(queue, { batchBytes: 128 }).tryWrite(record, entry.type)) expected.push(entry);
          if (random.chance(0.6)) continue;
          const limit = random.below(8);
          const got: { type: number; bytes: number[] }[] = [];
          if (random.chance(0.5))
            for (const taken of ring.read(bytes, limit, -1)) got.push({ type: taken.type, bytes: [...taken.bytes] });
          else {
            const consumer = new QueueConsumer(queue);
            consumer.read((type, offset, length) => {
              got.push({ type, bytes: [...consumer.bytes.subarray(offset, offset + length)] });
            }, limit);
          }
          assert.equal(got, expected.splice(0, got.length), `round ${round}`);
          assert.ok(got.length === limit || expected.length === 0);
        }
      });

  test('refusals are counted together', () => {
    const queue = createQueue({ bytes: 64, producers: 'many' });
    const producer = new QueueProducer(queue);
    assert.is(ring.write(new Uint8Array(queue), new Uint8Array(8), 0, 9, 1, -1), 2);
    assert.is(producer.refused, 1);
    assert.is(producer.tryWrite(new Uint8Array(16)), false);
    assert.is(producer.refused, 2);
  });

  test('a native producer writes the eventfd only when the consumer sleeps elsewhere', () => {
    const event = native.createEvent();
    const queue = createQueue({ bytes: 1024, producers: 'one' });
    const consumer = new QueueConsumer(queue);
    const write = () => ring.write(new Uint8Array(queue), new Uint8Array(8), 0, 1, 1, event);
    write();
    assert.is(eventCount(event), 0);
    assert.not(consumer.sleepElsewhere(), 'there is a record');
    consumer.read(() => {});
    assert.ok(consumer.sleepElsewhere());
    write();
    write();
    assert.is(eventCount(event), 1);
    consumer.awake();
    native.closeSocket(event);
  });

  test('a JavaScript producer wakes a native consumer, a native consumer a JavaScript producer', () => {
    const event = native.createEvent();
    const queue = createQueue({ bytes: 64, producers: 'one' });
    let wakes = 0;
    const producer = new QueueProducer(queue, { wake: () => wakes++ });
    assert.ok(ring.sleep(new Uint8Array(queue)));
    while (producer.tryWrite(new Uint8Array(8)));
    assert.is(wakes, 1);
    assert.ok(producer.sleepElsewhere(8));
    assert.is(ring.read(new Uint8Array(queue), 1, event).length, 1);
    assert.is(eventCount(event), 1);
    assert.not(producer.sleepElsewhere(8), 'there is room');
    assert.throws(() => ring.read(new Uint8Array(4096), 1, event), /holds no queue/);
    native.closeSocket(event);
  });

  test('without a way to wake a consumer that sleeps elsewhere, a producer says so', () => {
    const queue = createQueue({ bytes: 64, producers: 'one' });
    assert.ok(new QueueConsumer(queue).sleepElsewhere());
    assert.throws(() => new QueueProducer(queue).tryWrite(new Uint8Array(8)), /pass a `wake` function/);
  });

  for (const [producers, threads] of [['one', 1] as const, ['many', 2] as const])
    test(`${threads} native threads write, JavaScript reads: nothing is lost or torn across 2^32`, async () => {
      const COUNT = 30_000;
      const queue = createQueue({ bytes: 8192, producers, startPosition: 2 ** 32 - 8192 });
      const workers = Array.from(
        { length: threads },
        () => new Worker(new URL('./queue-native-worker.js', import.meta.url), { workerData: { queue, count: COUNT } }),
      );
      const exits = workers.map((worker) => once(worker, 'exit'));
      const consumer = new QueueConsumer(queue);
      const seen = new Map<number, number>();
      let records = 0;
      let wrong = 0;
      const check = (_type: number, offset: number, length: number) => {
        const i = consumer.view.getUint32(offset, true);
        // Each of the writers writes 0, 1, 2 ...: every number comes once a writer.
        seen.set(i, (seen.get(i) ?? 0) + 1);
        for (let at = offset + 4; at < offset + length; at++) if (consumer.bytes[at] !== (i & 255)) wrong++;
      };
      while (records < COUNT * threads) {
        const got = consumer.read(check, 64);
        records += got;
        if (got === 0) await new Promise(setImmediate); // a native producer does not wake Atomics.wait
      }
      await Promise.all(exits);
      assert.is(wrong, 0);
      assert.is(seen.size, COUNT);
      assert.ok([...seen.values()].every((times) => times === threads));
    });

  test('ring.h stands alone: it compiles as C++17 without warnings', async () => {
    const header = new URL('../../../native/ring.h', import.meta.url).pathname;
    const flags = ['-std=c++17', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-include', header, '-x', 'c++'];
    await promisify(execFile)(process.env['CXX'] ?? 'g++', [...flags, '/dev/null']);
  });
}

test.run();
