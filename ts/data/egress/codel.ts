/**
 * CoDel, controlled delay (RFC 8289): drops from the head of a queue, ever more often, for as long as packets have waited for too long in it. Here as a
 * machine of states, one a queue, that is asked about each packet as it is taken out; the queue itself is elsewhere.
 *
 * ```
 *             a packet waited >= target, and so did all for an interval: drop it
 *   delivering ───────────────────────────────────────────────────────────────────> dropping ──┐ drop the next one after
 *       ^                                                                              │  ^─────┘ interval / sqrt(count)
 *       └──────────────────── a packet waited < target, or the queue is short ─────────┘
 * ```
 * In one go of the RFC's `dequeue` packets are taken until one may go: {@link CodelStates.begin}, then {@link CodelStates.mustDrop} for each, or
 * {@link CodelStates.ranEmpty}. A caller that marks a packet instead of dropping it says so and delivers it ({@link CodelStates.marked}).
 */

export const TARGET_MS = 5;
export const INTERVAL_MS = 100;
/** A queue of no more bytes than this drops nothing: it is the packet in hand and one more. */
export const SHORT_QUEUE_BYTES = 1500;

/** Where in one go the machine is. */
const AT_START = 0;
/** A packet was dropped because the time for the next drop had come. */
const DROPPED_AGAIN = 1;
/** A packet was dropped with which dropping began. */
const DROPPED_FIRST = 2;

export class CodelStates {
  #now = 0;
  #place = AT_START;
  readonly #firstAbove: Float64Array;
  readonly #dropNext: Float64Array;
  readonly #count: Int32Array;
  readonly #lastCount: Int32Array;
  readonly #dropping: Uint8Array;

  constructor(queues: number) {
    this.#firstAbove = new Float64Array(queues);
    this.#dropNext = new Float64Array(queues);
    this.#count = new Int32Array(queues);
    this.#lastCount = new Int32Array(queues);
    this.#dropping = new Uint8Array(queues);
  }

  /** The time of whatever is asked from here on, ms. */
  setNow(now: number): void {
    this.#now = now;
  }

  begin(): void {
    this.#place = AT_START;
  }

  /** The next packet out of `queue` has waited for `waited` microseconds, and `bytes` are left behind it. */
  mustDrop(queue: number, waited: number, bytes: number): boolean {
    const isLate = this.#isLate(queue, waited, bytes);
    if (this.#place === DROPPED_FIRST) return false; // the RFC looks at one packet only when it begins to drop
    if (this.#dropping[queue] === 0) return this.#place === AT_START && isLate && this.#startDropping(queue);
    if (!isLate) {
      this.#dropping[queue] = 0;
      return false;
    }
    if (this.#place === DROPPED_AGAIN) this.#scheduleFrom(queue, this.#dropNext[queue] as number);
    if (this.#now < (this.#dropNext[queue] as number)) return false;
    this.#count[queue] = (this.#count[queue] as number) + 1;
    this.#place = DROPPED_AGAIN;
    return true;
  }

  /** The packet that was to be dropped was marked, and goes. */
  marked(queue: number): void {
    if (this.#place === DROPPED_AGAIN) this.#scheduleFrom(queue, this.#dropNext[queue] as number);
  }

  /** There was no packet left. */
  ranEmpty(queue: number): void {
    this.#firstAbove[queue] = 0;
    if (this.#place !== DROPPED_FIRST) this.#dropping[queue] = 0;
  }

  isDropping(queue: number): boolean {
    return this.#dropping[queue] === 1;
  }

  /** Whether packets have waited for too long for a whole interval. */
  #isLate(queue: number, waited: number, bytes: number): boolean {
    if (waited < TARGET_MS * 1000 || bytes <= SHORT_QUEUE_BYTES) {
      this.#firstAbove[queue] = 0;
      return false;
    }
    if (this.#firstAbove[queue] === 0) {
      this.#firstAbove[queue] = this.#now + INTERVAL_MS;
      return false;
    }
    return this.#now >= (this.#firstAbove[queue] as number);
  }

  /** True: the packet in hand is the first to be dropped. Soon after the last time, it goes on about as often as it had come to. */
  #startDropping(queue: number): true {
    const count = this.#count[queue] as number;
    const since = count - (this.#lastCount[queue] as number);
    const isSoon = this.#now - (this.#dropNext[queue] as number) < 16 * INTERVAL_MS;
    this.#dropping[queue] = 1;
    this.#count[queue] = since > 1 && isSoon ? since : 1;
    this.#lastCount[queue] = this.#count[queue];
    this.#scheduleFrom(queue, this.#now);
    this.#place = DROPPED_FIRST;
    return true;
  }

  #scheduleFrom(queue: number, time: number): void {
    this.#dropNext[queue] = time + INTERVAL_MS / Math.sqrt(this.#count[queue] as number);
  }
}
