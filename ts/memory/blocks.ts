/**
 * A worker's slab, cut into blocks of 64 KB with reference counts: a received buffer is a block on which its segments count. The
 * portable twin of native/blocks.h.
 *
 * Proof. *Who writes*: the worker that owns the slab, nobody else; so counts need no atomics and lie in its own memory. *Valid*:
 * free -> taken (one reference) -> more or fewer references -> none: free. *Forbidden*: releasing a block that is free, or counting
 * on one (both are caught). *A dead worker*: its successor opens the slab anew, and every block is free: nobody else held any, because what
 * outlives a batch is copied.
 */
import { invariant } from '../kit/assert.js';

/** The largest datagram of a local program, with room for both headers before it (and for what the kernel merges: 65 535 bytes). */
export const BLOCK_BYTES = 65_664;
/** From block to block: 17 lines more, so that the headers at the start of blocks do not fall into the same set of the cache. */
export const BLOCK_STRIDE = BLOCK_BYTES + 17 * 64;

export class Blocks {
  readonly #references: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;

  /** Cuts `slabBytes` bytes into blocks, all of them free. */
  constructor(slabBytes: number) {
    const blocks = Math.floor(slabBytes / BLOCK_STRIDE);
    invariant(blocks >= 1, 'a slab holds at least one block');
    this.#references = new Int32Array(blocks);
    this.#free = Int32Array.from({ length: blocks }, (_, index) => blocks - 1 - index);
    this.#freeCount = blocks;
  }

  /** A block with one reference, the last one freed first (it is still in the cache); -1 when there is none. */
  take(): number {
    if (this.#freeCount === 0) return -1;
    const block = this.#free[--this.#freeCount] as number;
    this.#references[block] = 1;
    return block;
  }

  /** Adds `count` references to a block that is in use: once a batch, not once a segment. */
  addReferences(block: number, count: number): void {
    invariant(this.references(block) > 0, 'a free block is not counted on');
    this.#references[block] = this.references(block) + count;
  }

  /** Gives `count` references back; without any, the block is free. */
  release(block: number, count = 1): void {
    const left = this.references(block) - count;
    invariant(count > 0 && left >= 0, 'a block is released as often as it was counted on');
    this.#references[block] = left;
    if (left === 0) this.#free[this.#freeCount++] = block;
  }

  references(block: number): number {
    const references = this.#references[block];
    invariant(references !== undefined, 'a block has a number below the number of blocks');
    return references;
  }

  /** Where a block starts in the slab. */
  offsetOf(block: number): number {
    return block * BLOCK_STRIDE;
  }

  /** The block in which an offset of the slab lies. */
  blockOf(offset: number): number {
    return Math.floor(offset / BLOCK_STRIDE);
  }

  get free(): number {
    return this.#freeCount;
  }

  get count(): number {
    return this.#references.length;
  }
}
