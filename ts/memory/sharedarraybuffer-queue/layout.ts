/**
 * The memory of a queue: a header of six 128-byte lines and a ring of records behind it. native/ring.h is the same in C++.
 *
 * ```
 *    0 +-- constants: magic, version, capacity, mode ----------------+  written once, before the handle is given away
 *  128 +-- tail ------------------------------------------------------+  one: the producer; many: any producer, by CAS
 *  256 +-- head cache (many) · refused (64 bits) · abandoned --------+  producers; abandoned: the consumer
 *  384 +-- head ------------------------------------------------------+  the consumer
 *  512 +-- consumer's sleep flag ------------------------------------+  both, see sleep.ts
 *  640 +-- producers' sleep flag ------------------------------------+  both, see sleep.ts
 *  768 +-- ring, `capacity` bytes (a power of two) -------------------+
 *
 * a record, 8-byte aligned          31   30      29     28         0
 * +------------------+-----------+   +----+-------+-------+-----------+
 * | length word      | type word |   | -  |padding| batch | 8 + bytes |   length word of a record that is there
 * +------------------+-----------+   +----+-------+-------+-----------+
 * | the user's bytes, to the next multiple of 8     |   0: nothing yet;  negative: claimed, -bytes (many only)
 * +-------------------------------------------------+
 * ```
 * - A line of 128 bytes, and not 64, because processors fetch lines in pairs.
 * - Positions count bytes and are 32 bits that wrap; a position's place is its low bits, and `tail - head`, taken modulo 2^32, is what
 *   the ring holds. With a capacity of at most 2^28 no two meanings of a difference can be confused.
 * - A record never crosses the end of the ring: a *padding* record fills what is left before it.
 * - A *batch* record (8 bytes, many only) says in its type word how many bytes of records behind it are published with it.
 */
import { QueueError } from './queue-error.js';

const LINE_WORDS = 32;
const WORD_MAGIC = 0;
const WORD_VERSION = 1;
const WORD_CAPACITY = 2;
const WORD_MODE = 3;
export const WORD_TAIL = LINE_WORDS;
export const WORD_HEAD_CACHE = 2 * LINE_WORDS;
export const WORD_REFUSED_LOW = 2 * LINE_WORDS + 2;
export const WORD_REFUSED_HIGH = 2 * LINE_WORDS + 3;
export const WORD_ABANDONED = 2 * LINE_WORDS + 4;
export const WORD_HEAD = 3 * LINE_WORDS;
export const WORD_CONSUMER_SLEEP = 4 * LINE_WORDS;
export const WORD_PRODUCER_SLEEP = 5 * LINE_WORDS;
/** Where the ring starts, in words and bytes. */
export const RING_WORDS = 6 * LINE_WORDS;
export const RING_BYTES = RING_WORDS * 4;

export const RECORD_HEADER_BYTES = 8;
export const FLAG_PADDING = 1 << 30;
export const FLAG_BATCH = 1 << 29;
export const LENGTH_MASK = FLAG_BATCH - 1;

const MAGIC = 0x51554555; // "QUEU"
const VERSION = 1;
const MIN_CAPACITY = 64;
const MAX_CAPACITY = 1 << 28;
const MODE_ONE = 1;
const MODE_MANY = 2;

/** The shared operations a queue is made of. `Atomics`, but for tests that explore interleavings. */
export type MemoryOperations = Pick<
  typeof Atomics,
  'load' | 'store' | 'add' | 'or' | 'exchange' | 'compareExchange' | 'wait' | 'waitAsync' | 'notify'
>;

export interface QueueOptions {
  /** Room for records, their 8-byte headers included: rounded up to a power of two; 64 bytes to 256 MB. */
  readonly bytes: number;
  /** `one`: a single producer at a time. `many`: several producers, which cost each other a compare-and-swap a batch. */
  readonly producers: 'one' | 'many';
  /** The position of the first record, for tests of the wrap: 0 to 2^32 - 1, a multiple of 8. */
  readonly startPosition?: number;
}

/** What an end of a queue works on. */
export interface QueueMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly capacity: number;
  readonly producers: 'one' | 'many';
  /** Bytes that a record may hold. Twice a record always fits into an empty ring, whatever padding the wrap needs. */
  readonly maxRecord: number;
}

/** Makes a queue. What comes back can be posted to any worker; each end opens it with its class. */
export function createQueue({ bytes, producers, startPosition = 0 }: QueueOptions): SharedArrayBuffer {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_CAPACITY)
    throw new QueueError('ERR_QUEUE_OPTION', `bytes must be an integer from 1 to ${MAX_CAPACITY}, not ${bytes}`);
  if (producers !== 'one' && producers !== 'many')
    throw new QueueError('ERR_QUEUE_OPTION', `producers must be 'one' or 'many', not ${String(producers)}`);
  if (!Number.isInteger(startPosition) || startPosition < 0 || startPosition > 0xfffffff8 || startPosition % 8 !== 0)
    throw new QueueError('ERR_QUEUE_OPTION', `startPosition must be a multiple of 8 below 2^32, not ${startPosition}`);
  let capacity = MIN_CAPACITY;
  while (capacity < bytes) capacity *= 2;
  const buffer = new SharedArrayBuffer(RING_BYTES + capacity);
  const words = new Int32Array(buffer);
  words[WORD_VERSION] = VERSION;
  words[WORD_CAPACITY] = capacity;
  words[WORD_MODE] = producers === 'one' ? MODE_ONE : MODE_MANY;
  words[WORD_TAIL] = startPosition;
  words[WORD_HEAD_CACHE] = startPosition;
  words[WORD_HEAD] = startPosition;
  Atomics.store(words, WORD_MAGIC, MAGIC);
  return buffer;
}

/** Checks that `buffer` holds a queue of this layout, and opens it. */
export function openQueue(buffer: SharedArrayBuffer): QueueMemory {
  const words = buffer.byteLength > RING_BYTES ? new Int32Array(buffer) : new Int32Array(LINE_WORDS);
  const capacity = words[WORD_CAPACITY] ?? 0;
  const mode = words[WORD_MODE];
  if (words[WORD_MAGIC] !== MAGIC || words[WORD_VERSION] !== VERSION)
    throw new QueueError('ERR_QUEUE_MEMORY', `the shared memory holds no queue of layout version ${VERSION}`);
  if (buffer.byteLength !== RING_BYTES + capacity || (mode !== MODE_ONE && mode !== MODE_MANY))
    throw new QueueError('ERR_QUEUE_MEMORY', 'the header of the queue is damaged');
  return {
    buffer,
    words,
    bytes: new Uint8Array(buffer),
    capacity,
    producers: mode === MODE_ONE ? 'one' : 'many',
    maxRecord: capacity / 2 - 2 * RECORD_HEADER_BYTES,
  };
}

/** Bytes of a record that holds `length` bytes: header and alignment included. */
export const recordBytes = (length: number): number => (length + RECORD_HEADER_BYTES + 7) & ~7;
