/** A bounded queue of byte records between threads, over a SharedArrayBuffer. See README.md beside this file. */
export { type ConsumerOptions, QueueConsumer, type RecordHandler } from './consumer.js';
export { createQueue, type MemoryOperations, type QueueOptions } from './layout.js';
export { type ProducerOptions, QueueProducer } from './producer.js';
export { QueueError, type QueueErrorCode } from './queue-error.js';
export type { AsyncWaitOptions, WaitOptions } from './sleep.js';
