/** What the ring bench and its threads agree on. */
import type { MessagePort } from 'node:worker_threads';

export const MESSAGE_BYTES = 64;

export type RingVariant = 'port' | 'queue' | 'native';

export interface RingJob {
  readonly kind: RingVariant;
  readonly role: 'write' | 'read';
  readonly queue: SharedArrayBuffer;
  readonly writers: number;
  readonly batch: number;
  readonly seconds: number;
  readonly stop: Int32Array;
  readonly port?: MessagePort;
}
