/** A token bucket a key, for at most `capacity` keys: the one unused for longest gives way, and is forgotten. */
export class TokenBuckets<K> {
  readonly #buckets = new Map<K, { tokens: number; at: number }>();
  readonly #perMs: number;
  readonly #burst: number;
  readonly #capacity: number;

  /** `rate` tokens a second, at most `burst` saved up. */
  constructor(rate: number, burst: number, capacity: number) {
    this.#perMs = rate / 1000;
    this.#burst = burst;
    this.#capacity = capacity;
  }

  /** Takes a token of `key`, if it has one. */
  take(key: K, now: number): boolean {
    const old = this.#buckets.get(key);
    const tokens = old ? Math.min(this.#burst, old.tokens + Math.max(0, now - old.at) * this.#perMs) : this.#burst;
    // Deleted and set again, so that the map's order is that of last use.
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#capacity) this.#forgetOldest();
    const granted = tokens >= 1;
    this.#buckets.set(key, { tokens: granted ? tokens - 1 : tokens, at: now });
    return granted;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
