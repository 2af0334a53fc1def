/** The thread of one planet: a heap of its own, larger than the main thread's. Progress goes by the port as it comes, if there is one. */
import type { MessagePort } from 'node:worker_threads';
import { type CrewSeat, takeSeat } from './crew-worker.js';
import { type PlanetOptions, type PlanetResult, runPlanet } from './planet-run.js';

export interface PlanetTask {
  readonly options: PlanetOptions;
  readonly progress?: MessagePort;
  /** Where several threads share the planet. */
  readonly seat?: CrewSeat;
}

/** What the run has cost the process: with other planets beside it, that of them too. */
export interface PlanetCost {
  readonly cpuSeconds: number;
  /** The process's resident memory at the end of the run, megabytes. */
  readonly residentMegabytes: number;
}

export type PlanetOutcome = PlanetResult & { readonly cost: PlanetCost };

export default function run({ options, progress, seat }: PlanetTask): PlanetOutcome {
  const before = process.cpuUsage();
  const result = runPlanet(options, (step) => progress?.postMessage(step), seat && takeSeat(seat));
  const { user, system } = process.cpuUsage(before);
  return {
    ...result,
    cost: { cpuSeconds: (user + system) / 1e6, residentMegabytes: process.memoryUsage.rss() / 1e6 },
  };
}
