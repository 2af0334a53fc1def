/** The few statistics that the reports are made of: medians, percentiles, and how far a median may be off. */
import { seededRandom } from '../../ts/kit/random.js';

/** The q-quantile (0..1) by linear interpolation between order statistics; NaN of an empty list. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A median and the interval in which it lies with 95 % confidence. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The median of `values` with its 95 % interval by bootstrap (Efron 1979; 1000 resamples, fixed seed: the same data give the same interval). */
export function estimate(values: readonly number[]): Estimate {
  if (values.length < 2) return { median: median(values), low: median(values), high: median(values) };
  const random = seededRandom(values.length);
  const medians: number[] = [];
  for (let i = 0; i < 1000; i++) medians.push(median(values.map(() => values[random.below(values.length)] as number)));
  return { median: median(values), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** Ratios round by round: what was measured in the same round saw the same machine. */
export function pairedRatios(values: readonly number[], baseline: readonly number[]): number[] {
  const rounds = Math.min(values.length, baseline.length);
  return Array.from({ length: rounds }, (_, i) => (values[i] as number) / (baseline[i] as number));
}

/** A straight line through points. */
export interface Line {
  /** Units of y a unit of x, and its standard error (for points whose deviations are independent). */
  readonly slope: number;
  readonly slopeError: number;
  /** Its y at a given x. */
  at(x: number): number;
}

/** The line of least squares through at least three points whose x are not all the same. */
export function leastSquares(points: readonly (readonly [x: number, y: number])[]): Line {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const at = (x: number) => meanY + slope * (x - meanX);
  const residual = points.reduce((sum, [x, y]) => sum + (y - at(x)) ** 2, 0);
  return { slope, slopeError: Math.sqrt(residual / (n - 2) / spread), at };
}
