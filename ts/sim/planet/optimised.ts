/** What the path optimiser makes of the ways by the tables, for a sample of pairs between which a flow lasts. */
import type { Random } from '../../kit/random.js';
import { curveOf, type Distribution, distributionOf } from './distribution.js';
import { serveFlow } from './flows.js';
import { walkTables } from './paths.js';
import type { PlanetWorld } from './planet-world.js';
import { PlanetQueries } from './queries.js';
import { bestLinked, bestRelayed } from './shortest.js';

/** Flows that are served, between as many sources and a few destinations each: best ways are computed a source. */
const SOURCES = 60;
const FLOWS_PER_SOURCE = 5;
/** Worse than direct is what takes so much longer. */
const WORSE = 1.05;

export interface OptimisedReport {
  /** Flows whose packets arrive by the tables, and the share of them that was given a better path, 0..1. */
  readonly flows: number;
  readonly served: number;
  /** The share of them for which a link was made, 0..1. */
  readonly linked: number;
  /** Round trip over that by the best relays of the complete graph: by the tables, with the optimiser, and of the best way over the links that there are. */
  readonly tables: Distribution;
  readonly stretch: Distribution;
  readonly linkStretch: Distribution;
  /** Round trip over the direct one; shares of flows, 0..1, that are worse than direct by more than 5 %. */
  readonly overDirect: Distribution;
  readonly worseThanDirect: number;
  readonly tablesWorseThanDirect: number;
  /** Queries, answers and refusals of a flow. */
  readonly messages: Distribution;
  /** Stretch at each per cent of flows, from 0 to 100. */
  readonly tablesCurve: readonly number[];
  readonly stretchCurve: readonly number[];
  readonly linkStretchCurve: readonly number[];
}

export function measureOptimised(world: PlanetWorld, random: Random): OptimisedReport {
  const live = world.live();
  const { space } = world.plan;
  const queries = new PlanetQueries(world, random.fork());
  const tables: number[] = [];
  const stretch: number[] = [];
  const linkStretch: number[] = [];
  const tablesOverDirect: number[] = [];
  const overDirect: number[] = [];
  const messages: number[] = [];
  let served = 0;
  let links = 0;
  for (let i = 0; i < SOURCES; i++) {
    const source = live[random.below(live.length)];
    if (!source) break;
    const best = bestRelayed(space, source.node, (node) => world.isAlive(node));
    const linked = bestLinked(world, source.node);
    for (let flow = 0; flow < FLOWS_PER_SOURCE; flow++) {
      const destination = live[random.below(live.length)];
      const way = destination && walkTables(world, source.node, destination.node);
      if (!way || source === destination) continue;
      const { rttMs = way.rtt, ...cost } = serveFlow(world, queries, source, destination);
      const least = best[destination.node] as number;
      const direct = space.rtt(source.node, destination.node);
      if (rttMs < way.rtt) served++;
      if (cost.isLinked) links++;
      tables.push(way.rtt / least);
      stretch.push(rttMs / least);
      linkStretch.push((linked[destination.node] as number) / least);
      tablesOverDirect.push(way.rtt / direct);
      overDirect.push(rttMs / direct);
      messages.push(cost.messages);
    }
  }
  return {
    flows: stretch.length,
    served: served / Math.max(1, stretch.length),
    linked: links / Math.max(1, stretch.length),
    tables: distributionOf(tables),
    stretch: distributionOf(stretch),
    linkStretch: distributionOf(linkStretch),
    overDirect: distributionOf(overDirect),
    worseThanDirect: shareOfWorse(overDirect),
    tablesWorseThanDirect: shareOfWorse(tablesOverDirect),
    messages: distributionOf(messages),
    tablesCurve: curveOf(tables),
    stretchCurve: curveOf(stretch),
    linkStretchCurve: curveOf(linkStretch),
  };
}

function shareOfWorse(overDirect: readonly number[]): number {
  return overDirect.filter((ratio) => ratio > WORSE).length / Math.max(1, overDirect.length);
}
