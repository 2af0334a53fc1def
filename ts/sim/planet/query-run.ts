/**
 * How often route queries find what there is. A planet of real routers starts and rests until its tables stand still; then random pairs ask for paths within random
 * limits, and each answer is held against an exhaustive search over all links.
 */
import type { QueryResult } from '../../control/query/queries.js';
import { type Random, seededRandom } from '../../kit/random.js';
import type { RouteLimits } from '../../wire/route-query.js';
import { type Distribution, distributionOf } from './distribution.js';
import { Expected } from './expected.js';
import { flatPlane, flatSpace, MOST_FLAT, someOf } from './flat.js';
import { LinkGraph } from './pareto.js';
import type { Plan } from './plan.js';
import { checkRange } from './planet-run.js';
import { PlanetWorld } from './planet-world.js';
import { planOf, planOfSpace } from './plans.js';
import { PlanetQueries } from './queries.js';
import { RttMatrix } from './rtt-matrix.js';

export interface QueryOptions {
  readonly seed: number;
  readonly nodes: number;
  /** How many others a node of a planet dials at most. */
  readonly links: number;
  /** One group instead of zones, with so many links a node on average. */
  readonly degree?: number;
  readonly rtt?: { readonly size: number; readonly values: Float32Array };
  readonly queries: number;
}

export interface QueryRunResult {
  readonly seed: number;
  readonly nodes: number;
  readonly links: number;
  /** Slots of tables that are not as they should be when queries begin. */
  readonly wrong: number;
  /** Queries that some path can satisfy, and those of them that have found one. */
  readonly possible: number;
  readonly met: number;
  /** Of those that can be satisfied: messages, and ms until the first answer (of those that were met). */
  readonly messages: Distribution;
  readonly answerMs: Distribution;
  /** Queries that no path can satisfy, and what they cost. */
  readonly hopeless: number;
  readonly hopelessMessages: Distribution;
  /** Answers that were wrong: a path that is not there, or does not keep to the limits. */
  readonly untrue: number;
}

/** Round trips and costs are all that queries look at. */
const CLASSES = 2;
const START_SPREAD = 300;
/** Zones measure themselves 10 s after the start, and again 10 s later; then tables stand still, ms. */
const REST_MS = 25_000;
const MOST_COST = 9;
const WIDTHS_MBPS = [5, 20, 100, 1000] as const;
/** Limits are so many times the least of their kind. */
const RTT_SLACK = [1.05, 2.5] as const;
const COST_SLACK = [1.05, 3] as const;
/** Half of the queries ask for one of the first three widths, too. */
const WIDE = 0.5;

/** Throws a RangeError that names the option which is out of its range. */
export function checkQueryOptions({ seed, nodes, links, degree, rtt, queries }: QueryOptions): void {
  checkRange('seed', seed, 0, 0xffff_ffff);
  checkRange('links', links, 4, 64);
  checkRange('queries', queries, 1, 1_000_000);
  if (!rtt) checkRange('nodes', nodes, 4, degree === undefined ? 20_000 : MOST_FLAT);
  if (degree !== undefined && !(degree >= 2 && degree <= 100))
    throw new RangeError(`flat must be from 2 to 100 links a node, not ${degree}`);
}

export function runQueries(options: QueryOptions): QueryRunResult {
  const random = seededRandom(options.seed);
  const world = new PlanetWorld(planFor(options, random.fork()), random.fork(), { classes: CLASSES });
  for (const link of world.links)
    link.worth = {
      loss: 0,
      cost: 1 + random.below(MOST_COST),
      bandwidth: WIDTHS_MBPS[random.below(WIDTHS_MBPS.length)] as number,
    };
  const { queue, stations, plan } = world;
  for (const node of stations.keys()) queue.at(START_SPREAD * random.unit(), () => world.start(node));
  queue.runUntil(REST_MS);
  const expected = new Expected(world);
  const wrong = world.live().reduce((sum, station) => sum + expected.wrongSlots(station), 0);
  return {
    seed: options.seed,
    nodes: plan.ids.length,
    links: world.links.length,
    wrong,
    ...askMany(world, random.fork(), options.queries),
  };
}

function planFor({ nodes, links, degree, rtt }: QueryOptions, random: Random): Plan {
  const space = rtt && new RttMatrix(rtt.size, rtt.values);
  if (degree === undefined) return space ? planOfSpace(random, space, links) : planOf(random, 'planet', nodes, links);
  return space ? flatSpace(random, someOf(random, space, MOST_FLAT), degree) : flatPlane(random, nodes, degree);
}

function askMany(world: PlanetWorld, random: Random, count: number) {
  const graph = new LinkGraph(world);
  const queries = new PlanetQueries(world, random.fork());
  const live = world.live();
  const messages: number[] = [];
  const hopelessMessages: number[] = [];
  const answerMs: number[] = [];
  let untrue = 0;
  for (let i = 0; i < count; i++) {
    const source = live[random.below(live.length)];
    const destination = live[random.below(live.length)];
    if (!source || !destination || source === destination) continue;
    const limits = limitsFor(random, graph, source.node, destination.node);
    const asked = queries.ask(source, destination.id, limits);
    const found = asked.results.filter((result) => result.kind === 'found');
    untrue += found.filter((path) => !keeps(world, path, limits)).length;
    if (!graph.isPossible(source.node, destination.node, limits)) {
      hopelessMessages.push(asked.messages);
      continue;
    }
    messages.push(asked.messages);
    if (found.length > 0) answerMs.push(asked.firstMs);
  }
  return {
    possible: messages.length,
    met: answerMs.length,
    messages: distributionOf(messages),
    answerMs: distributionOf(answerMs),
    hopeless: hopelessMessages.length,
    hopelessMessages: distributionOf(hopelessMessages),
    untrue,
  };
}

function limitsFor(random: Random, graph: LinkGraph, source: number, destination: number): RouteLimits {
  const least = graph.leastTo(destination);
  const slack = ([from, to]: readonly [number, number]) => from + (to - from) * random.unit();
  return {
    rttMs: (least.rttMs[source] as number) * slack(RTT_SLACK),
    cost: Math.ceil((least.cost[source] as number) * slack(COST_SLACK)),
    ...(random.chance(WIDE) && { mbps: WIDTHS_MBPS[random.below(WIDTHS_MBPS.length - 1)] as number }),
  };
}

/** Whether the path is there, and is what it was asked for. */
function keeps(world: PlanetWorld, { path }: Extract<QueryResult, { kind: 'found' }>, limits: RouteLimits): boolean {
  const { rttMs = Infinity, cost = Infinity, mbps = 0 } = limits;
  const sum = { rttMs: 0, cost: 0 };
  for (let hop = 1; hop < path.length; hop++) {
    const from = world.plan.ids.indexOf(path[hop - 1] as number);
    const link = world.linksAt[from]?.find(
      ({ nodes, isUp }) => isUp && nodes.some((node) => node !== from && world.plan.ids[node] === path[hop]),
    );
    if (!link || link.worth.bandwidth < mbps) return false;
    sum.rttMs += link.rtt;
    sum.cost += link.worth.cost;
  }
  return path.length > 1 && sum.rttMs <= rttMs + 1e-6 && sum.cost <= cost;
}
