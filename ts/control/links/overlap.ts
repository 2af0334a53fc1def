import { type LinkQuality, MOST_COST } from '../routing/link-quality.js';
import type { Timer, TimerQueue } from '../timer-queue.js';
import type { Session } from './session.js';

/**
 * How long the session that is left stays beside the one that takes its place, ms: until routing has learnt over the new one what it knew
 * over the old one, so that packets always have a way.
 */
export const OVERLAP_MS = 2_000;

/** So much longer is the round trip that routing is told of the session that is left. */
const LEFT_FACTOR = 2;
const LEFT_EXTRA_MS = 20;
const LEFT_LOSS = 0.1;
const LEFT_MBIT = 0.25;

/** What routing is told of the session that is left: worse in every class, so that it prefers the one beside it, and soon nothing goes this way. */
export function whileLeft({ rtt, loss, cost }: LinkQuality): LinkQuality {
  return {
    rtt: rtt * LEFT_FACTOR + LEFT_EXTRA_MS,
    loss: Math.max(loss, LEFT_LOSS),
    cost: Math.min(MOST_COST, LEFT_FACTOR * (cost + 1)),
    bandwidth: LEFT_MBIT,
  };
}

/**
 * Two sessions of one peer over different transports, of which the older is left for the newer: make before break.
 *
 * ```
 *   live A ── B established ──> live A, B rising ── B has its first round-trip time ──> live B, A fading ── 2 s ──> live B
 *                                   └── B lost ──> live A                                 └── B lost ──> live A
 * ```
 * A fading session is given up by routing while it still works, for its round trips seem to be longer: so nothing is under way by it at its end.
 * Both are links of their own to routing, whose labels keep any mixture of them free of loops. A and B may have been dialed by either end;
 * whichever end first finds the time over says goodbye to A, and the other follows.
 */
export class Overlap implements Timer {
  due = Infinity;
  place = -1;
  readonly old: Session;
  readonly #timers: TimerQueue<Timer>;
  readonly #onOver: (old: Session, now: number) => void;

  constructor(old: Session, timers: TimerQueue<Timer>, now: number, onOver: (old: Session, now: number) => void) {
    this.old = old;
    this.#timers = timers;
    this.#onOver = onOver;
    timers.schedule(this, now + OVERLAP_MS);
  }

  handleTimeout(now: number): void {
    this.#onOver(this.old, now);
  }

  cancel(): void {
    this.#timers.clear(this);
  }
}

/** Whether a session that was just proved takes the place of the live one by and by: when that one works, in the same life of the peer, elsewhere. */
export function mayOverlap(live: Session, fresh: Session, now: number): boolean {
  return worksStill(live, fresh, now) && live.terms.address.scheme !== fresh.terms.address.scheme;
}

/** Whether the live session works, in the life of the peer in which the fresh one was opened. */
export function worksStill(live: Session, fresh: Session, now: number): boolean {
  return live.phase === 'ready' && live.isAlive(now) && live.terms.bootEpoch === fresh.terms.bootEpoch;
}
