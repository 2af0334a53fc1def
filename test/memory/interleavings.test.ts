/** All interleavings of the real code of queues, epochs and links, for small cases; and that the explorer finds what is broken. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Epochs, WorkerEpoch } from '../../ts/memory/epochs.js';
import {
  isLinkUp,
  LINK_STATE,
  LinkState,
  LinkTableWriter,
  linksUpWords,
  PortKind,
} from '../../ts/memory/link-table.js';
import {
  createRegion,
  HEADER_BYTES,
  LINK_ENTRY_BYTES,
  LINKS_UP_BYTES,
  WORKER_STATE_BYTES,
} from '../../ts/memory/region.js';
import { createQueue, QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import { WorkerState, WorkerStates } from '../../ts/memory/worker-state.js';
import { delayStores, explore, InterleavingError, type Operations, type ThreadBody } from './explorer.js';

/** The word of the tail, and the byte at which the ring starts, as layout.ts has them. */
const TAIL = 32;
const RING = 768;
const START = 2 ** 32 - 16;

const record = (value: number, length = 8) => new Uint8Array(length).fill(value);

/** Writes records of one byte value each, waiting for room. */
const writer =
  (queue: SharedArrayBuffer, values: readonly number[], change = (operations: Operations) => operations): ThreadBody =>
  (operations) => {
    const producer = new QueueProducer(queue, { atomics: change(operations) });
    for (const value of values) while (!producer.tryWrite(record(value))) producer.waitForRoom(8);
  };

/** Reads `count` records, waiting for them; returns the values, and says when one is torn. */
const reader =
  (queue: SharedArrayBuffer, count: number, batch = Infinity): ThreadBody =>
  (operations) => {
    const consumer = new QueueConsumer(queue, { atomics: operations });
    const values: number[] = [];
    while (values.length < count) {
      consumer.wait();
      consumer.read((_type, offset, length) => {
        const bytes = consumer.bytes.subarray(offset, offset + length);
        assert.ok(length === 8 && bytes.every((byte) => byte === bytes[0]), `torn: ${[...bytes].join(' ')}`);
        values.push(bytes[0] as number);
      }, batch);
    }
    return values;
  };

/** The memory of a queue, for threads that are producers (they read nothing by plain loads) but the last, if it is a consumer. */
const queueMemory = (buffer: SharedArrayBuffer, producers: number, consumers: 0 | 1) => ({
  buffer,
  areas: [[0, buffer.byteLength]] as const,
  plain: [
    ...Array.from({ length: producers }, () => []),
    ...Array.from({ length: consumers }, () => [[RING, buffer.byteLength]] as const),
  ],
});

const byValue = (a: number, b: number) => a - b;

/** A machine that lets the store of the tail wait. */
const weak = (operations: Operations) => delayStores(operations, (word) => word === TAIL);

/** A machine whose compare-and-swap is two steps. */
const torn = (operations: Operations): Operations => ({
  ...operations,
  compareExchange: ((words: Int32Array, word: number, expected: number, value: number) => {
    const found = operations.load(words, word);
    if (found === expected) operations.store(words, word, value);
    return found;
  }) as Operations['compareExchange'],
});

const lost = (error: Error) => error instanceof InterleavingError && /lost wake-up/.test(error.message);

test('one producer: every record arrives once, in order, and nobody sleeps for ever, across 2^32', () => {
  const queue = createQueue({ bytes: 64, producers: 'one', startPosition: START });
  const states = explore({
    ...queueMemory(queue, 1, 1),
    threads: [writer(queue, [1, 2]), reader(queue, 2)],
    check: ([, values]) => assert.equal(values, [1, 2]),
  });
  assert.ok(states > 200, `${states} states`);
});

test('one producer, full ring: it waits for room and gets it', () => {
  const queue = createQueue({ bytes: 64, producers: 'one', startPosition: START });
  for (let i = 0; i < 4; i++) new QueueProducer(queue).tryWrite(record(10 + i));
  const states = explore({
    ...queueMemory(queue, 1, 1),
    threads: [writer(queue, [1]), reader(queue, 5, 4)],
    check: ([, values]) => assert.equal(values, [10, 11, 12, 13, 1]),
  });
  assert.ok(states > 200, `${states} states`);
});

