/** What a planet is made from: ids, places, and the links that its nodes are configured with. */
import type { NodeId } from '../../kit/node-id.js';
import type { Topology } from '../topology.js';
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

/** A topology of the runs of whole nodes: round trips are twice its delays, and nothing passes where it has no wire. */
export function planOfTopology({ nodes: ids, edges }: Topology): Plan {
  const places = new Map(ids.map((id, node) => [id, node]));
  const links = edges.map(({ a, b }) => [places.get(a) as number, places.get(b) as number] as const);
  const key = (a: number, b: number) => Math.min(a, b) * ids.length + Math.max(a, b);
  const delays = new Map(edges.map(({ model }, i) => [key(...(links[i] as readonly [number, number])), model.delay]));
  const rtt = (a: number, b: number) => 2 * (delays.get(key(a, b)) ?? Number.POSITIVE_INFINITY);
  return { ids, space: { size: ids.length, rtt }, links };
}
