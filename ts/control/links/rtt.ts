/** Round-trip time as RFC 6298 smooths it: gain 1/8, and 1/4 for the mean deviation. Milliseconds. */
export class RttEstimator {
  #smoothed: number | undefined;
  #variance = 0;

  /** `sample` ms; what is not plausible is clamped to 1 µs .. 60 s. */
  add(sample: number): void {
    const rtt = Math.min(60_000, Math.max(0.001, sample));
    if (this.#smoothed === undefined) {
      this.#smoothed = rtt;
      this.#variance = rtt / 2;
      return;
    }
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
