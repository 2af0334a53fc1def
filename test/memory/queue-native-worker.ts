/** A thread of queue-native.test.ts: a native producer. */
import { workerData } from 'node:worker_threads';
import { loadAddon } from '../../ts/edge/native/addon.js';

const { queue, count } = workerData as { readonly queue: SharedArrayBuffer; readonly count: number };
loadAddon().addon?.ring.produce(new Uint8Array(queue), count, 64, 16);
