/** The count of everything, when the network has hung up and nothing moves: what each node has told since its process started. */

import type { Told } from '../../ts/memory/conservation.js';
import { COUNTERS } from '../../ts/memory/counter-names.js';
import type { CountersReport } from '../../ts/node/admin.types.js';
import { sleep } from '../lib/processes.js';
import type { NodeState, SoakNetwork, SoakNode } from './network.js';
import { kernelDrops } from './proc.js';

const LOOK_MS = 250;
const PATIENCE_MS = 30_000;

/** What one node has told, and the kernel of its sockets. */
export interface Entry {
  readonly id: string;
  readonly pid: number;
  readonly isPortable: boolean;
  readonly told: Told;
  /** Datagrams that the kernel has dropped because the node's sockets were full. */
  readonly kernelDrops: number;
}

export interface Census {
  readonly entries: readonly Entry[];
  /** Why it is not complete; '': nothing moved. */
  readonly problem: string;
}

/** Resolves when two looks at all nodes have found the same counters, no link index given out and no packet waiting; or after a long time, with what still moved. */
export async function takeCensus(network: SoakNetwork): Promise<Census> {
  const until = performance.now() + PATIENCE_MS;
  let before = '';
  for (;;) {
    const states = await network.states();
    const now = JSON.stringify(states.map(({ status }) => status.counters));
    const problem = now === before ? busyWith(network.nodes, states) : 'counters moved';
    if (problem === '' || performance.now() > until)
      return { entries: network.nodes.map((node, index) => entry(node, states[index] as NodeState)), problem };
    before = now;
    await sleep(LOOK_MS);
  }
}

function busyWith(nodes: readonly SoakNode[], states: readonly NodeState[]): string {
  return states
    .flatMap(({ resources: { links, workers } }, index) => {
      const held = workers.reduce((sum, { heldPackets }) => sum + heldPackets, 0);
      if (links.taken === 0 && held === 0) return [];
      return [`${nodes[index]?.id}: ${links.taken} link indexes taken, ${held} packets held`];
    })
    .join('; ');
}

function entry({ id, process, isPortable }: SoakNode, state: NodeState): Entry {
  const told = flatten(state.status.counters);
  return { id, pid: state.status.pid, isPortable, told, kernelDrops: kernelDrops(process.port) };
}

function flatten({ dropped, ...counts }: CountersReport): Told {
  return { ...counts, ...dropped } as Told;
}

/** What was told between two counts of one process; of a process that was not there before: all that it has told. */
export function difference(after: Entry, before: Entry | undefined): { told: Told; kernelDrops: number } {
  if (before === undefined || before.pid !== after.pid) return after;
  const told = Object.fromEntries(COUNTERS.map(({ name }) => [name, after.told[name] - before.told[name]])) as Told;
  return { told, kernelDrops: after.kernelDrops - before.kernelDrops };
}
