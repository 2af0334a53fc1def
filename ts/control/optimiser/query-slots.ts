/** Times at which background queries may leave: so many a second, and a few at once after a rest. */
export class QuerySlots {
  readonly #gapMs: number;
  readonly #saved: number;
  #next = -Infinity;

  constructor(perSecond: number, burst: number) {
    this.#gapMs = 1000 / perSecond;
    this.#saved = (burst - 1) * this.#gapMs;
  }

  /** Takes the next one: when it is, ms, `now` or later. */
  take(now: number): number {
    const at = Math.max(this.#next, now - this.#saved);
    this.#next = at + this.#gapMs;
    return Math.max(at, now);
  }
}
