/** Leaves of a simulated network: where they are, what happens to them, and what must hold of them. */
import { formatNodeId, type NodeId, sharedBytes } from '../kit/node-id.js';
import type { Random } from '../kit/random.js';
import { primaryOf } from '../memory/forwarding-table.js';
import type { JudgedNode } from './convergence.js';
import type { Fault } from './faults.js';
import type { Reference } from './reference.js';
import { delayOnly, type Edge, type Topology } from './topology.js';

/** Leaves that live in another group than their relay: nobody but the relay and its leaves reaches them. */
const FOREIGN = 0.2;
/** Leaves that dial two relays. */
const TWO_RELAYS = 0.5;
/** Faults of each leaf and of its wires, in the time of all faults. */
const FAULTS_A_LEAF = 3;

/** The topology with `count` leaves more, each wired to one or two relays of one group. */
export function withLeaves(random: Random, topology: Topology, count: number): Topology {
  const relays = topology.nodes;
  const taken = new Set(relays);
  const leaves: NodeId[] = [];
  const edges: Edge[] = [...topology.edges];
  while (leaves.length < count) {
    const relay = relays[random.below(relays.length)] as NodeId;
    const group = random.chance(FOREIGN) ? (relays[random.below(relays.length)] as NodeId) : relay;
    const leaf = ((group & 0xffff_ff00) | (1 + random.below(255))) >>> 0;
    if (taken.has(leaf)) continue;
    taken.add(leaf);
    leaves.push(leaf);
    const mates = relays.filter((other) => other !== relay && sharedBytes(other, relay) === 3);
    const second = random.chance(TWO_RELAYS) ? mates[random.below(Math.max(1, mates.length))] : undefined;
    for (const to of second === undefined ? [relay] : [relay, second])
      edges.push({ a: leaf, b: to, model: delayOnly(1 + 20 * random.unit()) });
  }
  return { nodes: [...relays, ...leaves], edges, leaves: new Set(leaves) };
}

/** Churn: leaves that crash, leave, come back, and whose wires are cut. Their wires are the last of the topology. */
export function leafFaults(
  random: Random,
  { edges, leaves }: Topology,
  span: { readonly from: number; readonly until: number },
): Fault[] {
  const ids = [...(leaves ?? [])];
  const wires = edges.map((_, wire) => wire).filter((wire) => leaves?.has((edges[wire] as Edge).a));
  return Array.from({ length: FAULTS_A_LEAF * ids.length }, (): Fault => {
    const time = span.from + random.unit() * (span.until - span.from);
    const duration = 50 + random.unit() * 3000;
    if (random.chance(0.4)) return { kind: 'flap', time, duration, wire: wires[random.below(wires.length)] as number };
    return { kind: 'crash', time, duration, node: ids[random.below(ids.length)] as NodeId, polite: random.chance(0.5) };
  });
}

/** Leaves without a default route though a relay is there, or with one though none is. Sentences for people. */
export function wrongDefaults(nodes: readonly JudgedNode[], reference: Reference): string[] {
  return nodes
    .filter(({ id }) => reference.leaves.has(id))
    .filter(({ id, forwarding }) => {
      const hasRelay = reference.neighboursOf(id).length > 0;
      return [...forwarding].some((word) => (primaryOf(word) !== 0) !== hasRelay);
    })
    .map(({ id }) => `the default route of leaf ${formatNodeId(id)} is not what its live relays allow`);
}
