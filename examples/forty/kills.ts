/** Nodes that are killed, one after the other, and what the flows that they carried hear of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Flows, hasBackup, sentIn } from './flows.js';
import type { NodeProcess, Processes } from './processes.js';
import type { Random } from './random.js';

/** One flow whose way led over a node that was killed. */
export interface Hit {
  readonly from: string;
  readonly to: string;
  readonly path: readonly string[];
  readonly by: string;
  /** Whether the node before the killed one had another next hop in reserve, whose way did not lead over the killed one too. */
  readonly hadBackup: boolean;
  /** The longest time without a packet at the sink. */
  readonly silenceMs: number;
  /** What was lost took so long to send. The silence is longer where the way that is taken then takes longer than the one before. */
  readonly lostMs: number;
  /** Of it, what no network could save: the killed node, and the links to it and from it, held so much when it died. */
  readonly underWayMs: number;
}

export interface Kill {
  readonly id: string;
  readonly hits: readonly Hit[];
  /** The longest silence of the flows that went other ways: what the machine itself adds. */
  readonly othersSilenceMs: number;
}

/** How long flows are watched after a kill, and how long the network then has to fill the gap. Milliseconds. */
const WATCH_MS = 2500;
const REST_MS = 3000;

/** `delay`: from one node to another, ms. */
export async function killOne(
  processes: Processes,
  flows: Flows,
  random: Random,
  delay: (from: string, to: string) => number,
): Promise<Kill> {
  const ways = await flows.ways();
  const victim = chooseVictim(
    processes.alive,
    flows,
    ways.flatMap(({ path }) => path.slice(1, -1)),
    random,
  );
  const touched = ways.filter(({ path }) => path.includes(victim.id));
  const backups = await Promise.all(touched.map((way) => hasBackup(way, victim.id, processes.alive)));
  const gaps = await flows.gapsAround(() => victim.kill(), WATCH_MS);
  const hits = touched.map((way, i): Hit => {
    const gap = gaps.find(({ flow }) => flow === way.flow);
    return {
      from: way.flow.source.id,
      to: way.flow.sink.id,
      path: way.path,
      by: way.by,
      hadBackup: backups[i] === true,
      silenceMs: gap?.silenceMs ?? Infinity,
      lostMs: gap && Number.isFinite(gap.silenceMs) ? sentIn(gap.lost) : Infinity,
      underWayMs: underWay(way.path, victim.id, delay),
    };
  });
  const others = gaps.filter(({ flow }) => !touched.some((way) => way.flow === flow));
  await sleep(REST_MS);
  return { id: victim.id, hits, othersSilenceMs: Math.max(0, ...others.map(({ silenceMs }) => silenceMs)) };
}

/** The links delay by the process that sends (see places.ts): what is under way from a node dies with it, as what is under way to it does. */
function underWay(path: readonly string[], victim: string, delay: (from: string, to: string) => number): number {
  const at = path.indexOf(victim);
  return delay(path[at - 1] as string, victim) + delay(victim, path[at + 1] as string);
}

/** One that carries flows, if any does, and begins or ends none. */
function chooseVictim(
  alive: readonly NodeProcess[],
  flows: Flows,
  carriers: readonly string[],
  random: Random,
): NodeProcess {
  const others = alive.filter((node) => !flows.isEnd(node));
  const carrying = others.filter(({ id }) => carriers.includes(id));
  const victim = random.pick(carrying.length > 0 ? carrying : others);
  if (!victim) throw new RangeError('every node begins or ends a flow: fewer kills, or more nodes');
  return victim;
}
