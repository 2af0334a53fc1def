/** What a node's process holds, for watching whether it grows: memory, handles, link indexes, blocks. */
import { BATCH_HELD } from '../memory/batch.js';
import type { WorkerStates } from '../memory/worker-state.js';
import type { ResourcesReport, WorkerResourcesReport } from './admin.types.js';

export interface ResourceParts {
  readonly links: ResourcesReport['links'];
  readonly states: WorkerStates;
  /** The batch of each worker. */
  readonly batches: readonly SharedArrayBuffer[];
}

export function resourcesReport({ links, states, batches }: ResourceParts): ResourcesReport {
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    rssBytes: rss,
    heapUsedBytes: heapUsed,
    externalBytes: external,
    arrayBuffersBytes: arrayBuffers,
    handles: countByKind(process.getActiveResourcesInfo()),
    links,
    workers: batches.map((batch, worker) => workerResources(states, worker, batch)),
  };
}

function workerResources(states: WorkerStates, worker: number, batch: SharedArrayBuffer): WorkerResourcesReport {
  const { blocks, freeBlocks } = states.read(worker);
  return {
    blocks: blocks === 0 ? null : blocks,
    freeBlocks: blocks === 0 ? null : freeBlocks,
    heldPackets: new Int32Array(batch)[BATCH_HELD] as number,
  };
}

function countByKind(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
