/** A planet in a thread of its own, whose heap is as large as its nodes need. */
import { Piscina } from 'piscina';
import { checkOptions, type PlanetOptions, type PlanetProgress } from './planet-run.js';
import type { PlanetOutcome, PlanetTask } from './planet-worker.js';

/** Heap of the thread, megabytes: for the rest, and a node. Twice of what was measured, for the collector needs air. */
const BASE_MB = 1024;
const NODE_MB = 1;
/** Messages live for a moment and tables for the run: a large nursery saves most of the collector's work. */
const NURSERY_MB = 64;

/** Runs one planet. Throws a RangeError when an option is out of its range. */
export async function simulatePlanet(
  options: PlanetOptions,
  onProgress: (progress: PlanetProgress) => void = () => {},
): Promise<PlanetOutcome> {
  checkOptions(options);
  const nodes = options.rtt?.[0]?.size ?? options.nodes;
  const pool = new Piscina<PlanetTask, PlanetOutcome>({
    filename: new URL('./planet-worker.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: BASE_MB + NODE_MB * nodes, maxYoungGenerationSizeMb: NURSERY_MB },
  });
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (step: PlanetProgress) => onProgress(step));
  try {
    return await pool.run({ options, progress: port2 }, { transferList: [port2] });
  } finally {
    port1.close();
    await pool.destroy();
  }
}
