/**
 * How a network of routers bears what happens to networks, all classes running: deaths of single nodes and of a zone, churn, and round trips that are measured
 * with noise. One network for all of it, from one seed.
 */
import { type Random, seededRandom } from '../../kit/random.js';
import { randomMesh } from '../topology.js';
import { type DeathCost, MissingRoutes, measureDeath } from './deaths.js';
import { type Distribution, distributionOf } from './distribution.js';
import { PlanetEvents } from './events.js';
import { Expected } from './expected.js';
import type { LinkWorth } from './link.js';
import { type Plan, planOfTopology } from './plan.js';
import { PlanetWorld } from './planet-world.js';
import { planOf, planOfSpace } from './plans.js';
import { RttMatrix } from './rtt-matrix.js';
import { measureTables } from './tables.js';
import { drawWorths } from './worths.js';

/** One flat zone, each node linked with `degree` others; or a planet of four layers; or measured round-trip times. */
export type HardshipNetwork =
  | { readonly kind: 'mesh'; readonly nodes: number; readonly degree: number }
  | { readonly kind: 'planet'; readonly nodes: number; readonly links: number }
  | { readonly kind: 'matrix'; readonly size: number; readonly values: Float32Array; readonly links: number };

export interface HardshipOptions {
  readonly network: HardshipNetwork;
  readonly seed: number;
  /** Deaths of single nodes, one after the other; each returns. */
  readonly deaths: number;
  /** How long churn and noise last, virtual seconds. */
  readonly seconds: number;
}

/** Times in ms, shares 0..1. */
export interface Hardship {
  readonly nodes: number;
  readonly links: number;
  readonly classes: number;
  /** Occupied slots of all nodes, and which share of them has a second next hop: as soon as all tables are right, and at rest. */
  readonly entries: number;
  readonly backupsAtStart: number;
  readonly backups: number;
  readonly deaths: DeathSummary;
  /** A whole zone of the first layer dies; undefined: there is but one. */
  readonly zone: (DeathSummary & { readonly nodes: number }) | undefined;
  /** One node in ten crashes and returns a minute: bits a second of routing a link, both directions, headers included. */
  readonly churnBitsPerLink: number;
  /** Every round trip is measured with up to 20 % of noise: changes of primary or backup next hops a second, in the whole network. */
  readonly noisyChanges: number;
  /** Routes that were missing meanwhile. */
  readonly noisyLosses: number;
  readonly loops: number;
  readonly labelInversions: number;
}

export interface DeathSummary {
  readonly count: number;
  readonly forgotten: Distribution;
  /** Of the whole network. */
  readonly bytes: Distribution;
  /** Of pairs whose packets went through the dead. */
  readonly outages: Distribution;
  readonly within210: number;
  /** Of routes that were missing for a while. */
  readonly recoveries: Distribution;
}

const START_SPREAD = 300;
const BOUND_MS = 60_000;
const LOOK_MS = 250;
/** Backups have been made and zones measured by then, ms. */
const REST_MS = 25_000;
/** From the return of a node to the next death, ms. */
const RETURN_MS = 6000;
const CHURN = 0.1;
/** Noise is smoothed by then, ms. */
const SETTLE_NOISE_MS = 5000;
/** Failover is quick if it takes no longer, ms: three missed hellos at 50 ms, and what follows. */
const QUICK_MS = 210;

