/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, below 1. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.unit() * from.length)];
  }

  shuffle<T>(from: readonly T[]): T[] {
    const order = [...from];
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(this.unit() * (i + 1));
      [order[i], order[j]] = [order[j] as T, order[i] as T];
    }
    return order;
  }
}
