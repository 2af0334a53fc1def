const FIRST_MS = 100;
const LONGEST_MS = 5_000;
const JITTER = 0.25;

/** How long to wait before the next round of dialing: 100 ms, doubled each time up to 5 s, give or take a quarter. */
export class Backoff {
  #step = FIRST_MS;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  next(): number {
    const wait = this.#step * (1 + JITTER * (2 * this.#random() - 1));
    this.#step = Math.min(LONGEST_MS, this.#step * 2);
    return wait;
  }

  reset(): void {
    this.#step = FIRST_MS;
  }
}
