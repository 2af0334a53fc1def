/**
 * One run: a network from a seed, a phase of faults, then peace, in which it must find all that its wires allow.
 *
 * ```
 *   0 ──── start ──── 2 s ──────────── faults ──────────── 22 s ──── heal ──── converged? each 500 ms, at most 60 s ────▶
 *          checker and sweeps watch all the time
 * ```
 */
import type { SafetyRules } from '../control/routing/router.types.js';
import { formatNodeId } from '../kit/node-id.js';
import { type Random, seededRandom } from '../kit/random.js';
import { MemberCuts, missingMembers } from './bundles.js';
import { brokenPairs, ExpectedRoutes, missingLinks, wrongSlots } from './convergence.js';
import { FaultInjector, LEAVE_MS } from './fault-injector.js';
import { randomFaults } from './faults.js';
import type { Findings } from './findings.types.js';
import { leafFaults, withLeaves, wrongDefaults } from './leaves.js';
import { wrongNeighbours } from './neighbours.js';
import type { LabelledSums } from './pins/labelled-packets.js';
import { scheduleFlows } from './pins/own-flows.js';
import { PIN_LEASE_MS } from './pins/pin-ledger.js';
import { type PinOrderSums, PinOrders } from './pins/pin-orders.js';
import { openNetwork, randomTopology } from './topology.js';
import { type SimEvent, World } from './world.js';

export interface RunOptions {
  /** 0 .. 2^32 - 1. */
  readonly seed: number;
  /** Exactly so many nodes, 2..1000; without it 6 to 30, by the seed. */
  readonly nodes?: number;
  /** Leaves besides, 0..1000; without it none to 4, by the seed. */
  readonly leaves?: number;
  /** Sessions of each link between relays, 1..8, single ones of which are cut too. Default: 1. */
  readonly linksPerPeer?: number;
  /** Links that each node makes on its own, 1..32: each then knows one other node, and any may dial any. Default: wires by the seed, whose ends are peers. */
  readonly neighbours?: number;
  /** Whether some flows last, and nodes look for better paths for them. Default: false. */
  readonly optimise?: boolean;
  /** Safety rules to switch off, to see what happens: the run ends with the first loop, for what follows is noise without end. */
  readonly rules?: Partial<SafetyRules>;
}

export interface RunResult extends Findings {
  readonly leaves: number;
  /** Changes of bundles that were looked at, and members that were cut. */
  readonly bundleChanges: number;
  readonly memberCuts: number;
  /** What pins came to: see {@link PinResult}. */
  readonly pins: PinResult;
}

export interface PinResult extends PinOrderSums, LabelledSums {
  /** Entries of pin tables that were looked at, and paths that were followed through them from end to end. */
  readonly entries: number;
  readonly paths: number;
  /** Those that nodes have pinned of their own accord: better than the tables, and round nodes without a route. */
  readonly optimiser: number;
  readonly detour: number;
  /** Promises that were broken: 0. */
  readonly violations: number;
}

const FAULTS_FROM = 2000;
const FAULTS_UNTIL = 22_000;
/** How long after the last fault everything must be right, ms. Longer than the longest back-off of a dial. */
const BOUND = 60_000;
const LOOK_INTERVAL = 500;
/** Leaves come from a random sequence of their own: a seed's relays, wires and faults of these are the same with and without them. */
const LEAF_SEED = 0x1eaf;
/** So does what happens to members. */
const MEMBER_SEED = 0xb0d1e;
const SWEEP_INTERVAL = 500;
/** How often a run without a rule looks whether it has looped, ms. */
const LOOP_LOOK_MS = 10;
/** And to the order of pins. */
const PIN_SEED = 0x919;
/** Pinned paths that nobody needs any more are gone when their lease is over, counted from the end of the faults. */
const LEAK_BOUND = PIN_LEASE_MS + 1_000;
/** A path that a node has pinned of its own accord is not missed before its flow has been silent for so long. */
const OWN_LEAK_BOUND = LEAK_BOUND + 30_000;
/** Flows come from a random sequence of their own, too. */
const FLOW_SEED = 0xf10;
/** It must also stay right, ms. */
const STAY = 1500;
const KEPT_PROBLEMS = 20;
/** In every so many runs links look for their MTU: in the others they keep the base. */
const PROBING = 4;
/** Packets in a burst of traffic, 15 ms apart. */
const BURST = 16;

