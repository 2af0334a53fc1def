/**
 * One small network of real routers under faults, all from one seed: as many of them as possible in the time that there is. Links, frames and workers are
 * left out (ts/sim/run.ts has them); what is looked at at every change is the same.
 *
 * ```
 *   0 ─ start ─ 1 s or earlier ──── 20 s of faults ──── heal ──── right? each 250 ms, at most 60 s; does it stay so for 1 s? ──▶
 * ```
 */
import type { SafetyRules } from '../../control/routing/router.types.js';
import { type Random, seededRandom } from '../../kit/random.js';
import type { Findings } from '../findings.types.js';
import { Expected } from '../planet/expected.js';
import { Packets } from '../planet/packets.js';
import { type Plan, planOfTopology } from '../planet/plan.js';
import { PlanetWorld } from '../planet/planet-world.js';
import { randomTopology } from '../topology.js';
import { RouterFaults, randomWorth } from './faults.js';

export interface RoutersOptions {
  /** 0 .. 2^32 - 1. */
  readonly seed: number;
  /** Exactly so many nodes, 4..100; without it 6 to 30, by the seed: of most seeds few. */
  readonly nodes?: number;
  /** Safety rules to switch off, to see what happens. */
  readonly rules?: Partial<SafetyRules>;
}

/** What was looked at, and what was found. Everything but `problems` adds up over runs, or is the largest of all. */
export interface RoutersResult extends Findings {
  readonly links: number;
  readonly faults: number;
  /** Before each of these labels were compared. */
  readonly messages: number;
}

const LEAST_NODES = 6;
const MOST_NODES = 30;
/**
 * How many nodes more than the least, on average; the number falls off exponentially. Thirty nodes take sixty times as long as six, and what is
 * wrong in a network mostly needs few nodes to be so: 81 of 100 runs have up to 10 nodes, two or three 17 or more.
 */
const MEAN_NODES_MORE = 3;
const LEAST_FAULTS = 20;
const FAULTS_SPREAD = 61;
const START_SPREAD = 300;
/** Faults begin at a random time up to this, so that they also meet a network that has not come up yet. */
const START_MS = 1000;
const FAULTS_MS = 20_000;
/** After the faults everything must be right within this time, ms, and stay so. */
const BOUND_MS = 60_000;
const LOOK_MS = 250;
const STAY_MS = 1000;
const PACKETS_PER_SECOND = 10;
const KEPT_PROBLEMS = 20;

export function runRouters(options: RoutersOptions, onLine: (line: string) => void = () => {}): RoutersResult {
  const { seed } = options;
  checkRange('seed', seed, 0, 0xffff_ffff);
  checkRange('nodes', options.nodes ?? LEAST_NODES, 4, 100);
  const random = seededRandom(seed);
  const more = Math.floor(-MEAN_NODES_MORE * Math.log(1 - random.unit()));
  const nodes = options.nodes ?? Math.min(MOST_NODES, LEAST_NODES + more);
  const world = new PlanetWorld(randomPlan(random.fork(), nodes), random.fork(), {
    ...(options.rules && { rules: options.rules }),
    onViolation: ({ time, text }) => onLine(`${time.toFixed(3)} ms: ${text}`),
  });
  const { queue, checker } = world;
  for (const link of world.links) link.worth = randomWorth(random);
  for (const node of world.stations.keys()) queue.at(START_SPREAD * random.unit(), () => world.start(node));
  const from = START_MS * random.unit();
  const faults = new RouterFaults(world, random.fork(), (text) => onLine(`${queue.now.toFixed(3)} ms: ${text}`));
  const count = LEAST_FAULTS + random.below(FAULTS_SPREAD);
  faults.schedule(count, from, from + FAULTS_MS);
  const packets = new Packets(world, random.fork());
  packets.schedule(PACKETS_PER_SECOND, from + FAULTS_MS);
  queue.runUntil(from + FAULTS_MS);
  world.sweep();
  faults.heal();
  const healed = queue.now;
  const wrong = settle(world);
  world.sweep();
  const problems = checker.violations.map(({ time, text }) => `${time.toFixed(3)} ms: ${text}`);
  if (wrong > 0) problems.push(`${wrong} links and slots are wrong ${BOUND_MS / 1000} s after the faults`);
  return {
    seed,
    nodes,
    links: world.links.length,
    faults: count,
    loops: checker.sums.loops,
    labelInversions: checker.sums.labelInversions,
    escapes: checker.sums.escapes,
    unconverged: wrong,
    convergedAfter: Math.round(queue.now - healed - STAY_MS),
    changes: checker.sums.changes,
    messages: world.frames,
    packets: packets.sums.sent,
    arrived: packets.sums.arrived,
    revisits: packets.sums.revisits,
    virtualSeconds: Math.round(queue.now / 1000), // whole numbers, so that sums do not depend on their order
    events: queue.done,
    problems: problems.slice(0, KEPT_PROBLEMS),
  };
}

/** A network as in the runs of whole nodes: 1 to 6 zones on up to 4 layers, most of them held together; chance says who dials. */
function randomPlan(random: Random, nodes: number): Plan {
  const plan = planOfTopology(randomTopology(random, nodes));
  return { ...plan, links: plan.links.map(([a, b]) => (random.chance(0.5) ? [a, b] : [b, a])) };
}

/** Runs on until everything is right and stays so, or the time is up: how many links and slots are wrong then. */
function settle(world: PlanetWorld): number {
  const until = world.queue.now + BOUND_MS;
  for (;;) {
    world.queue.runUntil(world.queue.now + LOOK_MS);
    let wrong = countWrong(world);
    if (wrong === 0) {
      world.queue.runUntil(world.queue.now + STAY_MS);
      wrong = countWrong(world);
      if (wrong === 0) return 0;
    }
    if (world.queue.now >= until) return wrong;
  }
}

function countWrong(world: PlanetWorld): number {
  const down = world.links.filter(({ isUp, nodes }) => !isUp && nodes.every((node) => world.isAlive(node))).length;
  const expected = new Expected(world);
  return world.live().reduce((sum, station) => sum + expected.wrongSlots(station), down);
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`${name} must be a whole number from ${low} to ${high}, not ${value}`);
}
