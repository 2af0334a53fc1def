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
  const shares = await cpuShares(nodes, forMs);
  if (shares.length === 0) return undefined;
  return {
    cpuPercent: 100 * mean(shares),
    mostCpuPercent: 100 * Math.max(...shares),
    mebibytes: mean(nodes.flatMap((node) => node.memory() ?? [])) / 2 ** 20,
  };
}

/** The share of a core that each node takes, 0..1; empty where the system does not tell. */
export async function cpuShares(nodes: readonly NodeProcess[], forMs: number): Promise<number[]> {
  const before = nodes.map((node) => node.cpuTime());
  await sleep(forMs);
  return nodes.flatMap((node, i) => {
    const [first, now] = [before[i], node.cpuTime()];
    return first && now ? [(now.used - first.used) / (now.at - first.at)] : [];
  });
}
