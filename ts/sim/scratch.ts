/**
 * What a worker needs only within one step, and every simulated node therefore shares: the batch, its slab, and the rings between
 * control, sockets and packet path. All of it is empty between steps.
 */
import { BATCH_BYTES, type Batch, openBatch } from '../memory/batch.js';
import { createQueue, QueueConsumer, QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';

const SLAB_BYTES = 1 << 20;
const RING_BYTES = 1 << 18;

export interface Scratch {
  readonly batch: Batch;
  readonly toWorker: Ring;
  readonly toControl: Ring;
  readonly toSockets: Ring;
}

interface Ring {
  readonly producer: QueueProducer;
  readonly consumer: QueueConsumer;
}

export function createScratch(): Scratch {
  return {
    batch: openBatch(new SharedArrayBuffer(BATCH_BYTES), new SharedArrayBuffer(SLAB_BYTES)),
    toWorker: createRing(),
    toControl: createRing(),
    toSockets: createRing(),
  };
}

function createRing(): Ring {
  const queue = createQueue({ bytes: RING_BYTES, producers: 'one' });
  return { producer: new QueueProducer(queue), consumer: new QueueConsumer(queue) };
}