test('a machine that delays the publishing store loses wake-ups, and the explorer finds it', () => {
  const queue = createQueue({ bytes: 64, producers: 'one' });
  assert.throws(
    () =>
      explore({
        ...queueMemory(queue, 1, 1),
        threads: [writer(queue, [1], weak), reader(queue, 1)],
        check: () => {},
      }),
    lost,
  );
});

test('many producers: every record arrives once, whole, each producer in order', () => {
  const queue = createQueue({ bytes: 64, producers: 'many', startPosition: START });
  const states = explore({
    ...queueMemory(queue, 2, 0),
    threads: [writer(queue, [1, 2]), writer(queue, [3])],
    check: () => {
      const values = reader(queue, 3)(Atomics) as number[];
      assert.equal([...values].sort(byValue), [1, 2, 3]);
      assert.ok(values.indexOf(1) < values.indexOf(2));
    },
  });
  assert.ok(states > 200, `${states} states`);
});

test('many producers and a consumer that falls asleep: one of them wakes it, if it sleeps', () => {
  const queue = createQueue({ bytes: 64, producers: 'many', startPosition: START });
  const waker =
    (value: number): ThreadBody =>
    (operations) => {
      let wakes = 0;
      const producer = new QueueProducer(queue, { atomics: operations, wake: () => wakes++ });
      assert.ok(producer.tryWrite(record(value)));
      return wakes;
    };
  const states = explore({
    ...queueMemory(queue, 2, 1),
    threads: [waker(1), waker(2), (operations) => new QueueConsumer(queue, { atomics: operations }).sleepElsewhere()],
    check: ([a, b, sleeps]) => {
      const wakes = (a as number) + (b as number);
      assert.ok(sleeps ? wakes === 1 : wakes <= 1, `${wakes} wake-ups`);
      assert.equal([...(reader(queue, 2)(Atomics) as number[])].sort(byValue), [1, 2]);
    },
  });
  assert.ok(states > 1000, `${states} states`);
});

test('many producers: records are published and taken, the ring cleared and used again, and nobody sleeps for ever', () => {
  const queue = createQueue({ bytes: 64, producers: 'many', startPosition: START });
  for (let i = 0; i < 4; i++) new QueueProducer(queue).tryWrite(record(10 + i));
  const states = explore({
    ...queueMemory(queue, 1, 1),
    threads: [writer(queue, [1]), reader(queue, 5, 4)],
    check: ([, values]) => assert.equal(values, [10, 11, 12, 13, 1]),
  });
  assert.ok(states > 200, `${states} states`);
});

test('many producers: batches give back or pad what they did not need, in any order of events', () => {
  const queue = createQueue({ bytes: 128, producers: 'many', startPosition: START });
  const batch: ThreadBody = (operations) => {
    const producer = new QueueProducer(queue, { batchBytes: 32, atomics: operations });
    assert.ok(producer.stage(record(1, 1)));
    assert.ok(producer.publish());
  };
  const states = explore({
    ...queueMemory(queue, 2, 0),
    threads: [batch, batch],
    check: () => {
      const consumer = new QueueConsumer(queue);
      assert.is(
        consumer.read(() => {}),
        2,
      );
      assert.is(consumer.backlog, 0);
    },
  });
  assert.ok(states > 50, `${states} states`);
});

test('many producers: a claim that is not atomic gives two of them the same room, and the explorer finds it', () => {
  const queue = createQueue({ bytes: 64, producers: 'many' });
  assert.throws(
    () =>
      explore({
        ...queueMemory(queue, 2, 0),
        threads: [writer(queue, [1], torn), writer(queue, [2], torn)],
        check: () => {
          const consumer = new QueueConsumer(queue);
          assert.is(
            consumer.read(() => {}),
            2,
          );
        },
      }),
    (error: Error) => error instanceof InterleavingError,
  );
});

