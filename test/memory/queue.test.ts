import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createQueue,
  QueueConsumer,
  QueueError,
  QueueProducer,
} from '../../ts/memory/sharedarraybuffer-queue/index.js';

const MODES = ['one', 'many'] as const;
const STARTS = [0, 2 ** 31 - 64, 2 ** 31 - 8, 2 ** 32 - 64, 2 ** 32 - 8];
const bytes = (...values: number[]) => Uint8Array.from(values);

const code = (wanted: string) => (error: unknown) => error instanceof QueueError && error.code === wanted;
const fail = () => {
  throw new RangeError('handler');
};

function readAll(consumer: QueueConsumer, limit = Infinity): { type: number; bytes: number[] }[] {
  const records: { type: number; bytes: number[] }[] = [];
  consumer.read((type, offset, length) => {
    records.push({ type, bytes: [...consumer.bytes.subarray(offset, offset + length)] });
  }, limit);
  return records;
}

for (const producers of MODES) {
  test(`${producers}: records arrive whole, in order, with their types`, () => {
    const queue = createQueue({ bytes: 1024, producers });
    const producer = new QueueProducer(queue);
    const consumer = new QueueConsumer(queue);
    assert.ok(producer.tryWrite(bytes(1, 2, 3), 0xfedcba98));
    assert.ok(producer.tryWrite(bytes()));
    assert.ok(producer.tryWrite(bytes(1, 2, 3, 4, 5, 6, 7, 8), 7));
    assert.equal(readAll(consumer), [
      { type: 0xfedcba98, bytes: [1, 2, 3] },
      { type: 0, bytes: [] },
      { type: 7, bytes: [1, 2, 3, 4, 5, 6, 7, 8] },
    ]);
    assert.equal(readAll(consumer), []);
    assert.is(consumer.backlog, 0);
  });

  test(`${producers}: a producer knows what its consumer has not given back`, () => {
    const queue = createQueue({ bytes: 1024, producers });
    const producer = new QueueProducer(queue);
    const consumer = new QueueConsumer(queue);
    assert.is(producer.backlog, 0);
    producer.tryWrite(bytes(1));
    const full = producer.backlog;
    assert.ok(full >= 1);
    assert.ok(consumer.next());
    assert.is(producer.backlog, full, 'read, and not yet given back');
    consumer.release();
    assert.is(producer.backlog, 0);
  });

  test(`${producers}: nothing is seen before it is published, then all of it`, () => {
    const queue = createQueue({ bytes: 4096, producers });
    const producer = new QueueProducer(queue, { batchBytes: 256 });
    const consumer = new QueueConsumer(queue);
    for (let i = 0; i < 5; i++) assert.ok(producer.stage(bytes(i)));
    assert.is(consumer.next(), false);
    assert.ok(producer.publish());
    assert.not(producer.publish());
    assert.equal(
      readAll(consumer).map((record) => record.bytes[0]),
      [0, 1, 2, 3, 4],
    );
    assert.is(consumer.backlog, 0);
  });

  test(`${producers}: a full ring refuses by its return value and counts`, () => {
    const queue = createQueue({ bytes: 256, producers });
    const producer = new QueueProducer(queue);
    const consumer = new QueueConsumer(queue);
    let written = 0;
    while (producer.tryWrite(new Uint8Array(24).fill(written))) written++;
    assert.is(written, 8);
    assert.is(producer.claim(24), -1);
    assert.is(producer.refused, 2);
    assert.not(producer.hasRoom(24));
    assert.is(readAll(consumer, 3).length, 3);
    assert.ok(producer.hasRoom(24));
    assert.ok(producer.tryWrite(new Uint8Array(24).fill(99)));
    assert.equal(
      readAll(consumer).map((record) => record.bytes[0]),
      [3, 4, 5, 6, 7, 99],
    );
  });

  test(`${producers}: the largest record fits an empty ring wherever it starts; a larger one is an error`, () => {
    for (let start = 0; start < 256; start += 8) {
      const queue = createQueue({ bytes: 256, producers, startPosition: start });
      const producer = new QueueProducer(queue);
      const consumer = new QueueConsumer(queue);
      for (let i = 0; i < 20; i++) {
        assert.ok(producer.tryWrite(new Uint8Array(producer.maxRecord).fill(i)));
        assert.is(readAll(consumer)[0]?.bytes.at(-1), i);
        assert.ok(producer.stage(new Uint8Array(producer.maxRecord).fill(i)));
        producer.publish();
        assert.is(readAll(consumer).length, 1);
      }
      assert.throws(() => producer.claim(producer.maxRecord + 1), code('ERR_QUEUE_RECORD_TOO_LARGE'));
      assert.throws(() => producer.tryWrite(new Uint8Array(257)), /a record of 257 bytes/);
    }
  });

  test(`${producers}: reading without giving back keeps the room, release gives it`, () => {
    const queue = createQueue({ bytes: 64, producers });
    const producer = new QueueProducer(queue);
    const consumer = new QueueConsumer(queue);
    while (producer.tryWrite(bytes(1, 2, 3, 4)));
    while (consumer.next());
    assert.is(consumer.length, 4);
    assert.not(producer.hasRoom(4));
    consumer.release();
    assert.ok(producer.hasRoom(4));
  });

  test(`${producers}: what a handler throws is thrown on, and its record is not seen again`, () => {
    const queue = createQueue({ bytes: 256, producers });
    const producer = new QueueProducer(queue);
    const consumer = new QueueConsumer(queue);
    for (let i = 0; i < 3; i++) producer.tryWrite(bytes(i));
    assert.throws(() => consumer.read(fail), /handler/);
    assert.equal(
      readAll(consumer).map((record) => record.bytes[0]),
      [1, 2],
    );
  });

  test(`${producers}: a successor consumer goes on at what was not given back, even within a batch`, () => {
    const queue = createQueue({ bytes: 1024, producers });
    const producer = new QueueProducer(queue, { batchBytes: 256 });
    for (let i = 0; i < 6; i++) producer.stage(bytes(i));
    producer.publish();
    const first = new QueueConsumer(queue);
    readAll(first, 2);
    first.next();
    assert.equal(
      readAll(new QueueConsumer(queue)).map((record) => record.bytes[0]),
      [2, 3, 4, 5],
    );
  });

  for (const startPosition of STARTS)
    test(`${producers}: any mix of writes, batches and reads behaves as a list does, from position ${startPosition}`, () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant('write' as const), length: fc.nat(40) }),
        fc.record({ kind: fc.constant('stage' as const), length: fc.nat(40) }),
        fc.record({ kind: fc.constant('publish' as const), length: fc.constant(0) }),
        fc.record({ kind: fc.constant('read' as const), length: fc.nat(6) }),
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(128, 256, 512), (steps, capacity) => {
          const queue = createQueue({ bytes: capacity, producers, startPosition });
          const producer = new QueueProducer(queue, { batchBytes: 96 });
          const consumer = new QueueConsumer(queue);
          const model: number[][] = [];
          const got: number[][] = [];
          let serial = 0;
          for (const { kind, length } of steps) {
            if (kind === 'read') got.push(...readAll(consumer, length).map((record) => record.bytes));
            else if (kind === 'publish') producer.publish();
            else {
              const record = new Uint8Array(length).fill(++serial);
              if (kind === 'write' ? producer.tryWrite(record) : producer.stage(record)) model.push([...record]);
            }
            assert.ok(consumer.backlog >= 0 && consumer.backlog <= capacity);
          }
          producer.publish();
          got.push(...readAll(consumer).map((record) => record.bytes));
          assert.equal(got, model);
        }),
        { numRuns: 100 },
      );
    });
}

