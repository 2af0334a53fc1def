/**
 * The laws: where every packet has gone, exactly.
 *
 * 1. *Node.* received + originated = sent + delivered + echoed + hellos answered + punted + joined + Σ drops, for each process since its start.
 * 2. *Wire.* Σ sent = Σ received + Σ dropped by the kernel at full sockets, over all nodes and one interval. (Frames that an emulated
 *    network loses are drops of their sender.) From 1 and 2: what was started anywhere was delivered, answered, punted or dropped.
 * 3. *Ends.* What the source has sent and the sink has not is among the drops of that interval, nothing came twice; and at both ends of the
 *    port forward nodes have delivered exactly what sink and programs have got.
 *
 * A killed process takes its counters along, a portable worker that crashes the frames in its socket, and one for TCP those on their way by its
 * connections. So such faults have intervals of their own, in which only law 1 is judged; the wire's difference is shown.
 */
import { dropsOf, inHand } from '../../ts/memory/conservation.js';
import { COUNTERS } from '../../ts/memory/counter-names.js';
import { type Census, difference, type Entry } from './census.js';
import { CLIENT, SINK } from './network.js';
import type { TrafficTotals } from './traffic.js';

export interface Verdicts {
  /** Packets that are missing (or, below 0, told of twice) by each law; 0: it holds. */
  readonly node: number;
  readonly wire: number;
  readonly ends: number;
  /** What is wrong, a sentence each; empty: all laws hold. */
  readonly broken: readonly string[];
  /** Σ over all nodes. */
  readonly received: number;
  readonly originated: number;
  readonly delivered: number;
  readonly drops: number;
  readonly kernelDrops: number;
  readonly dropsByReason: Readonly<Record<string, number>>;
}

/** Judges one interval. `isExact`: nobody was killed in it. */
export function judge(before: Census | undefined, after: Census, traffic: TrafficTotals, isExact: boolean): Verdicts {
  const changes = after.entries.map((entry) => ({ entry, ...difference(entry, find(before, entry.id)) }));
  const sum = (of: (change: (typeof changes)[number]) => number) => changes.reduce((total, c) => total + of(c), 0);
  const broken: string[] = [];
  if (after.problem !== '') broken.push(`the network does not come to rest: ${after.problem}`);

  const node = after.entries.reduce((total, { told }) => total + Math.abs(inHand(told)), 0);
  for (const { id, told } of after.entries)
    if (inHand(told) !== 0) broken.push(`node ${id}: ${inHand(told)} frames without a counter`);

  const drops = sum(({ told }) => dropsOf(told));
  const kernelDrops = sum((change) => change.kernelDrops);
  const wire = sum(({ told }) => told.sent - told.received) - kernelDrops;
  if (isExact && wire !== 0)
    broken.push(`wire: ${wire} frames were sent and neither received nor dropped by the kernel`);
  for (const { entry } of changes)
    if (!entry.isPortable && entry.told.socketOverflows !== entry.kernelDrops)
      broken.push(
        `node ${entry.id}: the kernel dropped ${entry.kernelDrops} datagrams, the node tells of ${entry.told.socketOverflows}`,
      );

  const lost = traffic.loadSent - traffic.loadReceived;
  const delivered = (id: string) => changes.find(({ entry }) => entry.id === id)?.told.delivered ?? 0;
  const atSink = delivered(SINK) - traffic.loadReceived - traffic.serviceHanded;
  const atClient = delivered(CLIENT) - traffic.clientHanded;
  if (atSink !== 0)
    broken.push(`ends: node ${SINK} delivered ${atSink} packets more than its sink and its service got`);
  if (atClient !== 0) broken.push(`ends: node ${CLIENT} delivered ${atClient} packets more than its client got`);
  if (traffic.loadDuplicates) broken.push(`ends: ${traffic.loadDuplicates} packets of the load came twice`);
  const unexplained = Math.max(0, lost - drops - kernelDrops, -lost);
  if (isExact && unexplained > 0)
    broken.push(`ends: ${lost} packets of the load are lost, but only ${drops + kernelDrops} were dropped anywhere`);
  return {
    node,
    wire,
    ends: Math.abs(atSink) + Math.abs(atClient) + (isExact ? unexplained : 0),
    broken,
    received: sum(({ told }) => told.received),
    originated: sum(({ told }) => told.originated),
    delivered: sum(({ told }) => told.delivered),
    drops,
    kernelDrops,
    dropsByReason: byReason(changes.map(({ told }) => told)),
  };
}

const find = (census: Census | undefined, id: string): Entry | undefined =>
  census?.entries.find((entry) => entry.id === id);

function byReason(all: readonly Entry['told'][]): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const { name, kind } of COUNTERS) {
    const count = all.reduce((sum, told) => sum + told[name], 0);
    if (kind === 'drop' && count > 0) reasons[name] = count;
  }
  return reasons;
}