/** A worker that uses link 1 whenever its bit is up, and control that takes it away and frees it once the epoch has passed. */
function retiring(change: (operations: Operations) => Operations) {
  const region = createRegion({ workers: 1, links: 2 });
  const { layout, buffer } = region;
  const table = new LinkTableWriter(region);
  assert.is(new Epochs(region).advance(), 2);
  const entry = {
    peer: 2,
    ourNumber: 1,
    peerNumber: 1,
    portKind: PortKind.Udp,
    socket: 0,
    mtu: 1200,
    flags: 0,
    address: { family: 4, port: 1, bytes: new Uint8Array(4), scope: 0 } as const,
    rxKey: new Uint8Array(16),
    txKey: new Uint8Array(16),
  };
  table.install(1, entry, 0);
  table.setUp(1, true);
  const stateWord = (layout.linkEntries + LINK_ENTRY_BYTES + LINK_STATE) / 4;
  const worker: ThreadBody = (operations) => {
    const epoch = new WorkerEpoch(region, 0, change(operations));
    const words = new Int32Array(buffer);
    const up = linksUpWords(region);
    let used = 0;
    epoch.online();
    for (let turn = 0; turn < 2; turn++) {
      if (isLinkUp(up, 1)) {
        used++;
        for (let use = 0; use < 2; use++)
          assert.is.not(operations.load(words, stateWord), LinkState.Free, 'a link in use was freed');
      }
      epoch.quiescent();
    }
    epoch.offline();
    return used;
  };
  const control: ThreadBody = (operations) => {
    const epochs = new Epochs(region, operations);
    const links = new LinkTableWriter(region, operations);
    links.retire(1);
    const epoch = epochs.advance();
    for (let look = 0; look < 3; look++)
      if (epochs.passed(epoch)) {
        links.free(1);
        return 'freed';
      }
    return 'held up';
  };
  const outcomes = new Set<string>();
  const areas = [
    [0, HEADER_BYTES],
    [layout.workerStates, layout.workerStates + WORKER_STATE_BYTES],
    [layout.linksUp, layout.linksUp + LINKS_UP_BYTES],
    [layout.linkEntries, layout.linkEntries + 2 * LINK_ENTRY_BYTES],
  ] as const;
  const plain = [[areas[0], areas[1], areas[2]], []];
  explore({
    buffer,
    areas,
    plain,
    threads: [worker, control],
    check: (results) => outcomes.add(results.join(' ')),
  });
  return outcomes;
}

test('a link is freed only when no worker uses it: before it came online, between its turns, or after it left', () => {
  const outcomes = retiring((operations) => operations);
  for (const outcome of ['0 freed', '1 freed', '2 freed', '2 held up']) assert.ok(outcomes.has(outcome), outcome);
});

test('a worker whose coming online is seen late may use a freed link, and the explorer finds it', () => {
  assert.throws(() => retiring((operations) => lateOnline(operations)), /a link in use was freed/);
});

/** Leaves the first store of a worker's epoch out until its second one: the worker reads tables before it says that it is online. */
function lateOnline(operations: Operations): Operations {
  let stores = 0;
  return {
    ...operations,
    store: ((words: Int32Array, word: number, value: number) =>
      stores++ === 0 ? value : operations.store(words, word, value)) as Operations['store'],
  };
}

test('a worker that falls asleep is woken for work that came before it slept, and by one only', () => {
  const region = createRegion({ workers: 1, links: 2 });
  const { buffer, layout } = region;
  const WORK = HEADER_BYTES / 4 - 1; // a word of the header that nobody has
  const waker: ThreadBody = (operations) => {
    operations.add(new Int32Array(buffer), WORK, 1);
    return new WorkerStates(region, operations).takeSleeping(0) ? 1 : 0;
  };
  const worker: ThreadBody = (operations) => {
    const state = new WorkerState(region, 0, operations);
    assert.ok(state.fallAsleep());
    const work = operations.load(new Int32Array(buffer), WORK);
    if (work > 0) state.awake();
    return work;
  };
  const ends = new Set<string>();
  explore({
    buffer,
    areas: [
      [0, HEADER_BYTES],
      [layout.workerStates, layout.workerStates + WORKER_STATE_BYTES],
    ],
    plain: [[], [], []],
    threads: [waker, waker, worker],
    check: ([a, b, work]) => {
      assert.ok((a as number) + (b as number) <= 1, 'two wake-ups');
      if (work === 0) assert.is((a as number) + (b as number), 1, 'it sleeps although there is work');
      ends.add([a, b, work].join(''));
    },
  });
  assert.ok(ends.has('100') && ends.has('010') && ends.has('002'), [...ends].join(' '));
});

test.run();
