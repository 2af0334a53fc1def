/** Very many runs, in blocks over a pool of threads. What has been done before, as a journal tells it, is not done again. */
import { Piscina } from 'piscina';
import { add, type Block, type BlockSums, NO_RUNS, sumsOfError } from './block.js';
import type { RoutersOptions } from './run.js';

/** Runs of a task. Long enough that handing it over costs nothing, short enough for progress. */
const BLOCK_RUNS = 50;
/** Messages live for a moment and tables for a run: a large nursery saves most of the collector's work. */
const NURSERY_MB = 64;

export interface ManyOptions extends RoutersOptions {
  /** How many runs: seeds `seed` .. `seed + runs - 1`. */
  readonly runs: number;
  readonly threads: number;
  /** Blocks of these runs that are done, by their first seeds: they are added, not run. */
  readonly done?: ReadonlyMap<number, BlockSums>;
  /** Called after every block that was run, in the order in which they end. */
  readonly onBlock?: (block: Block, sums: BlockSums) => void;
}

/** The blocks of so many runs; the last one may be shorter. */
export function blocksOf({ runs, seed, nodes, rules }: RoutersOptions & { readonly runs: number }): Block[] {
  return Array.from({ length: Math.ceil(runs / BLOCK_RUNS) }, (_, i) => ({
    seed: (seed + i * BLOCK_RUNS) >>> 0,
    runs: Math.min(BLOCK_RUNS, runs - i * BLOCK_RUNS),
    ...(nodes !== undefined && { nodes }),
    ...(rules && { rules }),
  }));
}

export async function runManyRouters(options: ManyOptions): Promise<BlockSums> {
  const { threads, done, onBlock } = options;
  const isDone = ({ seed, runs }: Block) => done?.get(seed)?.runs === runs;
  const blocks = blocksOf(options);
  let sums = blocks.filter(isDone).reduce((so, { seed }) => add(so, done?.get(seed) ?? NO_RUNS), NO_RUNS);
  const open = blocks.filter((block) => !isDone(block));
  if (open.length === 0) return sums;
  const pool = new Piscina<Block, BlockSums>({
    filename: new URL('./block-worker.js', import.meta.url).href,
    minThreads: Math.min(threads, open.length),
    maxThreads: Math.min(threads, open.length),
    resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
  });
  const runOne = async (block: Block) => {
    const result = await pool.run(block).catch((error: unknown) => sumsOfError(block.seed, error));
    sums = add(sums, result);
    onBlock?.(block, result);
  };
  try {
    await Promise.all(open.map(runOne));
  } finally {
    await pool.destroy();
  }
  return sums;
}

/** The one line that replays a run. */
export function replayRouters(seed: number, nodes?: number): string {
  return `portolan sim routers --seed ${seed}${nodes === undefined ? '' : ` --nodes ${nodes}`}`;
}
