/** Flows of a packet each 10 ms between pairs of nodes, made and measured by the load tester in the nodes' packet paths. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RouteReport, TraceHop } from '../../ts/index.js';
import { each, type NodeProcess } from './processes.js';
import type { Random } from './random.js';
import { covers } from './reach.js';

const PORT = 6000;
const RATE = 100;
const PAYLOAD_BYTES = 64;
/** Packets of all of them pass this one machine, at each hop. */
const MOST_FLOWS = 8;

/** How long it takes to send so many packets, ms. */
export const sentIn = (packets: number): number => (1000 * packets) / RATE;

/** What the sink of a flow has seen since it was set to zero. */
interface SinkReport {
  readonly received: number;
  readonly lost: number;
  readonly longestGapMs: number;
}

export interface Flow {
  readonly source: NodeProcess;
  readonly sink: NodeProcess;
}

/** The way that a flow takes. */
export interface Way {
  readonly flow: Flow;
  /** Source first, sink last; empty: it could not be traced whole. */
  readonly path: readonly string[];
  /** By whom: `tables`, or a pin of the `optimiser`. */
  readonly by: string;
}

export interface Gap {
  readonly flow: Flow;
  /** The longest time without a packet at the sink, ms; Infinity: the flow has not come back. */
  readonly silenceMs: number;
  readonly lost: number;
}

export class Flows {
  constructor(readonly all: readonly Flow[]) {}

  async start(): Promise<void> {
    await this.#clear();
    await each(this.all, 8, async ({ source, sink }) => {
      await source.send('POST', '/load/source', { destination: sink.id, port: PORT, size: PAYLOAD_BYTES, rate: RATE });
    });
  }

  async stop(): Promise<void> {
    await each(this.all, 8, async ({ source }) => {
      await source.send('DELETE', '/load/source');
    });
  }

  isEnd(node: NodeProcess): boolean {
    return this.all.some(({ source, sink }) => source === node || sink === node);
  }

  async ways(): Promise<Way[]> {
    const ways: Way[] = [];
    await each(this.all, 8, async (flow) => {
      const destination = flow.sink.id;
      const { by } = await flow.source.get<{ by: string }>('/way', { destination, class: 'lowLatency' });
      const hops = await flow.source.lines<TraceHop>('/trace', { destination, timeoutMs: 1500 });
      const ids = hops.flatMap(({ id }) => id ?? []);
      const isWhole = ids.length === hops.length && ids.at(-1) === destination;
      ways.push({ flow, path: isWhole ? [flow.source.id, ...ids] : [], by });
    });
    return ways;
  }

  /** Sets all sinks to zero, does something, looks at them after a while. */
  async gapsAround(event: () => Promise<void>, forMs: number): Promise<Gap[]> {
    await this.#clear();
    await sleep(300);
    await event();
    await sleep(forMs);
    const before = await this.#look();
    await sleep(500);
    const after = await this.#look();
    return this.all.map((flow) => {
      const now = after.get(flow) as SinkReport;
      const isBack = now.received > (before.get(flow)?.received ?? 0);
      return { flow, silenceMs: isBack ? now.longestGapMs : Infinity, lost: now.lost };
    });
  }

  async #clear(): Promise<void> {
    await each(this.all, 8, async ({ sink }) => {
      await sink.send('POST', '/load/sink', { port: PORT });
    });
  }

  async #look(): Promise<Map<Flow, SinkReport>> {
    const looks = new Map<Flow, SinkReport>();
    await each(this.all, 8, async (flow) => {
      looks.set(flow, await flow.sink.get<SinkReport>('/load/sink'));
    });
    return looks;
  }
}

/**
 * Half of the nodes at random, eight at most, each the source of one flow and the sink of another; the others are there to carry them. Most pairs of a small network
 * are neighbours: of a hundred draws the one counts in which most flows have a first hop that is no end, as far as the tables tell.
 */
export async function pairUp(nodes: readonly NodeProcess[], random: Random): Promise<Flow[]> {
  const nextHops = new Map<NodeProcess, readonly RouteReport[]>();
  await each(nodes, 4, async (node) => {
    nextHops.set(node, await node.get<RouteReport[]>('/routes'));
  });
  let best: Flow[] = [];
  let most = -1;
  for (let draw = 0; draw < 100; draw++) {
    const ends = random.shuffle(nodes).slice(0, Math.max(2, Math.min(MOST_FLOWS, Math.floor(nodes.length / 2))));
    const flows = ends.map((source, i) => ({ source, sink: ends[(i + 1) % ends.length] as NodeProcess }));
    const isEnd = new Set(ends.map(({ id }) => id));
    const carried = flows.filter(({ source, sink }) => {
      const route = nextHops.get(source)?.find(({ destination }) => covers(destination, sink.id));
      return route !== undefined && !isEnd.has(route.nextHop);
    });
    if (carried.length <= most) continue;
    most = carried.length;
    best = flows;
  }
  return best;
}

/** Further than any way in such a network leads. */
const MOST_HOPS = 16;

/** Whether the node before `relay` on a way has another next hop in reserve, from which the tables do not lead back to `relay`. */
export async function hasBackup(
  { path, flow: { sink } }: Way,
  relay: string,
  nodes: readonly NodeProcess[],
): Promise<boolean> {
  const routesOf = async (id: string | null): Promise<RouteReport[]> => {
    const node = nodes.find((one) => one.id === id);
    return (await node?.get<RouteReport[]>('/routes', { destination: sink.id, class: 'lowLatency' })) ?? [];
  };
  const [route] = await routesOf(path[path.indexOf(relay) - 1] ?? null);
  let at = route?.nextHop === relay ? route.backup : (route?.nextHop ?? null);
  for (let hops = 0; hops < MOST_HOPS && at !== null && at !== relay; hops++) {
    if (at === sink.id) return true;
    at = (await routesOf(at))[0]?.nextHop ?? null;
  }
  return false;
}
