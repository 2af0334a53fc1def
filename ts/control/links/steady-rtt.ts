import type { RttEstimator } from './rtt.js';

/** Mean deviations that the smoothed round-trip time moves by chance, at most. */
const CHANCE = 1.5;

/**
 * The round-trip time that routing is told: the smoothed one, but held as long as what it moved by may be chance. What is smoothed with a gain of 1/8 errs by a third
 * of the mean deviation; so a link that is off by several times that much has become another one. A busy machine answers late now and then, by
 * times as long as a short link's round trip: each time routing took that for news, all neighbours would hear of it.
 */
export class SteadyRtt {
  #value: number | undefined;

  /** ms; undefined before the first sample. */
  follow({ smoothed, variance = 0 }: RttEstimator): number | undefined {
    if (smoothed === undefined) return undefined;
    if (this.#value === undefined || Math.abs(smoothed - this.#value) > CHANCE * variance) this.#value = smoothed;
    return this.#value;
  }
}
