/** Nodes that have just started are busy: they choose links, and their code is compiled while it runs. On a small machine that takes all of it for a while. */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuShares } from './cost.js';
import type { NodeProcess } from './processes.js';

const LOOK_MS = 5000;
const PATIENCE_SECONDS = 120;
/** The share of all processors that nodes may take together, so that what is measured is the network and not the machine. */
const MOST_SHARE = 0.6;
/** What nodes remember of each other's lateness while it was busy: they take longer to notice a death for so long. */
const MEMORY_MS = 20_000;

/** Waits until the nodes leave enough of the processors, or for two minutes, and then until they have forgotten that it was otherwise. */
export async function untilCalm(nodes: readonly NodeProcess[], tell: (line: string) => void): Promise<void> {
  const began = performance.now();
  for (let wasBusy = false; ; wasBusy = true) {
    const shares = await cpuShares(nodes, LOOK_MS);
    const share = shares.reduce((sum, one) => sum + one, 0) / availableParallelism();
    const seconds = (performance.now() - began) / 1000;
    if (share <= MOST_SHARE || seconds > PATIENCE_SECONDS) return wasBusy ? sleep(MEMORY_MS) : undefined;
    tell(
      `${(100 * share).toFixed(0)} % of the processors are taken after ${seconds.toFixed(0)} s; waiting until it is ${100 * MOST_SHARE} %`,
    );
  }
}
