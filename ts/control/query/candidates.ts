/** Which neighbours a query may go on to, the most promising first (Q3). */
import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import {
  MAX_FOLLOWED_HOPS,
  type PathMeasure,
  type RouteLimits,
  type SearchLimits,
  type Shortfall,
} from '../../wire/route-query.js';
import { broken, joined, rank, valueOf } from './limits.js';

/** Neighbours that a visit tries at most: where the best four fail, the mistake was made on the way here, and another one is to be found there. */
const MOST_CANDIDATES = 4;

/** A live link of this node, as a query sees it. */
export interface QueryLink {
  readonly link: number;
  readonly peer: NodeId;
  /** Of the link itself: hops 1. */
  readonly measure: PathMeasure;
  /** What the peer says of the rest of the way to the destination; undefined: it knows none. */
  readonly rest: Pick<PathMeasure, 'rttMs' | 'cost'> | undefined;
}

export interface Candidate {
  readonly link: number;
  readonly peer: NodeId;
  /** Of the link alone, ms. */
  readonly linkRttMs: number;
  /** From the source of the query to this neighbour. */
  readonly soFar: PathMeasure;
  /** What the whole path is expected to be, by {@link rank}. */
  readonly rank: number;
}

export interface Choice {
  readonly candidates: Candidate[];
  /** Whether any neighbour knows of a way at all. */
  readonly anyRoute: boolean;
  /** What came closest among those that break a limit. */
  readonly best: Shortfall | undefined;
}

interface Sought {
  readonly self: NodeId;
  readonly destination: NodeId;
  readonly limits: SearchLimits;
  readonly soFar: PathMeasure;
  readonly path: readonly NodeId[];
  /** How far the expected whole may miss a limit where expectations are not exact, per cent. */
  readonly slackPercent: number;
}

/**
 * What neighbours advertise is exact inside the destination's group; outside it is a mean over zones, which may be off: only those are ruled out by which a limit
 * is expected to be missed by more than the slack.
 */
export function chooseCandidates(
  links: Iterable<QueryLink>,
  { self, destination, limits, soFar, path, slackPercent }: Sought,
): Choice {
  const most = 1 + (sharedBytes(self, destination) === 3 ? 0 : slackPercent / 100);
  const candidates: Candidate[] = [];
  let anyRoute = false;
  let best: Shortfall | undefined;
  for (const { link, peer, measure, rest } of links) {
    if (rest === undefined) continue;
    anyRoute = true;
    if (path.includes(peer) || peer === limits.avoid) continue;
    const there = joined(soFar, measure);
    const whole = { ...there, rttMs: there.rttMs + rest.rttMs, cost: there.cost + rest.cost };
    const problem = broken(whole, limits);
    if (problem && (problem.by > most || broken(there, limits))) {
      const value = valueOf(whole, problem.limit);
      best = closer(best, { limit: problem.limit, value, over: peer === destination ? self : peer }, limits);
    } else candidates.push({ link, peer, linkRttMs: measure.rttMs, soFar: there, rank: rank(whole, limits) });
  }
  candidates.sort((a, b) => a.rank - b.rank || a.soFar.rttMs - b.soFar.rttMs || a.peer - b.peer);
  return { candidates: candidates.slice(0, MOST_CANDIDATES), anyRoute, best };
}

/** Where a packet goes by the tables: there and nowhere else (Q6). `next`: undefined where it goes nowhere. */
export function tablesChoice(
  next: Omit<QueryLink, 'rest'> | undefined,
  { soFar, path }: Pick<Sought, 'soFar' | 'path'>,
): Choice {
  // While tables change, the query may come by again: a packet might, too, but its way is no path.
  if (!next || path.includes(next.peer) || soFar.hops >= MAX_FOLLOWED_HOPS)
    return { candidates: [], anyRoute: false, best: undefined };
  const { link, peer, measure } = next;
  const candidate = { link, peer, linkRttMs: measure.rttMs, soFar: joined(soFar, measure), rank: 0 };
  return { candidates: [candidate], anyRoute: true, best: undefined };
}

/** The one of two shortfalls that is nearer to its limit. */
export function closer(a: Shortfall | undefined, b: Shortfall | undefined, limits: RouteLimits): Shortfall | undefined {
  if (!a || !b) return a ?? b;
  return excess(a, limits) <= excess(b, limits) ? a : b;
}

function excess({ limit, value }: Shortfall, limits: RouteLimits): number {
  const most = limits[limit] ?? Infinity;
  return limit === 'mbps' ? most / value : value / most;
}
