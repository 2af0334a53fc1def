/** How many links the nodes have. */
import type { LinkReport, StatusReport } from '../../ts/index.js';
import { each, type NodeProcess } from './processes.js';

export interface LinkCounts {
  /** Those that a node has chosen itself, a node: the most and the mean. Promised: 32 at most. */
  readonly mostChosen: number;
  readonly meanChosen: number;
  /** Those that are up, whoever wanted them. */
  readonly mostUp: number;
  readonly meanUp: number;
  /** Sums over all nodes, by reason, as `near` or `ring`. */
  readonly why: Readonly<Record<string, number>>;
}

export const MOST_CHOSEN = 32;

export async function countLinks(nodes: readonly NodeProcess[]): Promise<LinkCounts> {
  const chosen: number[] = [];
  const up: number[] = [];
  const why: Record<string, number> = {};
  await each(nodes, 4, async (node) => {
    const [status, links] = [await node.get<StatusReport>('/status'), await node.get<LinkReport[]>('/links')];
    chosen.push(status.neighbours.chosen);
    const those = links.filter(({ state }) => state === 'up');
    up.push(those.length);
    for (const link of those) why[link.why] = (why[link.why] ?? 0) + 1;
  });
  return {
    mostChosen: Math.max(...chosen),
    meanChosen: mean(chosen),
    mostUp: Math.max(...up),
    meanUp: mean(up),
    why,
  };
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
