/** A thread of the pool: one task is one run. */
import { type RunOptions, type RunResult, runSimulation } from './run.js';

export default function run(options: RunOptions): RunResult {
  return runSimulation(options);
}
