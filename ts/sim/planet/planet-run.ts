/**
 * One run of a planet, phase by phase:
 *
 * ```
 *   start ── all tables right? ── rest ── paths, tables ── churn and events, packets under way ── heal ── all right again? ── paths
 *            at most 60 s                                  --seconds                              at most 60 s
 * ```
 * Every `SWEEP_MS` of faults, and at the end of each phase, everything is walked from end to end, besides the checks at every change.
 */
import type { SafetyRules } from '../../control/routing/router.types.js';
import { type Random, seededRandom } from '../../kit/random.js';
import { ALONE, type Crew, sumUp } from './crew.js';
import { type PlanetEventName, PlanetEvents } from './events.js';
import { Expected } from './expected.js';
import type { LinkWorth } from './link.js';
import { measureOptimised, type OptimisedReport } from './optimised.js';
import { type PacketSums, Packets } from './packets.js';
import { measurePaths, type PathReport } from './paths.js';
import type { Plan } from './plan.js';
import { PlanetWorld } from './planet-world.js';
import { type PlanetShape, planOf, planOfSpace } from './plans.js';
import { RttMatrix } from './rtt-matrix.js';
import { measureTables, type TableReport } from './tables.js';
import { drawWorths } from './worths.js';

export interface PlanetOptions {
  /** 0 .. 2^32 - 1. */
  readonly seed: number;
  readonly shape: PlanetShape;
  /** 4 .. 20 000; of no account with `rtt`. */
  readonly nodes: number;
  /** How many others a node dials at most, 4..64: of planets and matrices. */
  readonly links: number;
  /** Measured round-trip times instead of a shape; several are replayed one after the other in the time of the faults. All of one size. */
  readonly rtt?: readonly { readonly size: number; readonly values: Float32Array }[];
  /** Classes that are routed, 1..4: the first ones. */
  readonly classes: number;
  /** Share of nodes that crash and return a minute, 0..1. */
  readonly churn: number;
  /** How long the network rests between start and first measurement, virtual seconds: nodes measure how large their zones are after 10. */
  readonly rest: number;
  /** How long faults last, virtual seconds. */
  readonly seconds: number;
  /** What else happens, one after the other in equal parts of that time. */
  readonly events: readonly PlanetEventName[];
  /** Whether to measure what the path optimiser adds to the tables, before the faults: for that at least two classes are routed. */
  readonly optimise?: boolean;
  /** Safety rules to switch off, to see what happens. */
  readonly rules?: Partial<SafetyRules>;
}

/** Where a run is: at each step of the start, and about once a virtual second. */
export interface PlanetProgress {
  readonly phase: 'starts' | 'rests' | 'faults' | 'settles' | 'measures';
  /** Virtual milliseconds. */
  readonly time: number;
  readonly live: number;
  /** Slots that are not as they should be; undefined: nobody has looked. */
  readonly wrong: number | undefined;
}

/** A moment of the run, for plots. */
export interface PlanetMoment {
  readonly second: number;
  readonly live: number;
  /** Changes of next hops, and control bits a link, in the second before. */
  readonly changes: number;
  readonly bitsPerLink: number;
}

export interface PlanetResult {
  readonly seed: number;
  readonly nodes: number;
  readonly links: number;
  readonly classes: number;
  readonly loops: number;
  readonly labelInversions: number;
  readonly escapes: number;
  /** Slots that were wrong when the time of a phase was up. */
  readonly unconverged: number;
  /** Milliseconds from the last start until all tables were right, and from the end of the faults. */
  readonly startedAfter: number;
  readonly convergedAfter: number;
  readonly tables: TableReport;
  readonly calm: PathReport;
  /** Of flows that last, in the calm; undefined: it was not asked for. */
  readonly optimised: OptimisedReport | undefined;
  /** After the faults. */
  readonly after: PathReport;
  /** Of the time of the faults: bits a second of routing a link, changes of next hops a second and node. */
  readonly controlBitsPerLink: number;
  readonly changesPerSecondAndNode: number;
  readonly packets: PacketSums;
  readonly changes: number;
  readonly frames: number;
  readonly events: number;
  readonly virtualSeconds: number;
  readonly happened: readonly string[];
  readonly moments: readonly PlanetMoment[];
  /** The first sentences about what went wrong. */
  readonly problems: readonly string[];
}

/** Nodes start within this time, ms. */
const START_SPREAD = 300;
/** After starts or faults everything must be right within this time, ms. */
const BOUND = 60_000;
const LOOK_MS = 250;
/** The first moments of a large planet take long: it is told so often where it is, ms. */
const STEP_MS = 25;
/** It must also stay right, ms. */
const STAY = 1000;
const SWEEP_MS = 10_000;
const PACKETS_PER_SECOND = 200;
const KEPT_PROBLEMS = 20;
const WORTH_SEED = 0x30e74;

