/** What happened longer ago weighs less: after this many ms, 1/e. */
const MEMORY_MS = 10_000;

/**
 * Loss in one direction of a link, from what the receiving end counts: frames received, and the highest counter among them. Both are read
 * at the same moment there, so frames under way are not taken for lost ones.
 */
export class LossMeter {
  #counter = 0;
  #received = 0;
  #sentWeight = 0;
  #lostWeight = 0;
  #at: number | undefined;

  /** A new reading; readings that went back (reordered reports) are passed over. */
  add(highestCounter: number, received: number, now: number): void {
    const sent = highestCounter - this.#counter;
    const got = received - this.#received;
    if (sent <= 0 || got < 0) return;
    const keep = this.#at === undefined ? 0 : Math.exp(-Math.max(0, now - this.#at) / MEMORY_MS);
    // A late frame of an earlier interval may make it more than was sent in this one: then that much less was lost before.
    this.#sentWeight = this.#sentWeight * keep + sent;
    this.#lostWeight = Math.max(0, this.#lostWeight * keep + sent - got);
    this.#counter = highestCounter;
    this.#received = received;
    this.#at = now;
  }

  /** 0..100 */
  get percent(): number {
    if (this.#sentWeight === 0) return 0;
    return Math.min(100, (100 * this.#lostWeight) / this.#sentWeight);
  }
}
