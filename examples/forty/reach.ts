/** Does every node reach every other? First by what their tables say, which is cheap to ask, then by a ping for each ordered pair. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RouteReport } from '../../ts/index.js';
import { each, type NodeProcess } from './processes.js';

export interface Reach {
  readonly pairs: number;
  /** As in `1.1.1.1 > 1.2.1.1`. */
  readonly missing: readonly string[];
  /** Until the tables had all of them, and then until all pings were back. Seconds. */
  readonly tablesSeconds: number;
  readonly pingSeconds: number;
}

const PINGS_AT_ONCE = 16;
const PING_TIMEOUT_MS = 3000;
/** A ping may be lost while tables change: so many are sent before a pair counts as missing. */
const PING_TRIES = 3;

export async function reachOf(
  nodes: readonly NodeProcess[],
  patienceSeconds: number,
  tell: (line: string) => void,
): Promise<Reach> {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const pairs = nodes.flatMap((from) => nodes.flatMap((to) => (from === to ? [] : [{ from, to }])));
  let missing = await withoutRoute(nodes);
  while (missing > 0 && seconds() < patienceSeconds) {
    tell(`${pairs.length - missing} of ${pairs.length} pairs have a route after ${seconds().toFixed(1)} s`);
    await sleep(500);
    missing = await withoutRoute(nodes);
  }
  const tablesSeconds = seconds();
  let left = pairs;
  for (let i = 0; i < PING_TRIES && left.length > 0; i++) left = await withoutAnswer(left);
  const pingSeconds = seconds() - tablesSeconds;
  return {
    pairs: pairs.length,
    missing: left.map(({ from, to }) => `${from.id} > ${to.id}`),
    tablesSeconds,
    pingSeconds,
  };
}

/** How many ordered pairs have no route. */
async function withoutRoute(nodes: readonly NodeProcess[]): Promise<number> {
  let missing = 0;
  await each(nodes, 4, async (node) => {
    const routes = await node.get<RouteReport[]>('/routes');
    for (const { id } of nodes)
      if (id !== node.id && !routes.some(({ destination }) => covers(destination, id))) missing++;
  });
  return missing;
}

/** Whether a route's destination, a node or a zone as in `1.2.*.*`, is or holds a node. */
export const covers = (destination: string, id: string): boolean =>
  destination === id || (destination.endsWith('*') && id.startsWith(destination.slice(0, destination.indexOf('*'))));

interface Pair {
  readonly from: NodeProcess;
  readonly to: NodeProcess;
}

async function withoutAnswer(pairs: readonly Pair[]): Promise<Pair[]> {
  const silent: Pair[] = [];
  await each(pairs, PINGS_AT_ONCE, async (pair) => {
    const query = { destination: pair.to.id, timeoutMs: PING_TIMEOUT_MS };
    const { received } = await pair.from.get<{ received: boolean }>('/ping', query);
    if (!received) silent.push(pair);
  });
  return silent;
}
