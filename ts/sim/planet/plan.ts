/** What a planet is made from: ids, places, and the links that its nodes are configured with. */
import type { NodeId } from '../../kit/node-id.js';
import type { RttSpace } from './rtt-space.js';

export interface Plan {
  /** Distinct; node i has the i-th. */
  readonly ids: readonly NodeId[];
  readonly space: RttSpace;
  /** Pairs of nodes, the one that dials first; each pair once. */
  readonly links: readonly (readonly [number, number])[];
}

/** A set of unordered pairs that remembers who came first. */
export class LinkSet {
  readonly links: (readonly [number, number])[] = [];
  readonly #peers: Set<number>[];

  constructor(size: number) {
    this.#peers = Array.from({ length: size }, () => new Set());
  }

  has(a: number, b: number): boolean {
    return this.#peers[a]?.has(b) ?? false;
  }

  /** False when they are linked already, or one and the same. */
  add(from: number, to: number): boolean {
    if (from === to || this.has(from, to)) return false;
    this.#peers[from]?.add(to);
    this.#peers[to]?.add(from);
    this.links.push([from, to]);
    return true;
  }

  /** Those that are linked with `node`. */
  peersOf(node: number): ReadonlySet<number> {
    return this.#peers[node] as Set<number>;
  }
}
