/** Runs in blocks of seeds that follow each other: what a thread does at a time, what a journal keeps, and what adds up. */
import type { RoutersOptions, RoutersResult } from './run.js';

/** Seeds `seed` .. `seed + runs - 1`, modulo 2^32. */
export interface Block extends RoutersOptions {
  readonly runs: number;
}

/** What came of one run that was not well. */
export interface FailedRun {
  readonly seed: number;
  readonly problems: readonly string[];
}

/**
 * - `failed`: runs that were not well; `unconverged`: those that were not right when their time was up.
 * - `labelInversions`: labels that rose, edges that lead to no smaller one, and edges that leave a zone.
 * - `convergedAfter`: milliseconds from the end of the faults until everything was right.
 * - `threadSeconds`: how long threads were at it: their processor time, where each has a processor.
 */
const SUMMED = [
  'runs',
  'failed',
  'nodes',
  'links',
  'faults',
  'loops',
  'labelInversions',
  'unconverged',
  'convergedAfter',
  'changes',
  'messages',
  'packets',
  'arrived',
  'revisits',
  'virtualSeconds',
  'events',
  'threadSeconds',
] as const;

type Summed = Readonly<Record<(typeof SUMMED)[number], number>>;

/** Sums over the runs of one block, or of many. */
export interface BlockSums extends Summed {
  /** Of all runs the longest time until everything was right, ms. */
  readonly slowest: number;
  /** Of the runs that were not well, those of the lowest seeds. */
  readonly failures: readonly FailedRun[];
}

/** Of more failures only the number is kept. */
const KEPT_FAILURES = 100;

const ZEROS = Object.fromEntries(SUMMED.map((name) => [name, 0])) as Summed;
export const NO_RUNS: BlockSums = { ...ZEROS, slowest: 0, failures: [] };

/** One run alone. */
export function sumsOf(result: RoutersResult): BlockSums {
  const { seed, escapes, problems, ...same } = result;
  const isWell = problems.length === 0;
  return {
    ...same,
    runs: 1,
    failed: isWell ? 0 : 1,
    labelInversions: result.labelInversions + escapes,
    unconverged: result.unconverged > 0 ? 1 : 0,
    slowest: result.convergedAfter,
    threadSeconds: 0,
    failures: isWell ? [] : [{ seed, problems }],
  };
}

/** A run that threw. */
export function sumsOfError(seed: number, error: unknown): BlockSums {
  return { ...NO_RUNS, runs: 1, failed: 1, failures: [{ seed, problems: [String(error)] }] };
}

/** Both together: in whatever order blocks are added, the sums are the same. */
export function add(a: BlockSums, b: BlockSums): BlockSums {
  return {
    ...(Object.fromEntries(SUMMED.map((name) => [name, a[name] + b[name]])) as Summed),
    slowest: Math.max(a.slowest, b.slowest),
    failures: [...a.failures, ...b.failures].sort((x, y) => x.seed - y.seed).slice(0, KEPT_FAILURES),
  };
}
