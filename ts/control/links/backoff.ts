const JITTER = 0.25;

/** How long to wait before the next round of dialing: doubled each time up to the longest, give or take a quarter. */
export class Backoff {
  readonly #random: () => number;
  readonly #first: number;
  readonly #longest: number;
  #step: number;

  /** `first`, `longest`: milliseconds. */
  constructor(random: () => number, first = 100, longest = 5_000) {
    this.#random = random;
    this.#first = first;
    this.#longest = longest;
    this.#step = first;
  }

  next(): number {
    const wait = this.#step * (1 + JITTER * (2 * this.#random() - 1));
    this.#step = Math.min(this.#longest, this.#step * 2);
    return wait;
  }

  reset(): void {
    this.#step = this.#first;
  }
}
