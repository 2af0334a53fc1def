/** A thread of the queue tests: writes `count` records that can be checked, or reads and checks them. */
import { parentPort, workerData } from 'node:worker_threads';
import { QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';

export interface QueueTask {
  readonly queue: SharedArrayBuffer;
  readonly role: 'write' | 'read';
  /** Writer: its number, the type of its records. Reader: how many writers there are. */
  readonly number: number;
  readonly count: number;
  /** Writer: records a publish. Reader: records a read. */
  readonly batch: number;
}

/** Record i of a writer: its length, and the byte that all of it holds. */
const lengthOf = (i: number) => (Math.imul(i, 0x9e3779b1) >>> 0) % 100;
const fillOf = (writer: number, i: number) => (i + writer * 31) & 255;

function write({ queue, number, count, batch }: QueueTask): { done: number } {
  const producer = new QueueProducer(queue, { batchBytes: 1024 });
  for (let i = 0; i < count; ) {
    let staged = 0;
    while (staged < batch && i < count) {
      const offset = producer.claim(4 + lengthOf(i), number);
      if (offset < 0) break;
      producer.view.setUint32(offset, i, true);
      producer.bytes.fill(fillOf(number, i), offset + 4, offset + 4 + lengthOf(i));
      i++;
      staged++;
    }
    if (staged > 0) producer.publish();
    else producer.waitForRoom(4 + lengthOf(i));
  }
  producer.publish();
  return { done: count };
}

function read({ queue, number, count, batch }: QueueTask): { done: number; wrong: number } {
  const consumer = new QueueConsumer(queue);
  const next: number[] = Array.from({ length: number }, () => 0);
  let wrong = 0;
  const check = (writer: number, offset: number, length: number) => {
    const i = consumer.view.getUint32(offset, true);
    if (next[writer] !== i || length !== 4 + lengthOf(i)) wrong++;
    for (let at = offset + 4; at < offset + length; at++) if (consumer.bytes[at] !== fillOf(writer, i)) wrong++;
    next[writer] = i + 1;
  };
  for (let done = 0; done < number * count; ) {
    const records = consumer.read(check, batch);
    done += records;
    if (records === 0) consumer.wait();
  }
  return { done: next.reduce((sum, n) => sum + n, 0), wrong };
}

const task = workerData as QueueTask;
parentPort?.postMessage(task.role === 'write' ? write(task) : read(task));
