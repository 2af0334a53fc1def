/**
 * How one of several producers gets into the ring.
 *
 * The tail is what has been *claimed*; what is *there* is said by the length word in front of each record, which goes through:
 *
 * ```
 *         claim                    publish                    consumer, before it moves the head
 *   0 ------------> -bytes ---------------------> bytes, flags -----------------------------------> 0
 *   |                 |                             ^
 *   +-----------------+-----------------------------+   the consumer, when the claim's owner is dead: to padding (`unblock`)
 * ```
 * Proof. *Who writes*: a claim's bytes belong to whoever moved the tail over them; every change of a length word is a
 * compare-and-swap (the last one, back to 0, by the consumer alone, which owns what has been published).
 * *Publish*: the bytes are written before the length word turns positive (release); the consumer reads that word first (acquire).
 * *Batch*: a block is claimed by one compare-and-swap, filled, and published by one: its first word becomes a batch record that
 * vouches for the records behind it. What the block did not need is given back by moving the tail if nobody has claimed behind it,
 * and padded otherwise; until then it is a claim like any other, whose length word is 0.
 * *Room*: the cached head only grows, for it is replaced, by compare-and-swap, by a head that was loaded later; and tail <= cached
 * head + capacity at all times, for a tail that is still current when its swap succeeds was compared with a cached head loaded after
 * it. A difference below 0 means that others went on in between: all is read again.
 * *Forbidden*: writing into a claim after publishing it or after having been declared dead; -bytes to 0.
 *
 * Assumption: no producer stalls between reading the tail and swapping it for so long that others move exactly 2^32 bytes.
 */
import type { Claims } from './claims.js';
import {
  FLAG_BATCH,
  FLAG_PADDING,
  type MemoryOperations,
  type QueueMemory,
  RECORD_HEADER_BYTES,
  RING_WORDS,
  recordBytes,
  WORD_HEAD,
  WORD_HEAD_CACHE,
  WORD_TAIL,
} from './layout.js';

const NONE = -1;

export class ManyProducersClaims implements Claims {
  readonly #words: Int32Array;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #blockBytes: number;
  readonly #atomics: MemoryOperations;
  /** The open claim: the ring word of its header, or NONE; its bytes; for a block, where its next record goes (in words). */
  #claim = NONE;
  #claimBytes = 0;
  #fill = 0;
  /** The tail behind the open claim. */
  #tail = 0;
  /** For a record of its own: the length word that publishes it. 0: the claim is a block. */
  #alone = 0;
  /** Blocks have been published since the last `publish`. */
  #sealed = false;

  constructor({ words, capacity }: QueueMemory, atomics: MemoryOperations, blockBytes: number) {
    this.#words = words;
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.#blockBytes = Math.min(blockBytes & ~7, capacity / 4);
    this.#atomics = atomics;
  }

  claim(length: number, type: number): number {
    const total = recordBytes(length);
    if (this.#claim !== NONE && this.#blockEnd() - this.#fill * 4 < total) this.#sealed = this.publish();
    if (this.#claim === NONE && !this.#openBlock(RECORD_HEADER_BYTES + total)) return -1;
    const word = this.#fill;
    this.#words[word] = length + RECORD_HEADER_BYTES;
    this.#words[word + 1] = type;
    this.#fill = word + total / 4;
    return word * 4 + RECORD_HEADER_BYTES;
  }

  claimAlone(length: number, type: number): number {
    if (this.#claim !== NONE) this.#sealed = this.publish();
    const word = this.#reserve(recordBytes(length));
    if (word === NONE) return -1;
    this.#words[word + 1] = type;
    this.#alone = length + RECORD_HEADER_BYTES;
    return word * 4 + RECORD_HEADER_BYTES;
  }

  publish(): boolean {
    const sealed = this.#sealed;
    this.#sealed = false;
    if (this.#claim === NONE) return sealed;
    const published = this.#alone > 0 ? this.#commit(this.#alone) : this.#publishBlock();
    this.#claim = NONE;
    this.#alone = 0;
    return published || sealed;
  }

  hasRoom(length: number): boolean {
    const needed = recordBytes(length) + RECORD_HEADER_BYTES;
    const head = this.#atomics.load(this.#words, WORD_HEAD);
    const tail = this.#atomics.load(this.#words, WORD_TAIL); // after the head, so that it is not behind it
    const untilEnd = this.#capacity - (tail & this.#mask);
    return ((tail - head) | 0) + needed + (untilEnd < needed ? untilEnd : 0) <= this.#capacity;
  }

  #blockEnd(): number {
    return this.#claim * 4 + this.#claimBytes;
  }

  #openBlock(leastBytes: number): boolean {
    let word = leastBytes < this.#blockBytes ? this.#reserve(this.#blockBytes) : NONE;
    if (word === NONE) word = this.#reserve(leastBytes);
    if (word === NONE) return false;
    this.#fill = word + RECORD_HEADER_BYTES / 4;
    return true;
  }

  #publishBlock(): boolean {
    const end = this.#fill;
    const rest = this.#blockEnd() - end * 4;
    this.#words[this.#claim + 1] = end * 4 - this.#claim * 4 - RECORD_HEADER_BYTES;
    if (!this.#commit(FLAG_BATCH | RECORD_HEADER_BYTES)) return false;
    if (rest > 0 && !this.#giveBack(rest)) this.#atomics.compareExchange(this.#words, end, 0, FLAG_PADDING | rest);
    return true;
  }

  /** False when the claim was declared dead before. */
  #commit(lengthWord: number): boolean {
    return this.#atomics.compareExchange(this.#words, this.#claim, -this.#claimBytes, lengthWord) === -this.#claimBytes;
  }

  #giveBack(bytes: number): boolean {
    return this.#atomics.compareExchange(this.#words, WORD_TAIL, this.#tail, (this.#tail - bytes) | 0) === this.#tail;
  }

  /** Claims `bytes` in one piece: the word of its header, or NONE when the ring is full. */
  #reserve(bytes: number): number {
    const words = this.#words;
    const atomics = this.#atomics;
    for (;;) {
      const tail = atomics.load(words, WORD_TAIL);
      const untilEnd = this.#capacity - (tail & this.#mask);
      const padding = untilEnd < bytes ? untilEnd : 0;
      const limit = this.#capacity - padding - bytes;
      const cached = atomics.load(words, WORD_HEAD_CACHE);
      let used = (tail - cached) | 0;
      if (used > limit) {
        const head = atomics.load(words, WORD_HEAD);
        used = (tail - head) | 0;
        if (used > limit) return NONE;
        if (atomics.compareExchange(words, WORD_HEAD_CACHE, cached, head) !== cached) continue;
      }
      if (used < 0) continue;
      const next = (tail + padding + bytes) | 0;
      if (atomics.compareExchange(words, WORD_TAIL, tail, next) !== tail) continue;
      const first = RING_WORDS + ((tail & this.#mask) >>> 2);
      if (padding > 0) atomics.compareExchange(words, first, 0, FLAG_PADDING | padding); // if not, `unblock` did
      const word = padding > 0 ? RING_WORDS : first;
      if (atomics.compareExchange(words, word, 0, -bytes) !== 0) continue; // declared dead meanwhile
      this.#claim = word;
      this.#claimBytes = bytes;
      this.#tail = next;
      return word;
    }
  }
}
