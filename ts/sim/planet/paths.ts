/** The ways that packets of the low-latency class would take through the tables of this moment, and how good they are. */
import type { Random } from '../../kit/random.js';
import { TrafficClass } from '../../wire/network-header.js';
import { curveOf, type Distribution, distributionOf } from './distribution.js';
import type { PlanetWorld } from './planet-world.js';
import { bestLinked, bestRelayed } from './shortest.js';

/** A packet's hops end here. */
export const TTL = 32;
/** Steps that shortest paths over the complete graph may take: more sources where nodes are few. */
const WORK = 2e8;
const LEAST_SOURCES = 3;
const MOST_PAIRS = 20_000;

export interface PathReport {
  /** Pairs of live nodes that were looked at, and those of them whose packets do not arrive. */
  readonly pairs: number;
  readonly broken: number;
  readonly hops: Distribution;
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
): { hops: number; rtt: number } | undefined {
  const id = world.plan.ids[destination] as number;
  let at = source;
  let rtt = 0;
  for (let hops = 0; hops <= TTL; hops++) {
    if (at === destination) return { hops, rtt };
    const next = world.stations[at]?.nextHop(id, TrafficClass.LowLatency);
    if (!next) return undefined;
    rtt += next.link.rtt;
    at = next.peer;
  }
  return undefined;
}

export function measurePaths(world: PlanetWorld, random: Random): PathReport {
  const { space } = world.plan;
  const live = world.live().map(({ node }) => node);
  const sources = sample(random, live, Math.max(LEAST_SOURCES, Math.floor(WORK / live.length ** 2)));
  const perSource = Math.ceil(MOST_PAIRS / sources.length);
  const isAlive = (node: number) => world.isAlive(node);
  let broken = 0;
  let pairs = 0;
  const hops: number[] = [];
  const stretch: number[] = [];
  const linkStretch: number[] = [];
  const overDirect: number[] = [];
  for (const source of sources) {
    const best = bestRelayed(space, source, isAlive);
    const linked = bestLinked(world, source);
    for (const destination of sample(random, live, perSource)) {
      if (source === destination) continue;
      pairs++;
      const way = walkTables(world, source, destination);
      if (!way) {
        broken++;
        continue;
      }
      hops.push(way.hops);
      stretch.push(way.rtt / (best[destination] as number));
      linkStretch.push((linked[destination] as number) / (best[destination] as number));
      overDirect.push(way.rtt / space.rtt(source, destination));
    }
  }
  return {
    pairs,
    broken,
    hops: distributionOf(hops),
    stretch: distributionOf(stretch),
    linkStretch: distributionOf(linkStretch),
    overDirect: distributionOf(overDirect),
    worseThanDirect: overDirect.filter((ratio) => ratio > 1.05).length / Math.max(1, overDirect.length),
    hopsCurve: curveOf(hops),
    stretchCurve: curveOf(stretch),
    linkStretchCurve: curveOf(linkStretch),
  };
}

function sample<T>(random: Random, from: readonly T[], count: number): T[] {
  if (count >= from.length) return [...from];
  const chosen = new Set<T>();
  while (chosen.size < count) chosen.add(from[random.below(from.length)] as T);
  return [...chosen];
}
