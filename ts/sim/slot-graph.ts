/** The next hops of all nodes towards one destination zone in one traffic class: a graph that must never hold a cycle. */
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import type { CheckedLabel, Vertex } from './checker.js';

/** A node of the graph. Edges are references, so that a search follows them without looking anything up: that is most of a checker's time. */
class VertexState {
  primary: VertexState | undefined = undefined;
  backup: VertexState | undefined = undefined;
  label: CheckedLabel | undefined = undefined;
  /** The last search that has been here. */
  seenBy = 0;

  constructor(
    readonly vertex: Vertex,
    readonly isTerminal: boolean,
  ) {}
}

const NO_EDGES = { primary: undefined, backup: undefined } as const;

export class SlotGraph {
  readonly #states = new Map<Vertex, VertexState>();
  readonly #idOf: (vertex: Vertex) => NodeId;
  #searches = 0;

  /** `zone`: the `layer` leading bytes of the destination's ids, as one number. */
  constructor(
    readonly zone: number,
    readonly layer: number,
    readonly trafficClass: number,
    idOf: (vertex: Vertex) => NodeId,
  ) {
    this.#idOf = idOf;
  }

  /** Whether the node is in the destination zone: packets change to the next layer there. */
  isTerminal(id: NodeId): boolean {
    return id >>> (8 * (4 - this.layer)) === this.zone;
  }

  /** Whether the node is in the zone around the destination zone: the only ones that may carry its packets. */
  contains(id: NodeId): boolean {
    return this.layer === 1 || id >>> (8 * (5 - this.layer)) === this.zone >>> 8;
  }

  /** The first layer in which the id differs from the destination zone: the one by which its node routes. */
  firstDifference(id: NodeId): number {
    for (let layer = 1; layer < this.layer; layer++)
      if (((id >>> (8 * (4 - layer))) & 255) !== this.byteOf(layer)) return layer;
    return this.layer;
  }

  /** The destination zone's byte in a layer. */
  byteOf(layer: number): number {
    return (this.zone >>> (8 * (this.layer - layer))) & 255;
  }

  vertices(): Vertex[] {
    return [...this.#states.keys()];
  }

  /** Returns false when nothing changed. */
  setNext(vertex: Vertex, primary: Vertex, backup: Vertex): boolean {
    const known = this.#states.get(vertex);
    if ((known?.primary?.vertex ?? 0) === primary && (known?.backup?.vertex ?? 0) === backup) return false;
    const state = known ?? this.#obtain(vertex);
    state.primary = primary === 0 ? undefined : this.#obtain(primary);
    state.backup = backup === 0 ? undefined : this.#obtain(backup);
    return true;
  }

  setLabel(vertex: Vertex, label: CheckedLabel | undefined): void {
    this.#obtain(vertex).label = label;
  }

  labelOf(vertex: Vertex): CheckedLabel | undefined {
    return this.#states.get(vertex)?.label;
  }

  headsOf(vertex: Vertex): Vertex[] {
    const { primary, backup } = this.#states.get(vertex) ?? NO_EDGES;
    if (!backup) return primary ? [primary.vertex] : [];
    return primary ? [primary.vertex, backup.vertex] : [backup.vertex];
  }

  tailsOf(vertex: Vertex): Vertex[] {
    const tails: Vertex[] = [];
    for (const { vertex: tail, primary, backup } of this.#states.values())
      if (primary?.vertex === vertex || backup?.vertex === vertex) tails.push(tail);
    return tails;
  }

  /** A path along the edges, both ends included; undefined when there is none. Packets do not go on from terminals. */
  pathBetween(from: Vertex, to: Vertex): Vertex[] | undefined {
    this.#searches++;
    const backwards: Vertex[] = [];
    return this.#search(this.#obtain(from), to, backwards) ? backwards.toReversed() : undefined;
  }

  /** Whether `to` is at or downstream of this vertex; then the path, last vertex first. */
  #search(at: VertexState, to: Vertex, backwards: Vertex[]): boolean {
    const isThere = at.vertex === to;
    if (!isThere && (at.isTerminal || at.seenBy === this.#searches)) return false;
    at.seenBy = this.#searches;
    const isFound =
      isThere ||
      (at.primary !== undefined && this.#search(at.primary, to, backwards)) ||
      (at.backup !== undefined && this.#search(at.backup, to, backwards));
    if (isFound) backwards.push(at.vertex);
    return isFound;
  }

  /** A cycle among all edges, its first vertex repeated at the end; undefined when there is none. Every vertex is looked at once. */
  findCycle(): Vertex[] | undefined {
    const open = ++this.#searches;
    const done = ++this.#searches;
    const path: VertexState[] = [];
    /** Of each vertex of the path: 0, its primary is looked at next; 1, its backup; 2, it is done. */
    const turns: number[] = [];
    const enter = (state: VertexState) => {
      state.seenBy = state.isTerminal ? done : open;
      if (state.isTerminal) return;
      path.push(state);
      turns.push(0);
    };
    for (const first of this.#states.values()) {
      if (first.seenBy !== done) enter(first);
      while (path.length > 0) {
        const top = path.length - 1;
        const state = path[top] as VertexState;
        const turn = turns[top] as number;
        turns[top] = turn + 1;
        if (turn === 2) {
          path.pop();
          turns.pop();
          state.seenBy = done;
          continue;
        }
        const next = turn === 0 ? state.primary : state.backup;
        if (next?.seenBy === open) return [...path.slice(path.indexOf(next)), next].map(({ vertex }) => vertex);
        if (next && next.seenBy !== done) enter(next);
      }
    }
    return undefined;
  }

  #obtain(vertex: Vertex): VertexState {
    let state = this.#states.get(vertex);
    if (!state) {
      state = new VertexState(vertex, this.isTerminal(this.#idOf(vertex)));
      this.#states.set(vertex, state);
    }
    return state;
  }

  /** The destination zone, as in `1.2.*.*`. */
  title(): string {
    const bytes = Array.from({ length: 4 }, (_, i) => (i < this.layer ? this.byteOf(i + 1) : '*'));
    return `to ${bytes.join('.')} (class ${this.trafficClass})`;
  }

  /** An incarnation, as in `1.2.3.4#7`. */
  name(vertex: Vertex): string {
    return `${formatNodeId(this.#idOf(vertex))}#${vertex}`;
  }

  names(vertices: readonly Vertex[]): string {
    return vertices.map((vertex) => this.name(vertex)).join(' -> ');
  }

  describe(vertex: Vertex): string {
    return `${this.title()}: ${this.name(vertex)}`;
  }
}
