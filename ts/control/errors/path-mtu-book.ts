import type { NodeId } from '../../kit/node-id.js';
import { BASE_MTU, HEADERS_BYTES, MAX_MTU } from '../../wire/network-header.js';
import type { Outbox } from '../outbox.js';
import type { Timer, TimerQueue } from '../timer-queue.js';

/** What was learnt is forgotten after so long, ms, and larger frames are tried again: RFC 8201 asks for 10 minutes. */
export const PATH_MTU_MS = 600_000;
/** Destinations that are remembered; the one that was learnt of first gives way. */
export const MAX_PATHS = 1024;

/**
 * The MTU of paths, a destination, as errors tell it ("too big", with what would have passed). Whoever may send errors may lie: the worst
 * that follows is that datagrams to one destination are cut into packets of the base MTU.
 */
export class PathMtuBook implements Timer {
  due = Infinity;
  place = -1;
  readonly #outbox: Outbox;
  readonly #deadlines: TimerQueue<Timer>;
  /** Until when each destination's is believed, in the order of that time. */
  readonly #until = new Map<NodeId, number>();

  constructor(outbox: Outbox, deadlines: TimerQueue<Timer>) {
    this.#outbox = outbox;
    this.#deadlines = deadlines;
  }

  /** A packet to the destination was too big; `payload` bytes would have passed, 0: not said. */
  learn(destination: NodeId, payload: number, now: number): void {
    this.#until.delete(destination);
    if (this.#until.size === MAX_PATHS) this.#forget(this.#first());
    this.#until.set(destination, now + PATH_MTU_MS);
    const mtu = Math.min(MAX_MTU, Math.max(BASE_MTU, payload + HEADERS_BYTES));
    this.#outbox.push({ kind: 'pathMtu', destination, mtu });
    this.#schedule();
  }

  get size(): number {
    return this.#until.size;
  }

  handleTimeout(now: number): void {
    for (const [destination, until] of this.#until) {
      if (until > now) break;
      this.#forget(destination);
    }
    this.#schedule();
  }

  #forget(destination: NodeId): void {
    this.#until.delete(destination);
    this.#outbox.push({ kind: 'pathMtu', destination, mtu: 0 });
  }

  #schedule(): void {
    const next = this.#until.get(this.#first());
    this.#deadlines.schedule(this, next ?? Infinity);
  }

  #first(): NodeId {
    for (const destination of this.#until.keys()) return destination;
    return 0;
  }
}
