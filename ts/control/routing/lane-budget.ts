/**
 * What a link's routing traffic may take (R16): a token bucket of bytes. Whoever has spent more waits with what is not urgent until the average is kept again, but not for ever.
 */

/** Averages are over this time. */
const WINDOW_MS = 10_000;
/** Bytes a millisecond: 2 kbit/s, where nobody knows the link's bandwidth; else a share of that. */
const DEFAULT_RATE = 0.25;
const SHARE = 0.01;
const BYTES_PER_MS_OF_MBIT = 125;
/** What is not urgent waits no longer than this. */
export const MOST_WAIT_MS = 5000;

export class LaneBudget {
  /** Bytes that may be spent; below 0: a debt, of at most one window. */
  #tokens: number | undefined;
  #at = 0;

  /** A frame of so many bytes leaves. `bandwidth` of the link: Mbit/s, 0: not known. */
  spend(bytes: number, bandwidth: number, now: number): void {
    const rate = rateOf(bandwidth);
    this.#tokens = Math.max(-rate * WINDOW_MS, this.#available(rate, now) - bytes);
    this.#at = now;
  }

  /** How long lazy changes wait until the budget is kept again: 0..5000 ms. */
  wait(bandwidth: number, now: number): number {
    const rate = rateOf(bandwidth);
    return Math.min(MOST_WAIT_MS, Math.max(0, -this.#available(rate, now) / rate));
  }

  #available(rate: number, now: number): number {
    const most = rate * WINDOW_MS;
    return this.#tokens === undefined ? most : Math.min(most, this.#tokens + rate * (now - this.#at));
  }
}

function rateOf(bandwidth: number): number {
  return bandwidth > 0 ? bandwidth * BYTES_PER_MS_OF_MBIT * SHARE : DEFAULT_RATE;
}
