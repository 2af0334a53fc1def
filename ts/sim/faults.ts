/** The faults of a run: drawn from the seed before it begins, so that the schedule does not depend on what the nodes do. */
import type { NodeId } from '../kit/node-id.js';
import type { Random } from '../kit/random.js';
import type { Topology } from './topology.js';

/** Indexes of wires are those of the topology's edges. Times and durations in ms. */
export type Fault = { readonly time: number; readonly duration: number } & (
  | { readonly kind: 'flap'; readonly wire: number }
  /** Only one direction is cut: from `a` to `b` when `forward`. */
  | { readonly kind: 'oneWay'; readonly wire: number; readonly forward: boolean }
  /**
   * The node dies and loses its state; after `duration` it restarts under the same id. Infinity: never. `polite`: it says goodbye to its
   * neighbours first, as a node that is shut down properly.
   */
  | { readonly kind: 'crash'; readonly node: NodeId; readonly polite: boolean }
  /** Nothing passes between the nodes of `side` and the others. */
  | { readonly kind: 'partition'; readonly side: ReadonlySet<NodeId> }
  /** The delay is multiplied, for good. */
  | { readonly kind: 'delay'; readonly wire: number; readonly factor: number }
  | { readonly kind: 'loss'; readonly wires: readonly number[]; readonly loss: number }
  | { readonly kind: 'reorder'; readonly wires: readonly number[]; readonly detour: number }
  | { readonly kind: 'duplicate'; readonly wires: readonly number[]; readonly probability: number }
  /** `bandwidth` in bytes a millisecond. */
  | { readonly kind: 'squeeze'; readonly wire: number; readonly bandwidth: number }
);

/** How many faults, and when. */
export interface FaultPlan {
  /** 20 to 80 in a random run. */
  readonly count: number;
  /** They begin between these times, ms. */
  readonly from: number;
  readonly until: number;
}

/** Each concerns the whole network, so that more of them would leave nothing to route in. */
const MOST_PARTITIONS = 5;

/** Draws a schedule, sorted by time. One crash in ten is for good. */
export function randomFaults(random: Random, { nodes, edges }: Topology, plan: FaultPlan): Fault[] {
  const wire = () => random.below(edges.length);
  const someWires = () => edges.map((_, index) => index).filter(() => random.chance(0.4));
  const node = () => nodes[random.below(nodes.length)] as NodeId;
  const between = (low: number, high: number) => low + random.unit() * (high - low);
  let partitions = 0;
  const draw = (time: number): Fault => {
    const kind = random.below(100);
    if (kind < 25) return { kind: 'flap', time, duration: between(50, 4000), wire: wire() };
    if (kind < 32)
      return { kind: 'oneWay', time, duration: between(200, 4000), wire: wire(), forward: random.chance(0.5) };
    if (kind < 54) {
      const duration = random.chance(0.1) ? Infinity : between(50, 5000);
      return { kind: 'crash', time, duration, node: node(), polite: random.chance(0.25) };
    }
    if (kind < 60 && partitions++ < MOST_PARTITIONS) {
      const side = new Set(nodes.filter(() => random.chance(0.5)));
      return { kind: 'partition', time, duration: between(500, 4000), side };
    }
    if (kind < 80) return { kind: 'delay', time, duration: Infinity, wire: wire(), factor: 0.2 * 25 ** random.unit() };
    if (kind < 87)
      return { kind: 'loss', time, duration: between(500, 5000), wires: someWires(), loss: between(0.05, 0.3) };
    if (kind < 93)
      return { kind: 'reorder', time, duration: between(500, 5000), wires: someWires(), detour: between(20, 400) };
    if (kind < 97)
      return { kind: 'duplicate', time, duration: between(500, 5000), wires: someWires(), probability: 0.3 };
    return { kind: 'squeeze', time, duration: between(500, 3000), wire: wire(), bandwidth: between(1, 10) };
  };
  const times = Array.from({ length: plan.count }, () => between(plan.from, plan.until)).sort((a, b) => a - b);
  return times.map(draw);
}
