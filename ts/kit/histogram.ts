/**
 * A log-linear histogram over a plain array of words, which may lie in shared memory: one thread records, others read while it does.
 *
 * Values are whole numbers of a unit of the user's. Below 256 every value has a bucket of its own; above, each octave has 128 of them, so a
 * value is known to less than 0.8 %:
 *
 * ```
 *   values     0 1 2 ... 255 | 256 258 260 ... 510 | 512 516 520 ... 1020 | ...   up to 2^31
 *   buckets    0 1 2 ... 255 | 256 257 258 ... 383 | 384 385 386 ... 511  | ...
 * ```
 */
const SUB_BITS = 7;
const SUB_BUCKETS = 1 << SUB_BITS;
const LINEAR = 2 * SUB_BUCKETS;
const OCTAVES = 31 - (SUB_BITS + 1);

/** Words that a histogram takes. */
export const HISTOGRAM_WORDS = LINEAR + OCTAVES * SUB_BUCKETS;
export const HISTOGRAM_MAX = 0x7fff_ffff;

/** The bucket of `value`; what is below 0 or above {@link HISTOGRAM_MAX} counts as that. */
export function bucketOf(value: number): number {
  const v = value < 0 ? 0 : value > HISTOGRAM_MAX ? HISTOGRAM_MAX : value | 0;
  if (v < LINEAR) return v;
  const shift = 31 - Math.clz32(v) - SUB_BITS;
  return shift * SUB_BUCKETS + (v >>> shift);
}

/** The middle of a bucket. */
export function valueOf(bucket: number): number {
  if (bucket < LINEAR) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return (bucket - shift * SUB_BUCKETS) * 2 ** shift + (2 ** shift - 1) / 2;
}

/** Counts one value. */
export function record(words: Uint32Array, value: number): void {
  const bucket = bucketOf(value);
  words[bucket] = (words[bucket] as number) + 1;
}

/** What several histograms (one a thread) say together. */
export class HistogramSummary {
  readonly count: number;
  readonly #sums: Float64Array;

  constructor(parts: readonly Uint32Array[]) {
    this.#sums = new Float64Array(HISTOGRAM_WORDS);
    let count = 0;
    for (const words of parts)
      for (let bucket = 0; bucket < HISTOGRAM_WORDS; bucket++) {
        const n = words[bucket] as number;
        this.#sums[bucket] = (this.#sums[bucket] as number) + n;
        count += n;
      }
    this.count = count;
  }

  /** The value that `fraction` (0..1) of all values do not exceed; `undefined` when there are none. */
  quantile(fraction: number): number | undefined {
    if (this.count === 0) return undefined;
    const wanted = Math.max(1, Math.ceil(fraction * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < HISTOGRAM_WORDS; bucket++) {
      seen += this.#sums[bucket] as number;
      if (seen >= wanted) return valueOf(bucket);
    }
    return valueOf(HISTOGRAM_WORDS - 1);
  }
}
