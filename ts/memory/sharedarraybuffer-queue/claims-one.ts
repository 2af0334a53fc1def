/**
 * The single producer's way into the ring.
 *
 * Proof. *Who writes*: the producer alone writes the tail and the bytes from the tail to head + capacity; the consumer alone writes the
 * head. *Publish*: the bytes of all claimed records and their headers are written before one store of the tail (release), the consumer
 * reads the tail first (acquire): it sees whole records or none. *Room*: the consumer's store of the head comes after its last read of
 * what it gives back. The producer works with a head that it read before: an old head can only be too small, so there is at least as
 * much room as it believes; it is read anew only when the ring looks full.
 * *Valid*: tail grows by whole records; tail - head <= capacity. *Forbidden*: a second producer; a tail that splits a record.
 * A producer that dies has published whole records only; its successor starts at the tail.
 */
import type { Claims } from './claims.js';
import {
  FLAG_PADDING,
  type MemoryOperations,
  type QueueMemory,
  RECORD_HEADER_BYTES,
  RING_WORDS,
  recordBytes,
  WORD_HEAD,
  WORD_TAIL,
} from './layout.js';

export class OneProducerClaims implements Claims {
  readonly #words: Int32Array;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #atomics: MemoryOperations;
  #published: number;
  /** Where the next record goes. */
  #position: number;
  /** The head as it was read last. */
  #head: number;

  constructor({ words, capacity }: QueueMemory, atomics: MemoryOperations) {
    this.#words = words;
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.#atomics = atomics;
    this.#published = atomics.load(words, WORD_TAIL);
    this.#position = this.#published;
    this.#head = atomics.load(words, WORD_HEAD);
  }

  claim(length: number, type: number): number {
    const words = this.#words;
    const total = recordBytes(length);
    const untilEnd = this.#capacity - (this.#position & this.#mask);
    const padding = untilEnd < total ? untilEnd : 0;
    if (!this.#fits(padding + total)) return -1;
    if (padding > 0) {
      words[RING_WORDS + ((this.#position & this.#mask) >>> 2)] = FLAG_PADDING | padding;
      this.#position = (this.#position + padding) | 0;
    }
    const word = RING_WORDS + ((this.#position & this.#mask) >>> 2);
    words[word] = length + RECORD_HEADER_BYTES;
    words[word + 1] = type;
    this.#position = (this.#position + total) | 0;
    return word * 4 + RECORD_HEADER_BYTES;
  }

  claimAlone(length: number, type: number): number {
    return this.claim(length, type);
  }

  publish(): boolean {
    if (this.#position === this.#published) return false;
    this.#atomics.store(this.#words, WORD_TAIL, this.#position);
    this.#published = this.#position;
    return true;
  }

  hasRoom(length: number): boolean {
    const total = recordBytes(length);
    const untilEnd = this.#capacity - (this.#position & this.#mask);
    return this.#fits(untilEnd < total ? untilEnd + total : total);
  }

  #fits(bytes: number): boolean {
    const limit = this.#capacity - bytes;
    if (((this.#position - this.#head) | 0) <= limit) return true;
    this.#head = this.#atomics.load(this.#words, WORD_HEAD);
    return ((this.#position - this.#head) | 0) <= limit;
  }
}