/** @param crew the threads that share the planet: each of them calls this with the same options, and gets the same result. */
export function runPlanet(
  options: PlanetOptions,
  onProgress: (progress: PlanetProgress) => void = () => {},
  crew: Crew = ALONE,
): PlanetResult {
  return new Run(options, onProgress, crew).result();
}

class Run {
  readonly #options: PlanetOptions;
  readonly #onProgress: (progress: PlanetProgress) => void;
  readonly #crew: Crew;
  readonly #random: Random;
  readonly #matrices: readonly RttMatrix[];
  readonly #world: PlanetWorld;
  readonly #happened: string[] = [];
  readonly #moments: PlanetMoment[] = [];

  constructor(options: PlanetOptions, onProgress: (progress: PlanetProgress) => void, crew: Crew) {
    checkOptions(options);
    this.#options = options;
    this.#crew = crew;
    this.#onProgress = onProgress;
    this.#random = seededRandom(options.seed);
    this.#matrices = (options.rtt ?? []).map(({ size, values }) => new RttMatrix(size, values));
    this.#world = new PlanetWorld(this.#plan(), this.#random.fork(), {
      classes: options.classes,
      crew,
      ...(options.rules && { rules: options.rules }),
    });
    // A sequence of chance of its own: what else is drawn from the seed is the same whatever links are worth.
    const worths = drawWorths(seededRandom((options.seed ^ WORTH_SEED) >>> 0), this.#world.plan);
    this.#world.links.forEach((link, i) => this.#world.setWorth(link, worths[i] as LinkWorth));
  }

  result(): PlanetResult {
    const { seed, seconds } = this.#options;
    const world = this.#world;
    const wrongAtStart = this.#start();
    const startedAfter = world.queue.now - START_SPREAD - STAY;
    this.#rest();
    this.#tell('measures', undefined);
    world.sweep();
    world.shareTables();
    const tables = measureTables(world);
    const calm = measurePaths(world, this.#random.fork());
    const optimised = this.#options.optimise ? measureOptimised(world, this.#random.fork()) : undefined;
    const before = this.#traffic();
    const packets = this.#faults();
    const faults = differenceOf(this.#traffic(), before);
    const controlBitsPerLink = (8 * faults.bytes) / Math.max(1, seconds) / world.links.length;
    const healed = world.queue.now;
    const wrongAtEnd = seconds === 0 ? 0 : this.#settle('settles');
    this.#tell('measures', wrongAtEnd);
    if (seconds > 0) world.sweep();
    world.shareTables();
    const after = seconds === 0 ? calm : measurePaths(world, this.#random.fork());
    const sums = sumUp(this.#crew, world.checker.sums);
    const problems = this.#violations();
    if (wrongAtStart > 0) problems.push(`${wrongAtStart} slots are wrong ${BOUND / 1000} s after the start`);
    if (wrongAtEnd > 0) problems.push(`${wrongAtEnd} slots are wrong ${BOUND / 1000} s after the faults`);
    return {
      seed,
      nodes: world.plan.ids.length,
      links: world.links.length,
      classes: world.classes,
      loops: sums.loops,
      labelInversions: sums.labelInversions,
      escapes: sums.escapes,
      unconverged: wrongAtStart + wrongAtEnd,
      startedAfter,
      convergedAfter: seconds === 0 ? 0 : world.queue.now - healed - STAY,
      tables,
      calm,
      optimised,
      after,
      controlBitsPerLink: seconds === 0 ? 0 : controlBitsPerLink,
      changesPerSecondAndNode: seconds === 0 ? 0 : faults.changes / seconds / world.plan.ids.length,
      packets: sumUp(this.#crew, packets),
      changes: sums.changes,
      frames: this.#traffic().frames,
      events: this.#total(world.queue.done),
      virtualSeconds: world.queue.now / 1000,
      happened: this.#happened,
      moments: this.#moments,
      problems: problems.slice(0, KEPT_PROBLEMS),
    };
  }

  #plan(): Plan {
    const { shape, nodes, links } = this.#options;
    const first = this.#matrices[0];
    return first ? planOfSpace(this.#random.fork(), first, links) : planOf(this.#random.fork(), shape, nodes, links);
  }

  /** Of all threads. */
  #total(mine: number): number {
    return this.#crew.gather(mine).reduce((sum, one) => sum + one, 0);
  }

  /** What has been said, and changed, until now, in all threads. */
  #traffic(): Traffic {
    const { frames, bytes, checker } = this.#world;
    return sumUp(this.#crew, { frames, bytes, changes: checker.sums.changes });
  }

  #violations(): string[] {
    return this.#crew
      .gather([...this.#world.checker.violations])
      .flat()
      .sort((a, b) => a.time - b.time)
      .map(({ time, text }) => `${time.toFixed(3)} ms: ${text}`);
  }

  #start(): number {
    const { queue, stations } = this.#world;
    for (const node of stations.keys()) queue.at(START_SPREAD * this.#random.unit(), () => this.#world.start(node));
    this.#runOn(START_SPREAD, STEP_MS, 'starts');
    return this.#settle('starts');
  }

  #rest(): void {
    this.#runOn(1000 * this.#options.rest, 1000, 'rests');
  }

  /** Runs so many virtual ms, with a word after each step. */
  #runOn(duration: number, step: number, phase: PlanetProgress['phase']): void {
    const { queue } = this.#world;
    for (const until = queue.now + duration; queue.now < until; ) {
      this.#world.runUntil(Math.min(until, queue.now + step));
      this.#tell(phase, undefined);
    }
  }

  /** Churn and events in the time of the faults; then everything is mended. */
  #faults(): PacketSums {
    const { seconds, churn, events } = this.#options;
    const { queue } = this.#world;
    const packets = new Packets(this.#world, this.#random.fork());
    if (seconds === 0) return packets.sums;
    const happening = new PlanetEvents(this.#world, this.#random.fork());
    const from = queue.now;
    const until = from + 1000 * seconds;
    packets.schedule(PACKETS_PER_SECOND, until);
    happening.churn(churn, until);
    events.forEach((name, i) => {
      queue.at(from + (i * 1000 * seconds) / events.length, () => this.#note(happening.begin(name)));
    });
    this.#matrices.slice(1).forEach((matrix, i) => {
      queue.at(from + ((i + 1) * 1000 * seconds) / this.#matrices.length, () => {
        happening.replaceSpace(matrix);
        this.#note(`round-trip times are those of matrix ${i + 2}`);
      });
    });
    for (let swept = from; queue.now < until; ) {
      this.#runSecond(until);
      this.#tell('faults', undefined);
      if (queue.now - swept < SWEEP_MS) continue;
      swept = queue.now;
      this.#world.sweep();
    }
    happening.heal();
    return packets.sums;
  }

  #runSecond(until: number): void {
    const { queue, links } = this.#world;
    const before = this.#traffic();
    this.#world.runUntil(Math.min(until, queue.now + 1000));
    const { changes, bytes } = differenceOf(this.#traffic(), before);
    this.#moments.push({
      second: queue.now / 1000,
      live: this.#world.live().length,
      changes,
      bitsPerLink: (8 * bytes) / links.length,
    });
  }

  /** Runs on until all tables are right and stay so, or the time is up: how many slots are wrong then. */
  #settle(phase: 'starts' | 'settles'): number {
    const { queue } = this.#world;
    const until = queue.now + BOUND;
    for (;;) {
      this.#runOn(LOOK_MS, STEP_MS, phase);
      let wrong = this.#wrong();
      this.#tell(phase, wrong);
      if (wrong === 0) {
        this.#runOn(STAY, STEP_MS, phase);
        wrong = this.#wrong();
        if (wrong === 0) return 0;
      }
      if (queue.now >= until) return wrong;
    }
  }

  /** Slots that are not as the links allow, and links that are down though nothing cuts them. */
  #wrong(): number {
    const expected = new Expected(this.#world);
    const down = this.#world.links.filter(({ isUp, isCut }) => !isUp && !isCut).length;
    return down + this.#total(this.#world.own().reduce((sum, station) => sum + expected.wrongSlots(station), 0));
  }

  #note(text: string): void {
    this.#happened.push(`${(this.#world.queue.now / 1000).toFixed(1)} s: ${text}`);
  }

  #tell(phase: PlanetProgress['phase'], wrong: number | undefined): void {
    this.#onProgress({ phase, time: this.#world.queue.now, live: this.#world.live().length, wrong });
  }
}

