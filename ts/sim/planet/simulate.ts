/** Planets, each in a thread of its own, whose heap is as large as its nodes need. */
import { Piscina } from 'piscina';
import { crewSeats } from './crew-worker.js';
import { checkOptions, checkRange, type PlanetOptions, type PlanetProgress } from './planet-run.js';
import type { PlanetOutcome, PlanetTask } from './planet-worker.js';
import { checkQueryOptions, type QueryOptions, type QueryRunResult } from './query-run.js';

/** Heap of the thread, megabytes: for the rest, and a node. Twice of what was measured, for the collector needs air. */
const BASE_MB = 1024;
const NODE_MB = 1;
/** Messages live for a moment and tables for the run: a large nursery saves most of the collector's work. */
const NURSERY_MB = 192;
/** Of one planet. */
const MOST_THREADS = 32;

/**
 * Runs one planet. `threads`: so many share it, by regions; matrices, shapes without regions and the path optimiser are for one. Throws a RangeError
 * when an option is out of its range.
 */
export async function simulatePlanet(
  options: PlanetOptions,
  onProgress: (progress: PlanetProgress) => void = () => {},
  threads = 1,
): Promise<PlanetOutcome> {
  checkRange('threads', threads, 1, MOST_THREADS);
  const seats = crewSeats(canBeShared(options) ? threads : 1);
  const pool = poolFor(options, seats.length);
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (step: PlanetProgress) => onProgress(step));
  const runs = seats.map((seat, i) => {
    const ports = seat.ports.filter((port) => port !== undefined);
    if (i > 0) return pool.run({ options, seat }, { transferList: ports });
    return pool.run({ options, seat, progress: port2 }, { transferList: [...ports, port2] });
  });
  try {
    const [first] = await Promise.all(runs);
    return first as PlanetOutcome;
  } finally {
    port1.close();
    await pool.destroy(); // threads that wait for one that has failed, too
    await Promise.allSettled(runs);
  }
}

function canBeShared({ shape, rtt, optimise }: PlanetOptions): boolean {
  return shape === 'planet' && !rtt && !optimise;
}

export interface PlanetsOptions extends PlanetOptions {
  /** How many planets: seeds `seed` .. `seed + runs - 1`. */
  readonly runs: number;
  readonly threads: number;
  /** Called after every planet, in the order in which they end. */
  readonly onPlanet?: (outcome: PlanetOutcome) => void;
}

/** Runs several planets side by side: what came of them in the order of their seeds. Throws a RangeError as above. */
export async function simulatePlanets({
  runs,
  threads,
  onPlanet,
  ...options
}: PlanetsOptions): Promise<PlanetOutcome[]> {
  const pool = poolFor(options, Math.min(threads, runs));
  const runOne = async (i: number) => {
    const outcome = await pool.run({ options: { ...options, seed: (options.seed + i) >>> 0 } });
    onPlanet?.(outcome);
    return outcome;
  };
  try {
    return await Promise.all(Array.from({ length: runs }, (_, i) => runOne(i)));
  } finally {
    await pool.destroy();
  }
}

/** Asks many route queries in one planet. Throws a RangeError when an option is out of its range. */
export async function simulateQueries(options: QueryOptions): Promise<QueryRunResult> {
  checkQueryOptions(options);
  const nodes = options.rtt?.size ?? options.nodes;
  const pool = threadsFor<QueryOptions, QueryRunResult>('./query-worker.js', nodes, 1);
  try {
    return await pool.run(options);
  } finally {
    await pool.destroy();
  }
}

function poolFor(options: PlanetOptions, threads: number): Piscina<PlanetTask, PlanetOutcome> {
  checkOptions(options);
  return threadsFor('./planet-worker.js', options.rtt?.[0]?.size ?? options.nodes, threads);
}

/** Threads whose heaps are large enough for so many nodes. */
function threadsFor<Task, Outcome>(worker: string, nodes: number, threads: number): Piscina<Task, Outcome> {
  return new Piscina<Task, Outcome>({
    filename: new URL(worker, import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    resourceLimits: { maxOldGenerationSizeMb: BASE_MB + NODE_MB * nodes, maxYoungGenerationSizeMb: NURSERY_MB },
  });
}
