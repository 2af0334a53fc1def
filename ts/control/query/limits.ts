/**
 * Whether a path keeps to limits. Measures of links add up along a path: round trips and costs as sums, bandwidth as the least, delivery as a
 * product.
 */

import { type LimitName, MAX_HOPS, type PathMeasure, type RouteLimits } from '../../wire/route-query.js';
import type { LinkQuality } from '../routing/link-quality.js';

/** The path of no links. */
export const NOWHERE: PathMeasure = { rttMs: 0, cost: 0, mbps: Infinity, delivery: 1, hops: 0 };

/** What one link does. */
export function measureOf({ rtt, cost, bandwidth, loss }: LinkQuality): PathMeasure {
  return { rttMs: rtt, cost, mbps: bandwidth === 0 ? Infinity : bandwidth, delivery: 1 - loss, hops: 1 };
}

/** The path `first` followed by `second`. */
export function joined(first: PathMeasure, second: PathMeasure): PathMeasure {
  return {
    rttMs: first.rttMs + second.rttMs,
    cost: first.cost + second.cost,
    mbps: Math.min(first.mbps, second.mbps),
    delivery: first.delivery * second.delivery,
    hops: first.hops + second.hops,
  };
}

/** What is behind `first` on the path `whole`. Its bandwidth is at least what is said. */
export function rest(whole: PathMeasure, first: PathMeasure): PathMeasure {
  return {
    rttMs: Math.max(0, whole.rttMs - first.rttMs),
    cost: Math.max(0, whole.cost - first.cost),
    mbps: whole.mbps,
    delivery: first.delivery === 0 ? 0 : Math.min(1, whole.delivery / first.delivery),
    hops: whole.hops - first.hops,
  };
}

/** The value of `measure` in the unit of the limit. */
export function valueOf(measure: PathMeasure, limit: LimitName): number {
  return limit === 'lossPercent' ? 100 * (1 - measure.delivery) : measure[limit];
}

/** How far the measure is on its way to the limit: above 1 it is broken. */
function share(measure: PathMeasure, limit: LimitName, most: number): number {
  const value = valueOf(measure, limit);
  if (limit === 'mbps') return most / value;
  return value === 0 ? 0 : value / most;
}

const NAMES: readonly LimitName[] = ['rttMs', 'cost', 'mbps', 'lossPercent', 'hops'];
/** Loss is computed by products: equal to the limit but for rounding is within it. */
const ROUNDING = 1e-9;

/** The limit that the measure breaks by most, and by how much (above 1); undefined: it keeps to all. */
export function broken(
  measure: PathMeasure,
  limits: RouteLimits,
  mostHops = MAX_HOPS,
): { limit: LimitName; by: number } | undefined {
  let worst: { limit: LimitName; by: number } | undefined;
  for (const limit of NAMES) {
    const most = limits[limit];
    if (most === undefined) continue;
    const by = share(measure, limit, most);
    if (by > 1 + ROUNDING && by > (worst?.by ?? 0)) worst = { limit, by };
  }
  if (!worst && measure.hops > mostHops) return { limit: 'hops', by: measure.hops / mostHops };
  return worst;
}

/** Which of two paths that keep to the limits is the better one: less of what was limited, then the shorter round trip. Smaller is better. */
export function rank(measure: Pick<PathMeasure, 'rttMs' | 'cost'>, limits: RouteLimits): number {
  const { rttMs, cost } = limits;
  if (rttMs === undefined && cost === undefined) return measure.rttMs;
  return Math.max(rttMs === undefined ? 0 : measure.rttMs / rttMs, cost === undefined ? 0 : measure.cost / cost);
}

/** Why the limits are none, in words; undefined: they are well. */
export function limitsProblem(limits: RouteLimits): string | undefined {
  for (const limit of NAMES) {
    const value = limits[limit];
    if (value === undefined) continue;
    if (!Number.isFinite(value) || value < 0) return `${limit}: a number of at least 0 is expected, not ${value}`;
    if (value === 0 && (limit === 'rttMs' || limit === 'hops')) return `${limit}: more than 0 is expected`;
    if (limit === 'hops' && (!Number.isInteger(value) || value > MAX_HOPS))
      return `hops: a whole number of 1 to ${MAX_HOPS} is expected, not ${value}`;
    if (limit === 'lossPercent' && value >= 100) return `lossPercent: less than 100 is expected, not ${value}`;
  }
  return undefined;
}
