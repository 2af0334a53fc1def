/** The next hops of all nodes towards one destination zone in one traffic class: a graph that must never hold a cycle. */
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import type { CheckedLabel, Vertex } from './checker.js';

interface VertexState {
  primary: Vertex;
  backup: Vertex;
  label: CheckedLabel | undefined;
  /** The last search that has been here. */
  seenBy: number;
}

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
    const state = this.#states.get(vertex);
    if ((state?.primary ?? 0) === primary && (state?.backup ?? 0) === backup) return false;
    if (state) Object.assign(state, { primary, backup });
    else this.#states.set(vertex, { primary, backup, label: undefined, seenBy: 0 });
    return true;
  }

  setLabel(vertex: Vertex, label: CheckedLabel | undefined): void {
    const state = this.#states.get(vertex);
    if (state) state.label = label;
    else this.#states.set(vertex, { primary: 0, backup: 0, label, seenBy: 0 });
  }

  labelOf(vertex: Vertex): CheckedLabel | undefined {
    return this.#states.get(vertex)?.label;
  }

  headsOf(vertex: Vertex): Vertex[] {
    const state = this.#states.get(vertex);
    if (!state) return [];
    const { primary, backup } = state;
    if (backup === 0) return primary === 0 ? [] : [primary];
    return primary === 0 ? [backup] : [primary, backup];
  }

  tailsOf(vertex: Vertex): Vertex[] {
    return [...this.#states].filter(([, s]) => s.primary === vertex || s.backup === vertex).map(([tail]) => tail);
  }

  /** A path along the edges, both ends included; undefined when there is none. Packets do not go on from terminals. */
  pathBetween(from: Vertex, to: Vertex): Vertex[] | undefined {
    this.#searches++;
    const path: Vertex[] = [];
    return this.#search(from, to, path) ? path : undefined;
  }

  #search(at: Vertex, to: Vertex, path: Vertex[]): boolean {
    const state = this.#states.get(at);
    path.push(at);
    if (at === to) return true;
    if (state && state.seenBy !== this.#searches && !this.isTerminal(this.#idOf(at))) {
      state.seenBy = this.#searches;
      if (state.primary !== 0 && this.#search(state.primary, to, path)) return true;
      if (state.backup !== 0 && this.#search(state.backup, to, path)) return true;
    }
    path.pop();
    return false;
  }

  /** A cycle among all edges, its first vertex repeated at the end; undefined when there is none. Every vertex is looked at once. */
  findCycle(): Vertex[] | undefined {
    const open = ++this.#searches;
    const done = ++this.#searches;
    const path: Vertex[] = [];
    /** Of each vertex of the path: 0, its primary is looked at next; 1, its backup; 2, it is done. */
    const turns: number[] = [];
    const enter = (vertex: Vertex, state: VertexState) => {
      const isEnd = this.isTerminal(this.#idOf(vertex));
      state.seenBy = isEnd ? done : open;
      if (isEnd) return;
      path.push(vertex);
      turns.push(0);
    };
    for (const [start, first] of this.#states) {
      if (first.seenBy !== done) enter(start, first);
      while (path.length > 0) {
        const top = path.length - 1;
        const state = this.#states.get(path[top] as Vertex) as VertexState;
        const turn = turns[top] as number;
        turns[top] = turn + 1;
        if (turn === 2) {
          path.pop();
          turns.pop();
          state.seenBy = done;
          continue;
        }
        const head = turn === 0 ? state.primary : state.backup;
        const next = this.#states.get(head); // of 0, and of who has no edges: none
        if (next?.seenBy === open) return [...path.slice(path.indexOf(head)), head];
        if (next && next.seenBy !== done) enter(head, next);
      }
    }
    return undefined;
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
