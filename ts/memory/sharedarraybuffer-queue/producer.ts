/** The end of a queue that writes. One object a thread; in a queue for `one` producer one object at a time. */
import type { Claims } from './claims.js';
import { ManyProducersClaims } from './claims-many.js';
import { OneProducerClaims } from './claims-one.js';
import {
  type MemoryOperations,
  openQueue,
  type QueueMemory,
  WORD_CONSUMER_SLEEP,
  WORD_HEAD,
  WORD_PRODUCER_SLEEP,
  WORD_REFUSED_HIGH,
  WORD_REFUSED_LOW,
  WORD_TAIL,
} from './layout.js';
import { QueueError } from './queue-error.js';
import { type AsyncWaitOptions, Sleeper, Waker } from './sleep.js';

export interface ProducerOptions {
  /** Wakes a consumer that sleeps where `Atomics.notify` does not reach it (an eventfd, a message). Called only when it does. */
  readonly wake?: () => void;
  /** Queue for `many`: bytes claimed at once for records that are published together; at most a quarter of the ring. Default 4096. */
  readonly batchBytes?: number;
  /** The shared operations, for tests that explore interleavings. */
  readonly atomics?: MemoryOperations;
}

export class QueueProducer {
  /** The whole queue: what `claim` returns is an offset in here. */
  readonly bytes: Uint8Array;
  /** The same memory, for numbers. */
  readonly view: DataView;
  /** Bytes that a record may hold. */
  readonly maxRecord: number;
  readonly #memory: QueueMemory;
  readonly #claims: Claims;
  readonly #sleeper: Sleeper;
  readonly #waker: Waker;
  readonly #atomics: MemoryOperations;

  constructor(queue: SharedArrayBuffer, { wake, batchBytes = 4096, atomics = Atomics }: ProducerOptions = {}) {
    const memory = openQueue(queue);
    if (!Number.isInteger(batchBytes) || batchBytes < 0)
      throw new QueueError('ERR_QUEUE_OPTION', `batchBytes must be a whole number, not ${batchBytes}`);
    this.#memory = memory;
    this.#atomics = atomics;
    this.bytes = memory.bytes;
    this.view = new DataView(queue);
    this.maxRecord = memory.maxRecord;
    this.#claims =
      memory.producers === 'one'
        ? new OneProducerClaims(memory, atomics)
        : new ManyProducersClaims(memory, atomics, batchBytes);
    this.#sleeper = new Sleeper(memory, WORD_PRODUCER_SLEEP, atomics, (length) => this.#claims.hasRoom(length));
    this.#waker = new Waker(memory, WORD_CONSUMER_SLEEP, atomics, wake);
  }

  /**
   * Copies a record into the ring and publishes it, together with whatever was claimed before. False (and counted) when it is full.
   * `type` is any 32-bit number, for the user.
   */
  tryWrite(record: Uint8Array, type = 0): boolean {
    this.#check(record.length);
    const offset = this.#claims.claimAlone(record.length, type);
    if (offset < 0) return this.#refuse();
    this.bytes.set(record, offset);
    return this.publish();
  }

  /**
   * Room for a record of `length` bytes, to be published later: the offset of its bytes in {@link bytes}, 8-byte aligned; -1 (and
   * counted) when the ring is full. The bytes must be written before the next call of this producer. The ring's memory is not cleared.
   */
  claim(length: number, type = 0): number {
    this.#check(length);
    const offset = this.#claims.claim(length, type);
    if (offset < 0) this.#refuse();
    return offset;
  }

  /** Copies a record into the ring without publishing it. False (and counted) when it is full. */
  stage(record: Uint8Array, type = 0): boolean {
    const offset = this.claim(record.length, type);
    if (offset < 0) return false;
    this.bytes.set(record, offset);
    return true;
  }

  /**
   * Makes everything that was claimed visible to the consumer, which is woken if it sleeps. False when there was nothing; or, in a
   * queue for many, when the claim was given up by the consumer's `unblock`.
   */
  publish(): boolean {
    if (!this.#claims.publish()) return false;
    this.#waker.wake();
    return true;
  }

  /**
   * Makes everything that was claimed visible, and lets a consumer that sleeps sleep on: it finds the records when it next looks by itself.
   * {@link rouse} wakes it after all.
   */
  publishQuietly(): boolean {
    return this.#claims.publish();
  }

  /** Wakes the consumer if it sleeps although something is published: for records of {@link publishQuietly} that have waited long enough. */
  rouse(): void {
    if (this.backlog !== 0) this.#waker.wake();
  }

  /** Whether a record of `length` bytes would fit now (others may take the room before you). */
  hasRoom(length: number): boolean {
    this.#check(length);
    return this.#claims.hasRoom(length);
  }

  /**
   * Publishes what was claimed and blocks this thread until a record of `length` bytes fits. False after `timeout` ms without news.
   */
  waitForRoom(length: number, timeout = Infinity): boolean {
    this.#check(length);
    this.publish();
    return this.#sleeper.wait(length, timeout);
  }

  /** As {@link waitForRoom}, without blocking the thread. A pending wait does not keep the process alive. */
  async waitForRoomAsync(length: number, options: AsyncWaitOptions = {}): Promise<boolean> {
    this.#check(length);
    this.publish();
    return this.#sleeper.waitAsync(length, options);
  }

  /**
   * Publishes what was claimed and announces that this producer sleeps where only the consumer's `wake` function reaches it. False:
   * there is room already, do not sleep.
   */
  sleepElsewhere(length: number): boolean {
    this.#check(length);
    this.publish();
    return this.#sleeper.sleepElsewhere(length);
  }

  /** Where the next record will lie: bytes since the start, modulo 2^32. */
  get position(): number {
    return this.#atomics.load(this.#memory.words, WORD_TAIL);
  }

  /** Bytes that producers have claimed or published and that the consumer has not yet given back. */
  get backlog(): number {
    const { words } = this.#memory;
    const head = this.#atomics.load(words, WORD_HEAD); // before the tail, so that it is not ahead of it
    return (this.#atomics.load(words, WORD_TAIL) - head) | 0;
  }

  /** How many records were refused because the ring was full, by all producers; exact up to 2^53. */
  get refused(): number {
    const { words } = this.#memory;
    for (;;) {
      const high = this.#atomics.load(words, WORD_REFUSED_HIGH);
      const low = this.#atomics.load(words, WORD_REFUSED_LOW);
      if (this.#atomics.load(words, WORD_REFUSED_HIGH) === high) return (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
    }
  }

  #refuse(): false {
    const { words } = this.#memory;
    if (this.#atomics.add(words, WORD_REFUSED_LOW, 1) === -1) this.#atomics.add(words, WORD_REFUSED_HIGH, 1);
    return false;
  }

  #check(length: number): void {
    if (length > this.maxRecord || length < 0)
      throw new QueueError(
        'ERR_QUEUE_RECORD_TOO_LARGE',
        `a record of ${length} bytes is outside this queue's 0 to ${this.maxRecord}`,
      );
  }
}