test('many: what a batch did not need is given back, or padded when others came behind', () => {
  const queue = createQueue({ bytes: 4096, producers: 'many' });
  const a = new QueueProducer(queue, { batchBytes: 512 });
  const b = new QueueProducer(queue, { batchBytes: 512 });
  const consumer = new QueueConsumer(queue);
  a.stage(bytes(1));
  a.publish();
  assert.is(consumer.backlog, 24); // batch header and one record
  a.stage(bytes(2));
  assert.ok(b.tryWrite(bytes(3)));
  a.publish();
  assert.is(consumer.backlog, 24 + 512 + 16);
  assert.equal(
    readAll(consumer).map((record) => record.bytes[0]),
    [1, 2, 3],
  );
});

test('many: an unpublished claim holds back what comes behind it, and only that', () => {
  const queue = createQueue({ bytes: 1024, producers: 'many' });
  const a = new QueueProducer(queue, { batchBytes: 0 });
  const b = new QueueProducer(queue);
  const consumer = new QueueConsumer(queue);
  b.tryWrite(bytes(0));
  a.stage(bytes(1));
  b.tryWrite(bytes(2));
  assert.equal(
    readAll(consumer).map((record) => record.bytes[0]),
    [0],
  );
  a.publish();
  assert.equal(
    readAll(consumer).map((record) => record.bytes[0]),
    [1, 2],
  );
});

test('memory that holds no queue, and options out of range, are refused', () => {
  assert.throws(() => new QueueProducer(new SharedArrayBuffer(8)), code('ERR_QUEUE_MEMORY'));
  assert.throws(() => new QueueConsumer(new SharedArrayBuffer(4096)), code('ERR_QUEUE_MEMORY'));
  const damaged = createQueue({ bytes: 64, producers: 'one' });
  new Int32Array(damaged)[2] = 128;
  assert.throws(() => new QueueConsumer(damaged), code('ERR_QUEUE_MEMORY'));
  for (const size of [0, -1, 1.5, Number.NaN, 2 ** 29])
    assert.throws(() => createQueue({ bytes: size, producers: 'one' }), code('ERR_QUEUE_OPTION'));
  for (const startPosition of [4, -8, 2 ** 32])
    assert.throws(() => createQueue({ bytes: 64, producers: 'one', startPosition }), code('ERR_QUEUE_OPTION'));
});

test.run();
