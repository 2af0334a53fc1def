/** What happened longer ago weighs less: after this many ms, 1/e. Soon enough for what breaks. */
export const FAST_MEMORY_MS = 10_000;
/** The same, for what a link that carries little but hellos loses of them. */
export const SLOW_MEMORY_MS = 100_000;
/** No more than this is excused in advance: whoever claims more hides a real loss. */
const MOST_EXCUSED = 8;

/**
 * Loss in one direction of a link, from what the receiving end counts: frames received, and the highest counter among them. Both are read
 * at the same moment there, so frames under way are not taken for lost ones.
 */
export class LossMeter {
  readonly #memory: number;
  #counter = 0;
  #received = 0;
  #sentWeight = 0;
  #lostWeight = 0;
  #at: number | undefined;
  /** Frames that are to be taken out of the count when they are found missing. */
  #excused = 0;

  /** @param memory how long frames are remembered, ms. */
  constructor(memory = FAST_MEMORY_MS) {
    this.#memory = memory;
  }

  /** A new reading; readings that went back (reordered reports) are passed over. Returns how many frames were lost since the last one. */
  add(highestCounter: number, received: number, now: number): number {
    const sent = highestCounter - this.#counter;
    const got = received - this.#received;
    if (sent <= 0 || got < 0) return 0;
    const keep = this.#at === undefined ? 0 : Math.exp(-Math.max(0, now - this.#at) / this.#memory);
    // A late frame of an earlier interval may make it more than was sent in this one: then that much less was lost before.
    this.#sentWeight = this.#sentWeight * keep + sent;
    this.#lostWeight = Math.max(0, this.#lostWeight * keep + sent - got);
    this.#counter = highestCounter;
    this.#received = received;
    this.#at = now;
    this.#forget();
    return sent - got;
  }

  /** So many frames were meant to find out whether they arrive: those that do not are no loss. */
  excuse(frames: number): void {
    this.#excused = Math.min(MOST_EXCUSED, this.#excused + frames);
    this.#forget();
  }

  /** 0..100 */
  get percent(): number {
    if (this.#sentWeight === 0) return 0;
    return Math.min(100, (100 * this.#lostWeight) / this.#sentWeight);
  }

  /** How many frames it remembers: one from long ago counts for less than one. */
  get frames(): number {
    return this.#sentWeight;
  }

  #forget(): void {
    const frames = Math.min(this.#excused, this.#lostWeight);
    this.#excused -= frames;
    this.#lostWeight -= frames;
    this.#sentWeight -= frames;
  }
}