export function measureHardship(options: HardshipOptions, onProgress: (what: string) => void = () => {}): Hardship {
  const { seed, seconds } = options;
  const random = seededRandom(seed);
  const missing = new MissingRoutes();
  const world = new PlanetWorld(planFor(random, options.network), random.fork(), {
    onRoute: (station, route) => missing.note(world.queue.now, station, route),
  });
  const { queue, checker } = world;
  const worths = drawWorths(random.fork(), world.plan);
  world.links.forEach((link, i) => {
    link.worth = worths[i] as LinkWorth; // its loss is only said: what is measured here is routing, not retransmission
  });
  onProgress('starts');
  for (const node of world.stations.keys()) queue.at(START_SPREAD * random.unit(), () => world.start(node));
  settle(world);
  const atStart = measureTables(world);
  queue.runUntil(queue.now + REST_MS);
  const atRest = measureTables(world);
  const deaths: DeathCost[] = [];
  for (let i = 0; i < options.deaths; i++) {
    onProgress(`death ${i + 1} of ${options.deaths}`);
    const victim = random.below(world.plan.ids.length);
    deaths.push(measureDeath(world, random, [victim], missing));
    world.start(victim);
    queue.runUntil(queue.now + RETURN_MS);
  }
  const zone = world.plan.ids.flatMap((id, node) => (id >>> 24 === secondZone(world.plan) ? [node] : []));
  onProgress('a zone dies');
  const zoneDeath = zone.length === 0 ? undefined : measureDeath(world, random, zone, missing);
  for (const node of zone) world.start(node);
  settle(world);
  queue.runUntil(queue.now + RETURN_MS);
  onProgress('churn');
  const churnBitsPerLink = underChurn(world, random, seconds);
  settle(world);
  queue.runUntil(queue.now + RETURN_MS);
  onProgress('noise');
  const events = new PlanetEvents(world, random.fork());
  events.begin('noise');
  queue.runUntil(queue.now + SETTLE_NOISE_MS);
  missing.clear();
  const changes = checker.sums.changes;
  queue.runUntil(queue.now + 1000 * seconds);
  return {
    nodes: world.plan.ids.length,
    links: world.links.length,
    classes: world.classes,
    entries: atRest.slots.mean * atRest.slots.count,
    backupsAtStart: atStart.withBackup,
    backups: atRest.withBackup,
    deaths: summarise(deaths),
    zone: zoneDeath && { ...summarise([zoneDeath]), nodes: zone.length },
    churnBitsPerLink,
    noisyChanges: (checker.sums.changes - changes) / seconds,
    noisyLosses: missing.recoveries.length,
    loops: checker.sums.loops,
    labelInversions: checker.sums.labelInversions + checker.sums.escapes,
  };
}

function planFor(random: Random, network: HardshipNetwork): Plan {
  if (network.kind === 'planet') return planOf(random.fork(), 'planet', network.nodes, network.links);
  if (network.kind === 'matrix')
    return planOfSpace(random.fork(), new RttMatrix(network.size, network.values), network.links);
  return planOfTopology(randomMesh(random.fork(), network.nodes, network.degree));
}

/** The first byte of the ids of the zone that is not the largest, but the next; undefined: there is one zone only. */
function secondZone({ ids }: Plan): number | undefined {
  const sizes = new Map<number, number>();
  for (const id of ids) sizes.set(id >>> 24, (sizes.get(id >>> 24) ?? 0) + 1);
  return [...sizes].sort((a, b) => b[1] - a[1])[1]?.[0];
}

/** Runs on until all tables are right. */
function settle(world: PlanetWorld): void {
  const until = world.queue.now + BOUND_MS;
  do world.queue.runUntil(world.queue.now + LOOK_MS);
  while (world.queue.now < until && wrongSlots(world) > 0);
}

function wrongSlots(world: PlanetWorld): number {
  const expected = new Expected(world);
  const down = world.links.filter(({ isUp }) => !isUp).length;
  return world.live().reduce((sum, station) => sum + expected.wrongSlots(station), down);
}

function underChurn(world: PlanetWorld, random: Random, seconds: number): number {
  const { queue } = world;
  const events = new PlanetEvents(world, random.fork());
  const bytes = world.bytes;
  events.churn(CHURN, queue.now + 1000 * seconds);
  queue.runUntil(queue.now + 1000 * seconds);
  const bits = (8 * (world.bytes - bytes)) / seconds / world.links.length;
  events.heal();
  return bits;
}

function summarise(costs: readonly DeathCost[]): DeathSummary {
  const outages = costs.flatMap((cost) => cost.outages);
  return {
    count: costs.length,
    forgotten: distributionOf(costs.map(({ forgotten }) => forgotten)),
    bytes: distributionOf(costs.map(({ bytes }) => bytes)),
    outages: distributionOf(outages),
    within210: outages.filter((outage) => outage <= QUICK_MS).length / Math.max(1, outages.length),
    recoveries: distributionOf(costs.flatMap(({ recoveries }) => recoveries)),
  };
}
