/** The simulator's front door, for the command line and for benches. */

export type { SafetyRules } from '../control/routing/router.types.js';
export type { Distribution } from './planet/distribution.js';
export { PLANET_EVENTS, type PlanetEventName } from './planet/events.js';
export type { HardshipNetwork } from './planet/hardship.js';
export { measureHardships } from './planet/hardships.js';
export type { OptimisedReport } from './planet/optimised.js';
export type { PathReport } from './planet/paths.js';
export type { PlanetOptions, PlanetProgress, PlanetResult } from './planet/planet-run.js';
export type { PlanetOutcome } from './planet/planet-worker.js';
export { PLANET_SHAPES, type PlanetShape } from './planet/plans.js';
export type { QueryOptions, QueryRunResult } from './planet/query-run.js';
export { parseRttMatrix, type RttMatrix } from './planet/rtt-matrix.js';
export { simulatePlanet, simulatePlanets, simulateQueries } from './planet/simulate.js';
export {
  type Failure,
  type Progress,
  problemsOf,
  runSimulations,
  type SimulationsOptions,
  type SimulationsResult,
} from './pool.js';
export { type Block, type BlockSums } from './routers/block.js';
export { type ManyOptions, replayRouters, runManyRouters } from './routers/many.js';
export { type RoutersOptions, type RoutersResult, runRouters } from './routers/run.js';
export { type PinResult, type RunOptions, type RunResult, replayCommand, runSimulation } from './run.js';
export { type PlayResult, playScene, SCENE_NAMES, type SceneName, type SceneResult } from './scenes/scenes.js';
export { formatEvent, type SimEvent } from './world.js';

import { type RunOptions, type RunResult, runSimulation } from './run.js';
import { formatEvent } from './world.js';

/** Runs one seed and tells every event as a line: time, node, what happened. The same seed gives the same lines, to the byte. */
export function replay(options: RunOptions, onLine: (line: string) => void): RunResult {
  return runSimulation(options, (event) => onLine(formatEvent(event)));
}
