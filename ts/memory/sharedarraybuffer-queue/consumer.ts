/**
 * The end of a queue that reads: one object at a time, whatever the number of producers.
 *
 * Proof. *Who writes*: the consumer alone writes the head, and in a queue for many it clears what it gives back (claims-many.ts says why).
 * *Reading*: records before `#known` were published, which one acquiring load has shown: they are read with plain loads. `#known` moves
 * to the tail (one), or past the next record or batch whose length word is positive (many).
 * *Giving back*: the head is stored once a batch, after the last read and the clearing (release).
 * A consumer that dies leaves the head where it released last: its successor gets the unreleased records again.
 */
import {
  FLAG_BATCH,
  FLAG_PADDING,
  LENGTH_MASK,
  type MemoryOperations,
  openQueue,
  type QueueMemory,
  RECORD_HEADER_BYTES,
  RING_BYTES,
  RING_WORDS,
  WORD_ABANDONED,
  WORD_CONSUMER_SLEEP,
  WORD_HEAD,
  WORD_PRODUCER_SLEEP,
  WORD_TAIL,
} from './layout.js';
import { type AsyncWaitOptions, Sleeper, Waker } from './sleep.js';
import { Unblocker } from './unblock.js';

export interface ConsumerOptions {
  /** Wakes producers that sleep where `Atomics.notify` does not reach them. Called only when they do. */
  readonly wake?: () => void;
  /** The shared operations, for tests that explore interleavings. */
  readonly atomics?: MemoryOperations;
}

/** Gets a record where it lies: valid until the handler returns. */
export type RecordHandler = (type: number, offset: number, length: number) => void;

export class QueueConsumer {
  /** The whole queue: record offsets are offsets in here. */
  readonly bytes: Uint8Array;
  /** The same memory, for numbers. */
  readonly view: DataView;
  /** The record that {@link next} stepped on: its type (0 to 2^32 - 1), the offset of its bytes, their number. */
  type = 0;
  offset = 0;
  length = 0;
  readonly #memory: QueueMemory;
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #many: boolean;
  readonly #atomics: MemoryOperations;
  readonly #sleeper: Sleeper;
  readonly #waker: Waker;
  readonly #unblocker: Unblocker;
  #released: number;
  #position: number;
  #known: number;

  constructor(queue: SharedArrayBuffer, { wake, atomics = Atomics }: ConsumerOptions = {}) {
    const memory = openQueue(queue);
    this.#memory = memory;
    this.#words = memory.words;
    this.#mask = memory.capacity - 1;
    this.#many = memory.producers === 'many';
    this.#atomics = atomics;
    this.bytes = memory.bytes;
    this.view = new DataView(queue);
    this.#released = atomics.load(memory.words, WORD_HEAD);
    this.#position = this.#released;
    this.#known = this.#released;
    this.#sleeper = new Sleeper(memory, WORD_CONSUMER_SLEEP, atomics, () => this.#atRecord());
    this.#waker = new Waker(memory, WORD_PRODUCER_SLEEP, atomics, wake);
    this.#unblocker = new Unblocker(memory, atomics);
  }

