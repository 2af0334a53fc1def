/** Writes one record into a queue as soon as its consumer has announced that it sleeps, and wakes it by its eventfd. */
import { workerData } from 'node:worker_threads';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import { WORD_CONSUMER_SLEEP } from '../../ts/memory/sharedarraybuffer-queue/layout.js';

export interface RingWriterData {
  readonly queue: SharedArrayBuffer;
  readonly event: number;
}

const { queue, event } = workerData as RingWriterData;
const words = new Int32Array(queue);
while (Atomics.load(words, WORD_CONSUMER_SLEEP) === 0);
const wake = () => loadAddon().addon?.signalEvent(event);
new QueueProducer(queue, { wake }).tryWrite(new Uint8Array(8));
