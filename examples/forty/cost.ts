/** What the nodes cost: processor time over a while, and memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mean } from './links.js';
import type { NodeProcess } from './processes.js';

export interface Cost {
  /** Of one core, the mean of the nodes, and the most of any. */
  readonly cpuPercent: number;
  readonly mostCpuPercent: number;
  /** Memory of one node, what processes share divided among them; mean, MiB. */
  readonly mebibytes: number;
}

/** undefined where the system does not tell. */
export async function costOf(nodes: readonly NodeProcess[], forMs: number): Promise<Cost | undefined> {
  const before = nodes.map((node) => node.use());
  const began = performance.now();
  await sleep(forMs);
  const seconds = (performance.now() - began) / 1000;
  const uses = nodes.flatMap((node, i) => {
    const [first, now] = [before[i], node.use()];
    return first && now ? [{ percent: ((now.cpuSeconds - first.cpuSeconds) / seconds) * 100, bytes: now.bytes }] : [];
  });
  if (uses.length === 0) return undefined;
  return {
    cpuPercent: mean(uses.map(({ percent }) => percent)),
    mostCpuPercent: Math.max(...uses.map(({ percent }) => percent)),
    mebibytes: mean(uses.map(({ bytes }) => bytes)) / 2 ** 20,
  };
}