type Traffic = { readonly frames: number; readonly bytes: number; readonly changes: number };

function differenceOf(now: Traffic, before: Traffic): Traffic {
  return { frames: now.frames - before.frames, bytes: now.bytes - before.bytes, changes: now.changes - before.changes };
}

/** Throws a RangeError that names the option which is out of its range. */
export function checkOptions(options: PlanetOptions): void {
  const { seed, nodes, links, classes, churn, rest, seconds, rtt, optimise } = options;
  checkRange('seed', seed, 0, 0xffff_ffff);
  checkRange('links', links, 4, 64);
  checkRange('classes', classes, 1, 4);
  checkRange('rest', rest, 0, 3600);
  checkRange('seconds', seconds, 0, 3600);
  if (!rtt || rtt.length === 0) checkRange('nodes', nodes, 4, 20_000);
  if (!(churn >= 0 && churn <= 1)) throw new RangeError(`churn must be from 0 to 1, not ${churn}`);
  if (optimise && classes < 2)
    throw new RangeError('the path optimiser needs two classes, for it asks for times and costs');
  if (rtt?.some(({ size }) => size !== rtt[0]?.size)) throw new RangeError('all matrices must be of one size');
}

/** Throws a RangeError that names the option. */
export function checkRange(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`${name} must be a whole number from ${low} to ${high}, not ${value}`);
}
