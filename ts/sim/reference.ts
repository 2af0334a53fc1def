/**
 * The reference: what a network of these live wires must be able to do once it is at rest. Breadth-first searches over the wires, no
 * labels, no metrics, no messages: it shares nothing with the routing protocol but the rule that layer n uses only wires between nodes
 * that share n-1 bytes.
 */
import { type NodeId, sharedBytes } from '../kit/node-id.js';

export class Reference {
  readonly #neighbours: ReadonlyMap<NodeId, readonly NodeId[]>;
  readonly nodes: readonly NodeId[];

  /** Live nodes, and the pairs between which a live wire is. */
  constructor(nodes: readonly NodeId[], wires: readonly (readonly [NodeId, NodeId])[]) {
    const neighbours = new Map<NodeId, NodeId[]>(nodes.map((id) => [id, []]));
    for (const [a, b] of wires) {
      neighbours.get(a)?.push(b);
      neighbours.get(b)?.push(a);
    }
    this.nodes = nodes;
    this.#neighbours = neighbours;
  }

  /** Those with a live wire to `id`. */
  neighboursOf(id: NodeId): readonly NodeId[] {
    return this.#neighbours.get(id) ?? [];
  }

  /** The nodes that share exactly `layer - 1` bytes with `member`'s destination zone and can reach it: they must have a route. */
  withRoute(member: NodeId, layer: number): Set<NodeId> {
    const inside = (id: NodeId) => sharedBytes(id, member) >= layer;
    const around = (id: NodeId) => sharedBytes(id, member) >= layer - 1;
    const reached = this.#flood(this.nodes.filter(inside), around);
    return new Set([...reached].filter((id) => !inside(id)));
  }

  /**
   * The nodes from which packets to `destination` must arrive, whichever border node of a zone they happen to enter by: all that
   * can be entered must lead on. Where a zone is split, entering the wrong half may end in a drop, and nothing is promised.
   */
  arriving(destination: NodeId): Set<NodeId> {
    let good = new Set<NodeId>([destination]);
    for (let layer = 4; layer >= 1; layer--) good = this.#widen(destination, layer, good);
    return good;
  }

  /** From the good nodes of the zone of `layer` bytes to those of the zone of `layer - 1` bytes around it. */
  #widen(destination: NodeId, layer: number, good: Set<NodeId>): Set<NodeId> {
    const around = (id: NodeId) => sharedBytes(id, destination) === layer - 1;
    const inside = (id: NodeId) => sharedBytes(id, destination) >= layer;
    const wider = new Set(good);
    const seen = new Set<NodeId>();
    for (const id of this.nodes) {
      if (!around(id) || seen.has(id)) continue;
      const component = this.#flood([id], around);
      const entries = [...component].flatMap((member) => this.neighboursOf(member).filter(inside));
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
    for (const id of reached) for (const next of this.neighboursOf(id)) if (allowed(next)) reached.add(next);
    return reached;
  }
}