export function runSimulation(options: RunOptions, onEvent?: (event: SimEvent) => void): RunResult {
  checkRange('nodes', options.nodes ?? 2, 2, 1000);
  checkRange('leaves', options.leaves ?? 0, 0, 1000);
  const { linksPerPeer = 1 } = options;
  checkRange('linksPerPeer', linksPerPeer, 1, 8);
  const { neighbours } = options;
  if (neighbours !== undefined) checkRange('neighbours', neighbours, 1, 32);
  checkRange('seed', options.seed, 0, 0xffff_ffff);
  const random = seededRandom(options.seed);
  const nodes = options.nodes ?? 6 + random.below(25);
  const relays = neighbours === undefined ? randomTopology(random.fork(), nodes) : openNetwork(random.fork(), nodes);
  const leafRandom = seededRandom((options.seed ^ LEAF_SEED) >>> 0);
  const byChance = leafRandom.chance(0.5) || neighbours !== undefined ? 0 : 1 + leafRandom.below(4);
  const leaves = options.leaves ?? byChance;
  const topology = leaves === 0 ? relays : withLeaves(leafRandom, relays, leaves);
  const world = new World(topology, random.fork(), {
    ...options,
    probeMtu: options.seed % PROBING === 0,
    ...(onEvent && { onEvent }),
  });
  const injector = new FaultInjector(world);
  const count = 20 + random.below(61);
  injector.schedule(randomFaults(random.fork(), relays, { count, from: FAULTS_FROM, until: FAULTS_UNTIL - LEAVE_MS }));
  injector.schedule(leafFaults(leafRandom, topology, { from: FAULTS_FROM, until: FAULTS_UNTIL - LEAVE_MS }));
  scheduleTraffic(world, random.fork(), FAULTS_UNTIL);
  const cuts = linksPerPeer > 1 ? new MemberCuts(world, seededRandom((options.seed ^ MEMBER_SEED) >>> 0)) : undefined;
  cuts?.schedule({ from: FAULTS_FROM, until: FAULTS_UNTIL });
  const orders = new PinOrders(world, seededRandom((options.seed ^ PIN_SEED) >>> 0));
  orders.schedule({ from: FAULTS_FROM, until: FAULTS_UNTIL });
  if (world.options.optimise)
    scheduleFlows(world, seededRandom((options.seed ^ FLOW_SEED) >>> 0), { from: FAULTS_FROM, until: FAULTS_UNTIL });
  world.sweepEvery(SWEEP_INTERVAL);
  world.start();
  const hasLooped = options.rules !== undefined && runUntilLoop(world, FAULTS_UNTIL);
  if (!hasLooped) world.queue.runUntil(FAULTS_UNTIL);
  injector.heal();
  cuts?.heal();
  orders.heal();
  const look = neighbours === undefined ? lookerAtPeers(world, orders) : () => wrongNeighbours(world, neighbours);
  const wrong = hasLooped ? [] : settle(world, look);
  const convergedAfter = world.queue.now - FAULTS_UNTIL - STAY;
  world.note(undefined, wrong.length === 0 ? 'converged' : `${wrong.length} wrong: ${wrong[0]}`);
  const leaked = hasLooped ? [] : endPins(world, orders);
  for (const node of world.liveNodes()) world.checkConservation(node.id);
  for (const node of world.liveNodes()) world.collectBundles(node.id);
  const { checker, traffic, pins, unaccounted, misspread } = world;
  const violations = checker.violations.map(({ time, text }) => `${time.toFixed(3)} ms: ${text}`);
  return {
    seed: options.seed,
    nodes,
    leaves,
    loops: checker.sums.loops,
    labelInversions: checker.sums.labelInversions,
    escapes: checker.sums.escapes,
    unconverged: wrong.length,
    convergedAfter,
    changes: checker.sums.changes,
    packets: traffic.sums.sent,
    arrived: traffic.sums.arrived,
    revisits: traffic.sums.revisits,
    bundleChanges: world.bundleChanges,
    memberCuts: cuts?.count ?? 0,
    pins: { ...orders.sums, ...pins.packets.sums, ...pins.tables.sums, ...world.ownPins, violations: pins.violations },
    virtualSeconds: world.queue.now / 1000,
    events: world.queue.done,
    problems: [
      ...violations,
      ...pins.problems,
      ...orders.problems,
      ...unaccounted,
      ...misspread,
      ...wrong,
      ...leaked,
    ].slice(0, KEPT_PROBLEMS),
  };
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`${name} must be a whole number from ${low} to ${high}, not ${value}`);
}

