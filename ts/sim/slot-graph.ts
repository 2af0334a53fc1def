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
    const isDone = new Set<Vertex>();
    const place = new Map<Vertex, number>();
    for (const start of this.#states.keys()) {
      const path: { readonly vertex: Vertex; readonly heads: Vertex[] }[] = [];
      const enter = (vertex: Vertex) => {
        place.set(vertex, path.length);
        path.push({ vertex, heads: this.isTerminal(this.#idOf(vertex)) ? [] : this.headsOf(vertex) });
      };
      if (!isDone.has(start)) enter(start);
      for (let top = path.at(-1); top; top = path.at(-1)) {
        const next = top.heads.pop();
        const at = next === undefined ? undefined : place.get(next);
        if (next === undefined) {
          path.pop();
          place.delete(top.vertex);
          isDone.add(top.vertex);
        } else if (at !== undefined) return [...path.slice(at).map(({ vertex }) => vertex), next];
        else if (!isDone.has(next)) enter(next);
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
