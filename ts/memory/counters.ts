/**
 * Counters in shared memory: a block a worker and one for the control thread, 64 bits each, so that nothing on the packet path is
 * shared between writers, and anybody may look from outside.
 *
 * Proof. *Who writes*: each block has one writer, its worker (JavaScript and native code of one thread). *Who reads*: anybody. JavaScript adds to
 * the low half and carries into the high one; a reader reads high, low, high until the two highs agree. *Valid*: a number grows.
 * *Forbidden*: two writers of one block; setting a number back (a replaced worker goes on where the dead one stopped).
 */
import { COUNTERS, type Counter } from './counter-names.js';
import { COUNTER_BLOCK_BYTES, type Region } from './region.js';

/** One block, for its writer. */
export class CounterBlock {
  readonly #words: Uint32Array;

  /** `block`: the worker's number, or the number of workers for control's own. */
  constructor(region: Region, block: number) {
    const start = region.layout.counters + block * COUNTER_BLOCK_BYTES;
    this.#words = new Uint32Array(region.buffer, start, COUNTER_BLOCK_BYTES / 4);
  }

  /** Adds `n` (0 to 2^32 - 1) to the counter at place `counter` (see `COUNTER` in counter-names.ts). */
  add(counter: number, n: number): void {
    const low = counter * 2;
    const before = this.#words[low] as number;
    const after = (before + n) >>> 0;
    if (after < before) this.#words[low + 1] = (this.#words[low + 1] as number) + 1;
    this.#words[low] = after;
  }
}

/** Sums of all blocks, by name. */
export type CounterSums = Readonly<Record<Counter, number>>;

/** Reads all counters, summed over workers and control; each exact up to 2^53. */
export function readCounters(region: Region): CounterSums {
  const words = new Uint32Array(
    region.buffer,
    region.layout.counters,
    ((region.layout.workers + 1) * COUNTER_BLOCK_BYTES) / 4,
  );
  const sums: Partial<Record<Counter, number>> = {};
  for (const [index, { name }] of COUNTERS.entries()) {
    let sum = 0;
    for (let block = 0; block <= region.layout.workers; block++)
      sum += readUint64(words, block * (COUNTER_BLOCK_BYTES / 4) + index * 2);
    sums[name] = sum;
  }
  return sums as CounterSums;
}

function readUint64(words: Uint32Array, low: number): number {
  for (;;) {
    const high = Atomics.load(words, low + 1);
    const lower = Atomics.load(words, low);
    if (Atomics.load(words, low + 1) === high) return high * 0x1_0000_0000 + lower;
  }
}
