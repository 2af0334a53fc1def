/** Order statistics. */

/** The quantile `q` (0..1) of ascending values: the nearest rank, so always one of the values. NaN when there are none. */
export function quantile(ascending: readonly number[], q: number): number {
  if (ascending.length === 0) return Number.NaN;
  const rank = Math.ceil(q * ascending.length);
  return ascending[Math.min(ascending.length, Math.max(1, rank)) - 1] as number;
}
