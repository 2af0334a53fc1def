import type { Liveness } from './liveness.js';
import type { RttEstimator } from './rtt.js';

/** So many are waited for: more than intervals of silence, since on a busy machine the first answers are the ones that come late. */
const MOST_OPEN = 5;

/** Questions to a peer that somebody has lost are so far apart, and so many ms lie between two such rounds at least. */
export const SUSPECT_INTERVAL = 30;
const SUSPECT_AGAIN_MS = 1_000;

/**
 * Hellos that nobody answers: BFD's echo function (RFC 5880, section 6.4) beside its asynchronous mode. Workers answer a hello at once, however
 * seldom their end sends hellos of its own; so a link that has just begun to carry data, whose peer has not announced the fast interval yet, need not
 * wait for three of the slow ones. Where both ends send alike, silence is noticed first, and this adds nothing.
 */
export class Questions {
  #unanswered = 0;
  #firstAt = 0;
  #lastAt = -Infinity;
  #suspectedAt = -Infinity;

  /** A hello leaves; `lastHeard`: when anything came from the peer. */
  asked(now: number, lastHeard: number): void {
    if (lastHeard >= this.#lastAt) this.#unanswered = 0;
    if (this.#unanswered++ === 0) this.#firstAt = now;
    this.#lastAt = now;
  }

  /** Somebody has lost the peer. Returns whether it is to be asked now. */
  suspect(now: number): boolean {
    if (now < this.#suspectedAt + SUSPECT_AGAIN_MS) return false;
    this.#suspectedAt = now;
    return true;
  }

  /** Nothing has come since it was suspected, but what may have been under way. */
  isSuspected(lastHeard: number, { smoothed = 0 }: RttEstimator): boolean {
    return lastHeard < this.#suspectedAt + smoothed / 2;
  }

  /** When to give up, if nothing comes until then; Infinity: too few questions are open. */
  limit(lastHeard: number, { sending, leastSilence }: Liveness, rtt: RttEstimator): number {
    if (lastHeard >= this.#lastAt || this.#unanswered < MOST_OPEN) return Infinity;
    const spacing = this.isSuspected(lastHeard, rtt) ? SUSPECT_INTERVAL : sending;
    return this.#firstAt + Math.max(leastSilence, MOST_OPEN * spacing) + (rtt.smoothed ?? 0) + 4 * (rtt.variance ?? 0);
  }
}