/** Looks whether each node has found its peers, and all that they lead to. */
function lookerAtPeers(world: World, orders: PinOrders): () => string[] {
  const reference = world.reference();
  const expected = new ExpectedRoutes(reference);
  return () => {
    const nodes = world.liveNodes();
    const wrong = [
      ...missingLinks(nodes, reference),
      ...wrongSlots(nodes, expected),
      ...wrongDefaults(nodes, reference),
      ...orders.wrong(reference),
      ...missingMembers(world, reference, world.options.linksPerPeer ?? 1),
    ];
    return wrong.length > 0 ? wrong : brokenPairs(nodes, reference);
  };
}

/** Runs on until everything is right and stays so, or the time is up: what is wrong then. */
function settle(world: World, look: () => string[]): string[] {
  const until = world.queue.now + BOUND;
  let wrong = look();
  while (world.queue.now < until) {
    world.queue.runUntil(world.queue.now + (wrong.length === 0 ? STAY : LOOK_INTERVAL));
    const wasRight = wrong.length === 0;
    wrong = look();
    if (wasRight && wrong.length === 0) return [];
  }
  return wrong.length === 0 ? ['it does not stay right'] : wrong;
}

/** Runs until `until`, or until the first loop was reported: whether one was. */
function runUntilLoop(world: World, until: number): boolean {
  while (world.queue.now < until && world.checker.sums.loops === 0)
    world.queue.runUntil(Math.min(until, world.queue.now + LOOP_LOOK_MS));
  return world.checker.sums.loops > 0;
}

/** Ends all orders and waits until no node keeps a pinned path: who keeps one when every lease is over. */
function endPins(world: World, orders: PinOrders): string[] {
  orders.end();
  const until = Math.max(world.queue.now, FAULTS_UNTIL) + (world.options.optimise ? OWN_LEAK_BOUND : LEAK_BOUND);
  const { tables } = world.pins;
  while (world.queue.now < until && tables.kept().length > 0) world.queue.runUntil(world.queue.now + LOOK_INTERVAL);
  return tables.kept();
}

/**
 * Bursts of echo requests between random nodes. Few, for each makes the links on its way probe at their fast rate for seconds: most of a
 * run's time would go into hellos.
 */
function scheduleTraffic(world: World, random: Random, until: number): void {
  const ids = [...world.ids];
  for (let time = 1000; time < until; time += 1500 + random.below(2000)) {
    const source = ids[random.below(ids.length)] as number;
    const destination = ids[random.below(ids.length)] as number;
    if (source === destination) continue;
    world.queue.at(time, () => {
      world.note(source, `sends ${BURST} requests to ${formatNodeId(destination)}`);
      for (let i = 0; i < BURST; i++) world.queue.after(15 * i, () => world.ping(source, destination));
    });
  }
}

/** What makes one run another one, beside its seed. */
export type RunShape = Pick<RunOptions, 'nodes' | 'leaves' | 'linksPerPeer' | 'neighbours' | 'rules'>;

/** The one line that replays a run. */
export function replayCommand(seed: number, { nodes, leaves, linksPerPeer, neighbours, rules }: RunShape = {}): string {
  const size = `${exactly('nodes', nodes)}${exactly('leaves', leaves)}`;
  const links = `${exactly('links-per-peer', linksPerPeer)}${exactly('neighbours', neighbours)}`;
  const off = Object.entries(rules ?? {}).flatMap(([rule, isOn]) => (isOn ? [] : [` --without ${rule}`]));
  return `portolan sim --seed ${seed}${size}${links}${off.join('')}`;
}

const exactly = (flag: string, n: number | undefined): string => (n === undefined ? '' : ` --${flag} ${n}`);
