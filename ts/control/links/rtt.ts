/** So many samples are first taken before the estimate is smoothed. */
const FIRST_SAMPLES = 8;

/**
 * Round-trip time as RFC 6298 smooths it: gain 1/8, and 1/4 for the mean deviation. Milliseconds. The first samples come while both
 * ends are starting, and whatever delays them makes them longer: so the smallest of them is taken, where smoothing would need seconds to forget one.
 */
export class RttEstimator {
  #samples = 0;
  #smoothed: number | undefined;
  #variance = 0;

  /** `sample` ms; what is not plausible is clamped to 1 µs .. 60 s. */
  add(sample: number): void {
    const rtt = Math.min(60_000, Math.max(0.001, sample));
    if (this.#smoothed === undefined || (++this.#samples < FIRST_SAMPLES && rtt < this.#smoothed)) {
      this.#smoothed = rtt;
      this.#variance = rtt / 2;
      return;
    }
    if (this.#samples < FIRST_SAMPLES) return;
    this.#variance += (Math.abs(this.#smoothed - rtt) - this.#variance) / 4;
    this.#smoothed += (rtt - this.#smoothed) / 8;
  }

  /** `undefined` before the first sample. */
  get smoothed(): number | undefined {
    return this.#smoothed;
  }

  get variance(): number | undefined {
    return this.#smoothed === undefined ? undefined : this.#variance;
  }
}
