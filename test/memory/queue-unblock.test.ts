/** Queue for many: what a producer leaves behind that dies at any of its steps, and how the consumer gets past it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createQueue,
  type MemoryOperations,
  QueueConsumer,
  QueueProducer,
} from '../../ts/memory/sharedarraybuffer-queue/index.js';

/** The word of the tail, as layout.ts has it. */
const TAIL = 32;
const record = (value: number, length = 8) => new Uint8Array(length).fill(value);

class Died extends Error {}

/** Operations of a thread that dies instead of doing its operation number `steps`. */
function dyingAfter(steps: number): MemoryOperations {
  let left = steps;
  const operation = (name: 'load' | 'store' | 'add' | 'or' | 'exchange' | 'compareExchange') =>
    ((words: Int32Array, word: number, a: number, b: number) => {
      if (left-- === 0) throw new Died();
      return Atomics[name](words, word, a, b);
    }) as typeof Atomics.load;
  return {
    load: operation('load'),
    store: operation('store'),
    add: operation('add'),
    or: operation('or'),
    exchange: operation('exchange'),
    compareExchange: operation('compareExchange'),
    wait: Atomics.wait,
    waitAsync: Atomics.waitAsync,
    notify: Atomics.notify,
  };
}

/** Reads what comes, giving claims up that do not, as one does at an interval. */
function readPast(queue: SharedArrayBuffer): { values: number[]; abandoned: number } {
  const consumer = new QueueConsumer(queue);
  const values: number[] = [];
  for (let turn = 0; turn < 12; turn++) {
    consumer.read((_type, offset) => values.push(consumer.bytes[offset] as number));
    consumer.unblock();
  }
  assert.is(consumer.backlog, 0, 'nothing is left in the ring');
  return { values, abandoned: consumer.abandoned };
}

const WRITES: Readonly<Record<string, (producer: QueueProducer) => void>> = {
  'a record': (producer) => producer.tryWrite(record(1, 20)),
  'a batch': (producer) => {
    producer.stage(record(1, 3));
    producer.stage(record(1, 3));
    producer.publish();
  },
};

for (const [what, write] of Object.entries(WRITES))
  test(`a producer that dies while it writes ${what}, at any step and place, holds nobody up for ever`, () => {
    let deaths = 0;
    for (let startPosition = 2 ** 32 - 128; startPosition < 2 ** 32; startPosition += 8)
      for (let steps = 0, ended = false; !ended; steps++) {
        const queue = createQueue({ bytes: 128, producers: 'many', startPosition });
        try {
          write(new QueueProducer(queue, { atomics: dyingAfter(steps), batchBytes: 32 }));
          ended = true;
        } catch (error) {
          if (!(error instanceof Died)) throw error;
          deaths++;
        }
        const living = new QueueProducer(queue);
        assert.ok(living.tryWrite(record(2)));
        assert.ok(living.tryWrite(record(3)));
        const { values } = readPast(queue);
        assert.equal(
          values.filter((value) => value !== 1),
          [2, 3],
          `start ${startPosition}, dead at step ${steps}`,
        );
        // And the ring is as good as new.
        const consumer = new QueueConsumer(queue);
        for (let i = 0; i < 40; i++) {
          assert.ok(living.tryWrite(record(i, i % 40)));
          assert.is(
            consumer.read(() => {}),
            1,
          );
        }
      }
    assert.ok(deaths > 16 * 4, `${deaths} deaths`);
  });

test('dead producers may fill the whole ring', () => {
  const queue = createQueue({ bytes: 128, producers: 'many', startPosition: 64 });
  Atomics.add(new Int32Array(queue), TAIL, 128); // claimed, and no length word written
  assert.not(new QueueProducer(queue).hasRoom(0));
  const { values, abandoned } = readPast(queue);
  assert.equal(values, []);
  assert.is(abandoned, 2);
});

test('a claim is given up only when it was there at two calls in a row', () => {
  const queue = createQueue({ bytes: 1024, producers: 'many' });
  const dead = new QueueProducer(queue, { batchBytes: 0 });
  const slow = new QueueProducer(queue, { batchBytes: 0 });
  const consumer = new QueueConsumer(queue);
  assert.not(consumer.unblock(), 'nothing is claimed');
  dead.stage(record(1));
  assert.not(consumer.unblock());
  slow.stage(record(2));
  assert.ok(consumer.unblock());
  assert.not(consumer.unblock(), 'the other claim is looked at for the first time');
  assert.ok(slow.publish());
  assert.is(
    consumer.read(() => {}),
    1,
  );
  assert.is(consumer.abandoned, 1);
});

test('claims that came after the first call are not given up with the dead one before them', () => {
  const queue = createQueue({ bytes: 1024, producers: 'many' });
  const words = new Int32Array(queue);
  Atomics.add(words, TAIL, 32);
  const consumer = new QueueConsumer(queue);
  assert.not(consumer.unblock());
  Atomics.add(words, TAIL, 64); // alive: about to write its length word
  assert.ok(consumer.unblock());
  consumer.read(() => {});
  assert.is(consumer.backlog, 64);
});

test('a producer that was given up hears of it', () => {
  const queue = createQueue({ bytes: 1024, producers: 'many' });
  const late = new QueueProducer(queue, { batchBytes: 0 });
  const consumer = new QueueConsumer(queue);
  late.stage(record(1));
  consumer.unblock();
  assert.ok(consumer.unblock());
  assert.not(late.publish());
  assert.is(
    consumer.read(() => {}),
    0,
  );
  assert.ok(late.tryWrite(record(2)));
  assert.is(
    consumer.read(() => {}),
    1,
  );
});

test.run();
