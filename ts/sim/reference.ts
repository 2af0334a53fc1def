/**
 * The reference: what a network of these live wires must be able to do once it is at rest. Breadth-first searches over the wires, no
 * labels, no metrics, no messages: it shares nothing with the routing protocol but the rule that layer n uses only wires between nodes
 * that share n-1 bytes.
 */
import { type NodeId, sharedBytes } from '../kit/node-id.js';

export class Reference {
  readonly #neighbours: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** The same without the wires of leaves to relays of other groups, which routing does not know. */
  readonly #routed: ReadonlyMap<NodeId, readonly NodeId[]>;
  readonly nodes: readonly NodeId[];
  readonly leaves: ReadonlySet<NodeId>;

  /** Live nodes, and the pairs between which a live wire is; which of the nodes are leaves. */
  constructor(
    nodes: readonly NodeId[],
    wires: readonly (readonly [NodeId, NodeId])[],
    leaves: ReadonlySet<NodeId> = new Set(),
  ) {
    const isForeign = (a: NodeId, b: NodeId) => (leaves.has(a) || leaves.has(b)) && sharedBytes(a, b) < 3;
    this.nodes = nodes;
    this.leaves = leaves;
    this.#neighbours = adjacency(nodes, wires);
    this.#routed = adjacency(
      nodes,
      wires.filter(([a, b]) => !isForeign(a, b)),
    );
  }

  /** Those with a live wire to `id`. */
  neighboursOf(id: NodeId): readonly NodeId[] {
    return this.#neighbours.get(id) ?? [];
  }

  /** The relays that share exactly `layer - 1` bytes with `member`'s destination zone and can reach it: they must have a route. */
  withRoute(member: NodeId, layer: number): Set<NodeId> {
    const inside = (id: NodeId) => id === member || (!this.leaves.has(id) && sharedBytes(id, member) >= layer);
    const around = (id: NodeId) => !this.leaves.has(id) && sharedBytes(id, member) >= layer - 1;
    const origins = this.nodes.filter((id) => inside(id) && (layer === 4 || !this.leaves.has(id)));
    const reached = this.#flood(origins, around);
    return new Set([...reached].filter((id) => !inside(id)));
  }

  /**
   * The nodes from which packets to `destination` must arrive, whichever border node of a zone they happen to enter by: all that
   * can be entered must lead on. Where a zone is split, entering the wrong half may end in a drop, and nothing is promised.
   */
  arriving(destination: NodeId): Set<NodeId> {
    let good = new Set<NodeId>([destination]);
    if (this.leaves.has(destination)) for (const relay of this.neighboursOf(destination)) good.add(relay);
    for (let layer = 4; layer >= 1; layer--) good = this.#widen(destination, layer, good);
    // A leaf may use any of its relays.
    for (const leaf of this.leaves) {
      const relays = this.neighboursOf(leaf);
      if (relays.length > 0 && relays.every((relay) => good.has(relay))) good.add(leaf);
    }
    return good;
  }

  /** From the good nodes of the zone of `layer` bytes to those of the zone of `layer - 1` bytes around it. */
  #widen(destination: NodeId, layer: number, good: Set<NodeId>): Set<NodeId> {
    const around = (id: NodeId) => !this.leaves.has(id) && sharedBytes(id, destination) === layer - 1;
    const inside = (id: NodeId) =>
      id === destination || (!this.leaves.has(id) && sharedBytes(id, destination) >= layer);
    const wider = new Set(good);
    const seen = new Set<NodeId>();
    for (const id of this.nodes) {
      if (!around(id) || seen.has(id)) continue;
      const component = this.#flood([id], around);
      const entries = [...component].flatMap((member) => (this.#routed.get(member) ?? []).filter(inside));
      const leadsOn = entries.length > 0 && entries.every((entry) => good.has(entry));
      for (const member of component) {
        seen.add(member);
        if (leadsOn) wider.add(member);
      }
    }
    return wider;
  }

  #flood(from: readonly NodeId[], allowed: (id: NodeId) => boolean): Set<NodeId> {
    const reached = new Set(from);
    for (const id of reached) for (const next of this.#routed.get(id) ?? []) if (allowed(next)) reached.add(next);
    return reached;
  }
}

function adjacency(
  nodes: readonly NodeId[],
  wires: readonly (readonly [NodeId, NodeId])[],
): ReadonlyMap<NodeId, readonly NodeId[]> {
  const neighbours = new Map<NodeId, NodeId[]>(nodes.map((id) => [id, []]));
  for (const [a, b] of wires) {
    neighbours.get(a)?.push(b);
    neighbours.get(b)?.push(a);
  }
  return neighbours;
}
