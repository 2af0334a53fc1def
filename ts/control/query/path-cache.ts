import type { NodeId } from '../../kit/node-id.js';
import { MAX_HOPS, type PathMeasure, type SearchLimits, type Shortfall } from '../../wire/route-query.js';
import { broken, joined, rank } from './limits.js';

/** How long an answer is believed, and a refusal, ms. */
const ANSWER_MS = 30_000;
const REFUSAL_MS = 5_000;
const MAX_DESTINATIONS = 1024;
const MAX_PATHS = 4;

/** A way from this node to a destination. */
export interface KnownPath {
  /** This node first, the destination last. */
  readonly path: readonly NodeId[];
  readonly measure: PathMeasure;
  /** How long ago it was measured, ms. */
  readonly ageMs: number;
}

interface Known {
  readonly paths: (Omit<KnownPath, 'ageMs'> & { readonly measuredAt: number })[];
  refusal: { readonly limits: SearchLimits; readonly best: Shortfall | undefined; readonly until: number } | undefined;
}

/** What queries have found lately, a destination: paths, and that there was none (Q2, Q5). */
export class PathCache {
  readonly #known = new Map<NodeId, Known>();

  /** However many nodes remember it one after the other, it is forgotten {@link ANSWER_MS} after it was measured. */
  remember(destination: NodeId, { path, measure, ageMs }: KnownPath, now: number): void {
    if (ageMs >= ANSWER_MS || measure.hops > MAX_HOPS) return;
    const { paths } = this.#of(destination);
    const old = paths.findIndex(({ path: nodes }) => nodes.join() === path.join());
    if (old >= 0) paths.splice(old, 1);
    else if (paths.length === MAX_PATHS) paths.shift();
    paths.push({ path, measure, measuredAt: now - ageMs });
  }

  /** This node's own query found no path that keeps to the limits. (What others' queries miss here depends on the way by which they came.) */
  rememberRefusal(destination: NodeId, limits: SearchLimits, best: Shortfall | undefined, now: number): void {
    this.#of(destination).refusal = { limits, best, until: now + REFUSAL_MS };
  }

  /** The best known path that, after `soFar` by `visited`, keeps to the limits. */
  find(
    destination: NodeId,
    soFar: PathMeasure,
    visited: readonly NodeId[],
    limits: SearchLimits,
    now: number,
  ): KnownPath | undefined {
    let best: { known: KnownPath; rank: number } | undefined;
    for (const known of this.#known.get(destination)?.paths ?? []) {
      const { path, measure, measuredAt } = known;
      const ageMs = now - measuredAt;
      if (ageMs >= ANSWER_MS || path.some((node) => node === limits.avoid || visited.includes(node))) continue;
      const whole = joined(soFar, measure);
      if (broken(whole, limits)) continue;
      const rankOfWhole = rank(whole, limits);
      if (!best || rankOfWhole < best.rank) best = { known: { path, measure, ageMs }, rank: rankOfWhole };
    }
    return best?.known;
  }

  /** A refusal of limits that were no tighter than these. */
  refusal(
    destination: NodeId,
    limits: SearchLimits,
    now: number,
  ): { readonly best: Shortfall | undefined } | undefined {
    const refusal = this.#known.get(destination)?.refusal;
    return refusal && refusal.until > now && isTighter(limits, refusal.limits) ? refusal : undefined;
  }

  /** A link is gone: what leads over it is not true any more. */
  forgetVia(peer: NodeId): void {
    for (const known of this.#known.values()) {
      const kept = known.paths.filter(({ path }) => path[1] !== peer);
      known.paths.splice(0, known.paths.length, ...kept);
    }
  }

  get size(): number {
    return this.#known.size;
  }

  #of(destination: NodeId): Known {
    const known = this.#known.get(destination) ?? { paths: [], refusal: undefined };
    // Deleted and set again, so that the map is in the order of last use.
    this.#known.delete(destination);
    if (this.#known.size === MAX_DESTINATIONS) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(destination, known);
    return known;
  }
}

/** Whether all that keeps to `a` keeps to `b` too. */
function isTighter(a: SearchLimits, b: SearchLimits): boolean {
  const least = (limit: 'rttMs' | 'cost' | 'lossPercent' | 'hops') =>
    b[limit] === undefined || (a[limit] ?? Infinity) <= b[limit];
  const bandwidth = b.mbps === undefined || (a.mbps ?? 0) >= b.mbps;
  const detour = b.avoid === undefined || a.avoid === b.avoid;
  return least('rttMs') && least('cost') && least('lossPercent') && least('hops') && bandwidth && detour;
}
