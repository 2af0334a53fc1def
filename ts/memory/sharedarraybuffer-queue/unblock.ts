/**
 * Giving up the claims of dead producers, in a queue for many (after the `unblock` of Aeron's many-to-one ring buffer).
 *
 * A producer that dies after moving the tail leaves a length word of 0 (it had not written one yet) or negative. Only what was
 * claimed at the first of two calls is given up at the second: whoever claimed in between is not taken for dead.
 *
 * - negative: the claim's length is known; it becomes padding by compare-and-swap.
 * - 0: all bytes up to the next length word that is not 0 are cleared memory that was claimed by dead producers; they become padding.
 *   The search ends at the end of the ring (no record crosses it) and at the tail of the first call.
 */
import {
  FLAG_PADDING,
  type MemoryOperations,
  type QueueMemory,
  RING_WORDS,
  WORD_ABANDONED,
  WORD_TAIL,
} from './layout.js';

export class Unblocker {
  readonly #words: Int32Array;
  readonly #capacity: number;
  readonly #atomics: MemoryOperations;
  #suspected = false;
  #position = 0;
  #tail = 0;

  constructor({ words, capacity }: QueueMemory, atomics: MemoryOperations) {
    this.#words = words;
    this.#capacity = capacity;
    this.#atomics = atomics;
  }

  /** The queue moves: nobody is suspected. */
  forget(): false {
    this.#suspected = false;
    return false;
  }

  /** Nothing is published at `position`. True when the claim there was given up. */
  try(position: number): boolean {
    const tail = this.#atomics.load(this.#words, WORD_TAIL);
    if (tail === position) return this.forget();
    if (!this.#suspected || this.#position !== position) {
      this.#suspected = true;
      this.#position = position;
      this.#tail = tail;
      return false;
    }
    this.#suspected = false;
    return this.#giveUp(RING_WORDS + ((position & (this.#capacity - 1)) >>> 2));
  }

  #giveUp(word: number): boolean {
    const length = this.#atomics.load(this.#words, word);
    if (length > 0) return false; // published after all
    const bytes = length < 0 ? (-length + 7) & ~7 : this.#zeros(word);
    if (this.#atomics.compareExchange(this.#words, word, length, FLAG_PADDING | bytes) !== length) return false;
    this.#atomics.add(this.#words, WORD_ABANDONED, 1);
    return true;
  }

  /** How many bytes from `word` on have been claimed without a length word. */
  #zeros(word: number): number {
    const untilEnd = this.#capacity - (word - RING_WORDS) * 4;
    const most = Math.min(untilEnd, (this.#tail - this.#position) | 0);
    let bytes = 8;
    while (bytes < most && this.#atomics.load(this.#words, word + bytes / 4) === 0) bytes += 8;
    return bytes;
  }
}
