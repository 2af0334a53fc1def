/**
 * The checker: watches every next hop of every node and every label, and reports what the routing protocol promises never to happen.
 * It shares no code with the protocol: it knows graphs, and the order of labels, and nothing else.
 *
 * One graph for each destination zone (the zone's leading bytes) and traffic class. Its vertices are *incarnations*: a node that
 * restarts is another vertex. Its edges are the primary and the backup next hops together, for each packet may take either at each node.
 * Nodes of the destination zone are terminals: they have no edges there.
 *
 * ```
 *   loop        a new edge closes a cycle                         (checked at each change of a next hop; once an edge has
 *               escaped, also cycles that packets make through the graphs of other layers)
 *   inversion   an edge leads to a label that is not smaller,     (checked whenever a node is about to tell others: `settle`)
 *               or a label rose
 *   escape      an edge of layer n leads out of the zone of the n-1 bytes before it, or to a leaf that is not its destination; or a direct
 *               edge, of packets for one node (R22), leads to another node
 * ```
 * Incremental: a change costs one search from the edge's head, and only through what lies downstream of it.
 */
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import { SlotGraph } from './slot-graph.js';

/** A label as the checker sees it: fresher seqno first, then the smaller distance; undefined is larger than every label. */
export interface CheckedLabel {
  readonly seqno: number;
  readonly distance: number;
}

/** Incarnations are numbered from 1; 0 is nobody. */
export type Vertex = number;

export interface Violation {
  readonly kind: 'loop' | 'inversion' | 'escape';
  readonly time: number;
  /** A sentence for people. */
  readonly text: string;
}

export interface CheckerSums {
  /** Changes of next hops that were looked at. */
  changes: number;
  loops: number;
  labelInversions: number;
  escapes: number;
}

const KEPT_VIOLATIONS = 50;

export class Checker {
  readonly sums: CheckerSums = { changes: 0, loops: 0, labelInversions: 0, escapes: 0 };
  /** The first violations, in the order in which they came. */
  readonly violations: Violation[] = [];
  readonly #ids: NodeId[] = [0];
  readonly #leaves = new Set<Vertex>();
  /** By class and layer, then by the destination zone: as a signed number, which needs no object. */
  readonly #graphs: Map<number, SlotGraph>[] = Array.from({ length: 16 }, () => new Map());
  /** Graphs that an edge has left: packets may come back to them by way of other layers. */
  readonly #escaped = new Set<SlotGraph>();
  readonly #unsettled = new Map<Vertex, Set<SlotGraph>>();
  readonly #now: () => number;
  readonly #onViolation: (violation: Violation) => void;

  constructor(now: () => number, onViolation: (violation: Violation) => void = () => {}) {
    this.#now = now;
    this.#onViolation = onViolation;
  }

  /**
   * A node comes to life: the number of its vertex. A leaf's own next hops are not looked at: they lead to relays, and no edge leads to a
   * leaf but in the graph of which it is the terminal.
   */
  addVertex(id: NodeId, isLeaf = false): Vertex {
    const vertex = this.#ids.push(id) - 1;
    if (isLeaf) this.#leaves.add(vertex);
    return vertex;
  }

  isLeaf(vertex: Vertex): boolean {
    return this.#leaves.has(vertex);
  }

  idOf(vertex: Vertex): NodeId {
    return this.#ids[vertex] as NodeId;
  }

