/** A thread that dies after it has claimed room in a queue and before it has published it. */
import { workerData } from 'node:worker_threads';
import { QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';

const producer = new QueueProducer(workerData as SharedArrayBuffer, { batchBytes: 1024 });
if (producer.claim(100) < 0) throw new Error('there is room');
process.exit(1);
