/** The simulator's front door, for the command line and for benches. */
export {
  type Failure,
  type Progress,
  problemsOf,
  runSimulations,
  type SimulationsOptions,
  type SimulationsResult,
} from './pool.js';
export { type RunOptions, type RunResult, replayCommand, runSimulation } from './run.js';
export { formatEvent, type SimEvent } from './world.js';

import { type RunOptions, type RunResult, runSimulation } from './run.js';
import { formatEvent } from './world.js';

/** Runs one seed and tells every event as a line: time, node, what happened. The same seed gives the same lines, to the byte. */
export function replay(options: RunOptions, onLine: (line: string) => void): RunResult {
  return runSimulation(options, (event) => onLine(formatEvent(event)));
}
