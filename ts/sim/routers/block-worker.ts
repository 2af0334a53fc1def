/** A thread of the pool: one task is one block. */
import { add, type Block, type BlockSums, NO_RUNS, sumsOf, sumsOfError } from './block.js';
import { type RoutersOptions, runRouters } from './run.js';

export default function run({ runs, ...options }: Block): BlockSums {
  const started = performance.now();
  let sums = NO_RUNS;
  for (let i = 0; i < runs; i++) sums = add(sums, runOne({ ...options, seed: (options.seed + i) >>> 0 }));
  return { ...sums, threadSeconds: (performance.now() - started) / 1000 };
}

function runOne(options: RoutersOptions): BlockSums {
  try {
    return sumsOf(runRouters(options));
  } catch (error) {
    return sumsOfError(options.seed, error);
  }
}