  /** The incarnation is dead: it forwards nothing any more. Edges that lead to it stay. */
  removeVertex(vertex: Vertex): void {
    for (const graph of this.#allGraphs()) graph.setNext(vertex, 0, 0);
    this.#unsettled.delete(vertex);
  }

  /** The next hops of `vertex` for the slot (layer 1..4, byte) are now these; 0: none. */
  setNext(
    vertex: Vertex,
    trafficClass: number,
    layer: number,
    byte: number,
    next: { primary: Vertex; backup: Vertex },
  ): void {
    const graph = this.#graph(vertex, trafficClass, layer, byte);
    if (!graph.setNext(vertex, next.primary, next.backup)) return;
    this.sums.changes++;
    if (graph.isTerminal(this.idOf(vertex))) return; // no packet takes such an edge: it is looked up in a deeper layer
    for (const head of [next.primary, next.backup]) {
      if (head === 0) continue;
      if (this.#leaves.has(head) && (layer < 4 || !graph.isTerminal(this.idOf(head))))
        this.#report('escape', `${graph.describe(vertex)} leads to ${graph.name(head)}, a leaf`);
      if (!graph.contains(this.idOf(head))) {
        this.#escaped.add(graph);
        this.#report('escape', `${graph.describe(vertex)} leads out of its zone to ${graph.name(head)}`);
      }
      const cycle = graph.pathBetween(head, vertex);
      if (cycle) this.#report('loop', `${graph.title()}: ${graph.names([vertex, ...cycle])}`);
    }
    for (const escaped of this.#escaped) this.#checkAcrossLayers(escaped);
    this.#touch(vertex, graph);
  }

  /**
   * Packets for `destination` that are at `vertex` go straight to `head`. Such an edge ends at its destination and closes no cycle, so no graph has to know it: as long as that is
   * where it leads.
   */
  checkDirect(vertex: Vertex, trafficClass: number, destination: NodeId, head: Vertex): void {
    this.sums.changes++;
    if (this.idOf(head) === destination) return;
    const [at, to, meant] = [this.idOf(vertex), this.idOf(head), destination].map(formatNodeId);
    this.#report(
      'escape',
      `at ${at}#${vertex} packets for ${meant} (class ${trafficClass}) go straight to ${to}#${head}`,
    );
  }

  /** The own label of `vertex` for the slot is now this. */
  setLabel(vertex: Vertex, trafficClass: number, layer: number, byte: number, label: CheckedLabel | undefined): void {
    const graph = this.#graph(vertex, trafficClass, layer, byte);
    if (graph.isTerminal(this.idOf(vertex))) return; // an origin may say what it likes: no edge leaves it
    const before = graph.labelOf(vertex);
    if (before?.seqno === label?.seqno && before?.distance === label?.distance) return;
    graph.setLabel(vertex, label);
    if (before && !isSmaller(label, before)) {
      this.#report('inversion', `${graph.describe(vertex)}: its label rose from ${print(before)} to ${print(label)}`);
      for (const tail of graph.tailsOf(vertex)) this.#checkLabels(tail, graph);
    }
    this.#touch(vertex, graph);
  }

  /** `vertex` is about to tell others, or to wait: what it has changed must be in order now. */
  settle(vertex: Vertex): void {
    const graphs = this.#unsettled.get(vertex);
    if (!graphs || graphs.size === 0) return;
    for (const graph of graphs) this.#checkLabels(vertex, graph);
    graphs.clear();
  }

  /** Walks every graph from end to end, whatever has changed in it: reports each cycle that is found, and each edge against the labels. */
  checkAll(): void {
    for (const graph of this.#allGraphs()) {
      const cycle = graph.findCycle();
      if (cycle) this.#report('loop', `${graph.title()}: ${graph.names(cycle)}`);
      for (const vertex of graph.vertices())
        if (!graph.isTerminal(this.idOf(vertex)) && !this.#leaves.has(vertex)) this.#checkLabels(vertex, graph);
    }
  }

  #checkLabels(vertex: Vertex, graph: SlotGraph): void {
    const own = graph.labelOf(vertex);
    for (const head of graph.headsOf(vertex)) {
      if (graph.isTerminal(this.idOf(head)) || isSmaller(graph.labelOf(head), own)) continue;
      const labels = `${print(own)} -> ${print(graph.labelOf(head))}`;
      this.#report('inversion', `${graph.describe(vertex)} leads to ${graph.name(head)}: labels ${labels}`);
    }
  }

  /** Follows packets out of the zone and back: outside, they go by the shallower layer in which a node first differs from the zone. */
  #checkAcrossLayers(graph: SlotGraph): void {
    const headsOf = (vertex: Vertex): Vertex[] => {
      const id = this.idOf(vertex);
      if (graph.isTerminal(id)) return [];
      const layer = graph.firstDifference(id);
      return this.#graph(vertex, graph.trafficClass, layer, graph.byteOf(layer)).headsOf(vertex);
    };
    const done = new Set<Vertex>();
    const search = (vertex: Vertex, path: Vertex[]): Vertex[] | undefined => {
      if (path.includes(vertex)) return [...path, vertex];
      if (done.has(vertex)) return undefined;
      for (const head of headsOf(vertex)) {
        const cycle = search(head, [...path, vertex]);
        if (cycle) return cycle;
      }
      done.add(vertex);
      return undefined;
    };
    for (const vertex of graph.vertices()) {
      const cycle = search(vertex, []);
      if (cycle) return this.#report('loop', `${graph.title()}, across layers: ${graph.names(cycle)}`);
    }
  }

  #touch(vertex: Vertex, graph: SlotGraph): void {
    const graphs = this.#unsettled.get(vertex);
    if (graphs) graphs.add(graph);
    else this.#unsettled.set(vertex, new Set([graph]));
  }

  #graph(vertex: Vertex, trafficClass: number, layer: number, byte: number): SlotGraph {
    const shift = 8 * (4 - layer);
    const outer = layer === 1 ? 0 : ((this.idOf(vertex) >>> (shift + 8)) << 8) >>> 0;
    const zone = outer + byte; // the leading bytes of the destination zone, as one number
    const graphs = this.#graphs[trafficClass * 4 + layer - 1] as Map<number, SlotGraph>;
    let graph = graphs.get(zone | 0);
    if (!graph) {
      graph = new SlotGraph(zone, layer, trafficClass, (v) => this.idOf(v));
      graphs.set(zone | 0, graph);
    }
    return graph;
  }

  *#allGraphs(): Generator<SlotGraph> {
    for (const graphs of this.#graphs) yield* graphs.values();
  }

  #report(kind: Violation['kind'], text: string): void {
    if (kind === 'loop') this.sums.loops++;
    else if (kind === 'inversion') this.sums.labelInversions++;
    else this.sums.escapes++;
    const violation = { kind, time: this.#now(), text };
    if (this.violations.length < KEPT_VIOLATIONS) this.violations.push(violation);
    this.#onViolation(violation);
  }
}

/** Strictly smaller: fresher, or as fresh and closer. */
function isSmaller(label: CheckedLabel | undefined, than: CheckedLabel | undefined): boolean {
  if (!label) return false;
  if (!than) return true;
  return label.seqno > than.seqno || (label.seqno === than.seqno && label.distance < than.distance);
}

function print(label: CheckedLabel | undefined): string {
  return label ? `(${label.seqno}, ${label.distance})` : 'none';
}
