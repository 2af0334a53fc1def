/** The ways that packets would take through the tables of this moment, and how good those of the low-latency class are. */
import type { Random } from '../../kit/random.js';
import { TrafficClass } from '../../wire/network-header.js';
import { curveOf, type Distribution, distributionOf } from './distribution.js';
import type { PlanetWorld } from './planet-world.js';
import { bestLinked, bestRelayed } from './shortest.js';

/** A packet's hops end here. */
export const TTL = 32;
/** Steps that shortest paths over the complete graph may take: more sources where nodes are few. */
const WORK = 2e8;
const LEAST_SOURCES = 4;
const MOST_PAIRS = 20_000;

export interface PathReport {
  /** Pairs of live nodes that were looked at, and those of them whose packets do not arrive. */
  readonly pairs: number;
  readonly broken: number;
  readonly hops: Distribution;
  /** The hops of the further classes, of the same pairs, in the order of the classes. */
  readonly otherHops: readonly Distribution[];
  /** Round trip by the tables over that by the best relays of the complete graph. */
  readonly stretch: Distribution;
  /** The same of the best way over the links that there are: what better tables could reach. */
  readonly linkStretch: Distribution;
  /** Round trip by the tables over the direct one; the share of pairs, 0..1, that are worse than direct by more than 5 %. */
  readonly overDirect: Distribution;
  readonly worseThanDirect: number;
  /** Hops and stretch at each per cent of pairs, from 0 to 100. */
  readonly hopsCurve: readonly number[];
  readonly stretchCurve: readonly number[];
  readonly linkStretchCurve: readonly number[];
}

/** What the tables make of a pair: hops, and the round trip in ms; undefined: the packet does not arrive. */
export function walkTables(
  world: PlanetWorld,
  source: number,
  destination: number,
  trafficClass: number = TrafficClass.LowLatency,
): { hops: number; rtt: number } | undefined {
  const id = world.plan.ids[destination] as number;
  let at = source;
  let rtt = 0;
  for (let hops = 0; hops <= TTL; hops++) {
    if (at === destination) return { hops, rtt };
    const next = world.stations[at]?.nextHop(id, trafficClass);
    if (!next) return undefined;
    rtt += next.link.rtt;
    at = next.peer;
  }
  return undefined;
}

/** Of one source: pairs that were looked at; of those whose packets arrive, the numbers that {@link PathReport} is about. */
interface SourceWays {
  readonly pairs: number;
  readonly hops: readonly number[];
  readonly otherHops: readonly (readonly number[])[];
  readonly stretch: readonly number[];
  readonly linkStretch: readonly number[];
  readonly overDirect: readonly number[];
}

/** Where threads share the planet they share the sources, too; all must know all tables. */
export function measurePaths(world: PlanetWorld, random: Random): PathReport {
  const { crew } = world;
  const live = world.live().map(({ node }) => node);
  const sources = sample(random, live, Math.max(LEAST_SOURCES, Math.floor(WORK / live.length ** 2)));
  const perSource = Math.ceil(MOST_PAIRS / sources.length);
  const destinations = sources.map(() => sample(random, live, perSource));
  const mine = sources.map((source, i) =>
    i % crew.size === crew.me ? waysFrom(world, source, destinations[i] as number[]) : undefined,
  );
  const all = crew.gather(mine);
  const ways = sources.map((_, i) => all[i % crew.size]?.[i] as SourceWays);
  const hops = ways.flatMap((way) => way.hops);
  const stretch = ways.flatMap((way) => way.stretch);
  const linkStretch = ways.flatMap((way) => way.linkStretch);
  const overDirect = ways.flatMap((way) => way.overDirect);
  const pairs = ways.reduce((sum, way) => sum + way.pairs, 0);
  return {
    pairs,
    broken: pairs - hops.length,
    hops: distributionOf(hops),
    otherHops: furtherClasses(world).map((_, i) => distributionOf(ways.flatMap((way) => way.otherHops[i] ?? []))),
    stretch: distributionOf(stretch),
    linkStretch: distributionOf(linkStretch),
    overDirect: distributionOf(overDirect),
    worseThanDirect: overDirect.filter((ratio) => ratio > 1.05).length / Math.max(1, overDirect.length),
    hopsCurve: curveOf(hops),
    stretchCurve: curveOf(stretch),
    linkStretchCurve: curveOf(linkStretch),
  };
}

function waysFrom(world: PlanetWorld, source: number, destinations: readonly number[]): SourceWays {
  const { space } = world.plan;
  const best = bestRelayed(space, source, (node) => world.isAlive(node));
  const linked = bestLinked(world, source);
  const others = destinations.filter((destination) => destination !== source);
  const found = others.flatMap((destination) => {
    const way = walkTables(world, source, destination);
    return way ? [{ ...way, destination, best: best[destination] as number }] : [];
  });
  return {
    pairs: others.length,
    hops: found.map((way) => way.hops),
    otherHops: furtherClasses(world).map((trafficClass) =>
      others.flatMap((destination) => walkTables(world, source, destination, trafficClass)?.hops ?? []),
    ),
    stretch: found.map((way) => way.rtt / way.best),
    linkStretch: found.map((way) => (linked[way.destination] as number) / way.best),
    overDirect: found.map((way) => way.rtt / space.rtt(source, way.destination)),
  };
}

function furtherClasses({ classes }: PlanetWorld): number[] {
  return Array.from({ length: classes - 1 }, (_, i) => i + 1);
}

function sample<T>(random: Random, from: readonly T[], count: number): T[] {
  if (count >= from.length) return [...from];
  const chosen = new Set<T>();
  while (chosen.size < count) chosen.add(from[random.below(from.length)] as T);
  return [...chosen];
}
