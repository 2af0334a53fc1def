/** One thread of the ring bench: writes 64-byte messages until it is told to stop, or reads, and tells it to when the time is over. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { loadAddon } from '../ts/edge/native/addon.js';
import { QueueConsumer, QueueProducer } from '../ts/memory/sharedarraybuffer-queue/index.js';
import { MESSAGE_BYTES, type RingJob } from './ring-job.js';

/** The type of the record by which a writer says that it has ended. */
const END = 1;
/** Messages on their way through a MessagePort: enough to keep it busy, few enough not to fill the memory. */
const PORT_CREDIT = 2048;
const NATIVE_SLICE = 65_536;
const READ_LIMIT = 4096;
/** Empty looks before a reader sleeps: some microseconds, about what a wake-up costs. */
const SPINS = 2000;
/** A byte that writers make equal to the first: JavaScript repeats the number in eight bytes, native code its low byte. */
const LAST = 56;

const job = workerData as RingJob;
const stopped = () => Atomics.load(job.stop, 0) !== 0;

/** Counts messages from the first one on; asks the writers to stop when the time is over. */
class Meter {
  #started = 0;
  #messages = 0;
  #last = 0;

  add(messages: number): void {
    const now = performance.now();
    if (this.#started === 0) this.#started = now;
    else this.#messages += messages;
    this.#last = now;
    if (now - this.#started >= job.seconds * 1000) Atomics.store(job.stop, 0, 1);
  }

  get rate(): number {
    return this.#messages / ((this.#last - this.#started) / 1000);
  }
}

function writeQueue(): void {
  const producer = new QueueProducer(job.queue);
  for (let i = 0; !stopped(); ) {
    for (let n = 0; n < job.batch; n++, i++) {
      let offset = producer.claim(MESSAGE_BYTES);
      while (offset < 0) {
        producer.waitForRoom(MESSAGE_BYTES);
        offset = producer.claim(MESSAGE_BYTES);
      }
      for (let at = offset; at < offset + MESSAGE_BYTES; at += 8) producer.view.setFloat64(at, i, true);
    }
    producer.publish();
  }
  endQueue(producer);
}

function writeNative(): void {
  const ring = loadAddon().addon?.ring;
  while (!stopped()) ring?.produce(new Uint8Array(job.queue), NATIVE_SLICE, MESSAGE_BYTES, job.batch);
  endQueue(new QueueProducer(job.queue));
}

function endQueue(producer: QueueProducer): void {
  while (!producer.tryWrite(new Uint8Array(0), END)) producer.waitForRoom(0);
}

function readQueue(): number {
  const consumer = new QueueConsumer(job.queue);
  const meter = new Meter();
  let torn = 0;
  let idle = 0;
  let ended = 0;
  const take = (type: number, offset: number) => {
    if (type === END) ended++;
    else if (consumer.view.getUint8(offset) !== consumer.view.getUint8(offset + LAST)) torn++;
  };
  while (ended < job.writers) {
    const records = consumer.read(take, READ_LIMIT);
    if (records > 0) meter.add(records);
    else if (++idle % SPINS === 0) consumer.wait(job.kind === 'native' ? 1 : Infinity); // native code does not wake Atomics.wait
  }
  if (torn > 0) throw new Error(`${torn} messages were not what was written`);
  return meter.rate;
}

/** Posts messages, each a copy of 64 bytes, as long as fewer than PORT_CREDIT are on their way. */
function writePort(port: MessagePort): void {
  const message = new Uint8Array(MESSAGE_BYTES);
  let credit = PORT_CREDIT;
  const pump = () => {
    for (; credit > 0 && !stopped(); credit--) port.postMessage(message);
    if (stopped()) finish();
  };
  const finish = () => {
    port.postMessage(END);
    port.close();
    parentPort?.postMessage(0);
  };
  port.on('message', (more: number) => {
    credit += more;
    pump();
  });
  pump();
}

function readPort(port: MessagePort): void {
  const meter = new Meter();
  let messages = 0;
  port.on('message', (message: Uint8Array | typeof END) => {
    if (message === END) {
      port.close();
      parentPort?.postMessage(meter.rate);
    } else if (++messages % (PORT_CREDIT / 4) === 0) {
      meter.add(PORT_CREDIT / 4);
      port.postMessage(PORT_CREDIT / 4);
    }
  });
}

if (job.port) {
  if (job.role === 'write') writePort(job.port);
  else readPort(job.port);
} else if (job.role === 'read') parentPort?.postMessage(readQueue());
else {
  if (job.kind === 'native') writeNative();
  else writeQueue();
  parentPort?.postMessage(0);
}
