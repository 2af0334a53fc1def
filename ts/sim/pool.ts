/** Many runs, spread over a pool of threads: one task a seed. */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { type PinResult, type RunOptions, type RunResult, type RunShape, replayCommand } from './run.js';

export interface SimulationsOptions {
  /** How many runs: seeds `seed` .. `seed + runs - 1`. */
  readonly runs: number;
  /** The first seed. */
  readonly seed: number;
  /** Exactly so many nodes a run; without it 6 to 30, by the seed. */
  readonly nodes?: number;
  /** Exactly so many leaves a run; without it 0 to 4, by the seed. */
  readonly leaves?: number;
  /** Sessions of each link between relays. Default: 1. */
  readonly linksPerPeer?: number;
  /** Links that each node makes on its own. Default: none, they are given. */
  readonly neighbours?: number;
  /** Threads; default: as many as the machine has processors. */
  readonly threads?: number;
  /** Safety rules to switch off, to see what happens. */
  readonly rules?: RunOptions['rules'];
  /** Called after every run, in the order in which they end. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly done: number;
  readonly runs: number;
  readonly failed: number;
  /** The run that has just ended. */
  readonly last: RunOutcome;
}

/** What came of one run: a result, or the error that ended it. */
export type RunOutcome = { readonly seed: number } & (
  | { readonly result: RunResult; readonly error?: undefined }
  | { readonly result?: undefined; readonly error: string }
);

/** What `portolan sim --json` prints. */
export interface SimulationsResult {
  readonly runs: number;
  readonly seed: number;
  readonly loops: number;
  readonly labelInversions: number;
  /** Runs that had not converged when their time was up. */
  readonly unconverged: number;
  readonly failures: readonly Failure[];
  /** Sums over all runs, to judge how much was looked at. */
  readonly changes: number;
  readonly packets: number;
  readonly revisits: number;
  /** Of pinned paths: {@link PinResult}. */
  readonly pins: PinResult;
  readonly virtualSeconds: number;
  readonly events: number;
}

export interface Failure {
  readonly seed: number;
  /** The one line that replays it. */
  readonly command: string;
  /** The first sentences about what went wrong. */
  readonly problems: readonly string[];
}

/** Runs all, and adds up. Rejects when `signal` aborts. */
export async function runSimulations(options: SimulationsOptions): Promise<SimulationsResult> {
  const { runs, seed, signal, onProgress } = options;
  const shape = shapeOf(options);
  const threads = Math.max(1, Math.min(runs, options.threads ?? availableParallelism()));
  const pool = new Piscina<RunOptions, RunResult>({
    filename: new URL('./run-worker.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    // Messages live for a moment and tables for a run: a large nursery saves most of the collector's work.
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  const outcomes: RunOutcome[] = [];
  let failed = 0;
  const runOne = async (at: number) => {
    const one = {
      seed: (seed + at) >>> 0,
      ...shape,
    };
    const outcome = await pool.run(one, signal ? { signal } : {}).then(
      (result): RunOutcome => ({ seed: one.seed, result }),
      (error: unknown): RunOutcome => ({ seed: one.seed, error: String(error) }),
    );
    signal?.throwIfAborted();
    outcomes.push(outcome);
    if (problemsOf(outcome).length > 0) failed++;
    onProgress?.({ done: outcomes.length, runs, failed, last: outcome });
  };
  try {
    await Promise.all(Array.from({ length: runs }, (_, at) => runOne(at)));
  } finally {
    await pool.destroy();
  }
  return addUp(options, outcomes);
}

function shapeOf({ nodes, leaves, linksPerPeer, neighbours, rules }: SimulationsOptions): RunShape {
  return {
    ...(nodes !== undefined && { nodes }),
    ...(leaves !== undefined && { leaves }),
    ...(linksPerPeer !== undefined && { linksPerPeer }),
    ...(neighbours !== undefined && { neighbours }),
    ...(rules && { rules }),
  };
}

/** What is wrong with a run; nothing: it is well. */
export function problemsOf({ result, error }: RunOutcome): readonly string[] {
  return result ? result.problems : [error ?? 'the run was lost'];
}

function addUp(options: SimulationsOptions, outcomes: readonly RunOutcome[]): SimulationsResult {
  const { runs, seed } = options;
  const results = outcomes.flatMap(({ result }) => result ?? []);
  const sum = (of: (result: RunResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const failures = [...outcomes]
    .sort((a, b) => a.seed - b.seed)
    .map((outcome) => ({
      seed: outcome.seed,
      command: replayCommand(outcome.seed, shapeOf(options)),
      problems: problemsOf(outcome),
    }))
    .filter(({ problems }) => problems.length > 0);
  return {
    runs,
    seed,
    loops: sum(({ loops }) => loops),
    labelInversions: sum(({ labelInversions, escapes }) => labelInversions + escapes),
    unconverged: sum(({ unconverged }) => (unconverged > 0 ? 1 : 0)),
    failures,
    changes: sum(({ changes }) => changes),
    packets: sum(({ packets }) => packets),
    revisits: sum(({ revisits }) => revisits),
    pins: addPins(results.map(({ pins }) => pins)),
    virtualSeconds: sum(({ virtualSeconds }) => virtualSeconds),
    events: sum(({ events }) => events),
  };
}

function addPins(all: readonly PinResult[]): PinResult {
  const sum = (of: (pins: PinResult) => number) => all.reduce((total, pins) => total + of(pins), 0);
  return {
    pinned: sum(({ pinned }) => pinned),
    lost: sum(({ lost }) => lost),
    refused: sum(({ refused }) => refused),
    searches: sum(({ searches }) => searches),
    labelled: sum(({ labelled }) => labelled),
    fellBack: sum(({ fellBack }) => fellBack),
    revisits: sum(({ revisits }) => revisits),
    entries: sum(({ entries }) => entries),
    paths: sum(({ paths }) => paths),
    optimiser: sum(({ optimiser }) => optimiser),
    detour: sum(({ detour }) => detour),
    violations: sum(({ violations }) => violations),
  };
}
