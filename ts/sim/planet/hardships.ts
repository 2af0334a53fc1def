/** Several networks side by side, each in a thread of its own. */
import { Piscina } from 'piscina';
import type { Hardship, HardshipOptions } from './hardship.js';
import type { HardshipTask } from './hardship-worker.js';

/** Heap of a thread, megabytes: four classes of the largest network, and air for the collector. */
const HEAP_MB = 6144;
const NURSERY_MB = 64;

/** What came of each, in their order; `onProgress` hears what befalls the network of an index. */
export async function measureHardships(
  networks: readonly HardshipOptions[],
  threads: number,
  onProgress: (index: number, what: string) => void,
): Promise<Hardship[]> {
  const pool = new Piscina<HardshipTask, Hardship>({
    filename: new URL('./hardship-worker.js', import.meta.url).href,
    minThreads: Math.min(threads, networks.length),
    maxThreads: Math.min(threads, networks.length),
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: NURSERY_MB },
  });
  const runOne = async (options: HardshipOptions, index: number) => {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (what: string) => onProgress(index, what));
    try {
      return await pool.run({ options, progress: port2 }, { transferList: [port2] });
    } finally {
      port1.close();
    }
  };
  try {
    return await Promise.all(networks.map(runOne));
  } finally {
    await pool.destroy();
  }
}