  /** Steps on the next record: see {@link type}, {@link offset}, {@link length}. False when there is none. Nothing is given back. */
  next(): boolean {
    if (!this.#atRecord()) return false;
    const word = RING_WORDS + ((this.#position & this.#mask) >>> 2);
    const length = (this.#words[word] as number) - RECORD_HEADER_BYTES;
    this.type = (this.#words[word + 1] as number) >>> 0;
    this.offset = word * 4 + RECORD_HEADER_BYTES;
    this.length = length;
    this.#position = (this.#position + RECORD_HEADER_BYTES + ((length + 7) & ~7)) | 0;
    return true;
  }

  /** Gives the room of all records that were stepped on back to the producers, and wakes those that wait for it. */
  release(): void {
    if (this.#position === this.#released) return;
    if (this.#many) this.#clear(this.#released, this.#position);
    this.#released = this.#position;
    this.#atomics.store(this.#words, WORD_HEAD, this.#released);
    this.#waker.wake();
  }

  /**
   * Hands up to `limit` records to `handler`, then gives their room back once. Returns how many. What the handler throws is thrown
   * on, after the records up to that one have been given back.
   */
  read(handler: RecordHandler, limit = Infinity): number {
    let count = 0;
    try {
      while (count < limit && this.next()) {
        count++;
        handler(this.type, this.offset, this.length);
      }
    } finally {
      this.release();
    }
    return count;
  }

  /** Gives back what was read and blocks this thread until there is a record. False after `timeout` ms without news. */
  wait(timeout = Infinity): boolean {
    this.release();
    const ready = this.#sleeper.wait(0, timeout);
    this.#sleeper.awake();
    return ready;
  }

  /** As {@link wait}, without blocking the thread; one at a time. A pending wait does not keep the process alive. */
  async waitAsync(options: AsyncWaitOptions = {}): Promise<boolean> {
    this.release();
    try {
      return await this.#sleeper.waitAsync(0, options);
    } finally {
      this.#sleeper.awake();
    }
  }

  /**
   * Gives back what was read and announces that this consumer sleeps where only the producers' `wake` function reaches it. False:
   * there is a record already, do not sleep. Call {@link awake} afterwards.
   */
  sleepElsewhere(): boolean {
    this.release();
    const sleeps = this.#sleeper.sleepElsewhere(0);
    if (!sleeps) this.#sleeper.awake();
    return sleeps;
  }

  /** Ends {@link sleepElsewhere}. */
  awake(): void {
    this.#sleeper.awake();
  }

  /** Bytes that producers have claimed or published and that are not yet given back. */
  get backlog(): number {
    return (this.#atomics.load(this.#words, WORD_TAIL) - this.#released) | 0;
  }

  /**
   * Queue for many: gives up the claim of a producer that died before publishing it, which blocks everything behind it. A claim is
   * given up when it was there, and next in turn, at two calls in a row: so call this at an interval in which no living producer can
   * stay between claiming and publishing, while nothing arrives although {@link backlog} is not 0. True when a claim was given up.
   */
  unblock(): boolean {
    if (!this.#many || this.#atRecord()) return this.#unblocker.forget();
    return this.#unblocker.try(this.#position);
  }

  /** How many claims were given up so far (modulo 2^32). */
  get abandoned(): number {
    return this.#atomics.load(this.#words, WORD_ABANDONED) >>> 0;
  }

  /** Moves over padding and batch headers. True when `#position` is at a record that is known to be published. */
  #atRecord(): boolean {
    for (;;) {
      if (this.#position === this.#known && !this.#findMore()) return false;
      const word = this.#words[RING_WORDS + ((this.#position & this.#mask) >>> 2)] as number;
      if (word < FLAG_BATCH) return true;
      this.#position = (this.#position + (word & LENGTH_MASK)) | 0;
    }
  }

  #findMore(): boolean {
    if (!this.#many) {
      this.#known = this.#atomics.load(this.#words, WORD_TAIL);
      return this.#known !== this.#position;
    }
    // All of a full ring may have been read and not yet given back: then the word at the position is that of the oldest record.
    if (((this.#position - this.#released) | 0) === this.#memory.capacity) return false;
    const at = RING_WORDS + ((this.#position & this.#mask) >>> 2);
    const word = this.#atomics.load(this.#words, at);
    if (word <= 0) return false;
    let bytes = ((word & LENGTH_MASK) + 7) & ~7;
    if (word & FLAG_BATCH && !(word & FLAG_PADDING)) bytes += this.#words[at + 1] as number;
    this.#known = (this.#position + bytes) | 0;
    return true;
  }

  #clear(from: number, to: number): void {
    const { words, capacity } = this.#memory;
    const start = RING_BYTES / 4 + ((from & this.#mask) >>> 2);
    const end = start + (((to - from) | 0) >>> 2);
    const ringEnd = RING_WORDS + (capacity >>> 2);
    words.fill(0, start, Math.min(end, ringEnd));
    if (end > ringEnd) words.fill(0, RING_WORDS, end - (capacity >>> 2));
  }
}
