/**
 * What is possible at all: whether any path over the links of a planet keeps to limits, by an exhaustive search that knows the whole graph. It follows every path
 * that no other beats in all respects, and gives up those that cannot keep to the limits even by the best ways from where they are.
 */
import type { RouteLimits } from '../../wire/route-query.js';
import { MAX_HOPS } from '../../wire/route-query.js';
import type { PlanetWorld } from './planet-world.js';

/** A link from one of its ends. */
interface Edge {
  readonly to: number;
  readonly rttMs: number;
  readonly cost: number;
  readonly mbps: number;
}

/** A path to a node. */
interface Reached {
  readonly node: number;
  readonly rttMs: number;
  readonly cost: number;
  readonly hops: number;
}

/** The least that any way from each node to one destination takes, each measure by itself. */
export interface Least {
  readonly rttMs: Float64Array;
  readonly cost: Float64Array;
}

export class LinkGraph {
  readonly #edges: readonly (readonly Edge[])[];

  /** Of the links that are up now. A bandwidth that nobody knows is no limit. */
  constructor(world: PlanetWorld) {
    const edges: Edge[][] = world.plan.ids.map(() => []);
    for (const { isUp, nodes, rtt, worth } of world.links) {
      if (!isUp) continue;
      const measure = { rttMs: rtt, cost: worth.cost, mbps: worth.bandwidth === 0 ? Infinity : worth.bandwidth };
      edges[nodes[0]]?.push({ to: nodes[1], ...measure });
      edges[nodes[1]]?.push({ to: nodes[0], ...measure });
    }
    this.#edges = edges;
  }

  /** To one destination, by links of at least this bandwidth. */
  leastTo(destination: number, mbps = 0): Least {
    return { rttMs: this.#least(destination, 'rttMs', mbps), cost: this.#least(destination, 'cost', mbps) };
  }

  /** Whether a path keeps to the limits of round trip, cost and bandwidth, in as many links as a path may have. */
  isPossible(
    source: number,
    destination: number,
    { rttMs = Infinity, cost = Infinity, mbps = 0 }: RouteLimits,
  ): boolean {
    const rest = this.leastTo(destination, mbps);
    const isHopeless = (at: Reached) =>
      at.rttMs + (rest.rttMs[at.node] as number) > rttMs || at.cost + (rest.cost[at.node] as number) > cost;
    const seen = new Map<number, Reached[]>();
    const open: Reached[] = [{ node: source, rttMs: 0, cost: 0, hops: 0 }];
    for (let at = open.pop(); at; at = open.pop()) {
      if (at.node === destination) return true;
      for (const edge of this.#edges[at.node] ?? []) {
        const next = { node: edge.to, rttMs: at.rttMs + edge.rttMs, cost: at.cost + edge.cost, hops: at.hops + 1 };
        if (edge.mbps < mbps || next.hops > MAX_HOPS || isHopeless(next)) continue;
        const known = seen.get(edge.to) ?? [];
        if (known.some((one) => isAsGood(one, next))) continue;
        seen.set(edge.to, [...known.filter((one) => !isAsGood(next, one)), next]);
        open.push(next);
      }
    }
    return false;
  }

  #least(from: number, what: 'rttMs' | 'cost', mbps: number): Float64Array {
    const least = new Float64Array(this.#edges.length).fill(Infinity);
    least[from] = 0;
    // Rounds of relaxing: as many as the longest of the best ways has links, which are few in these graphs.
    for (let open = [from]; open.length > 0; ) {
      const reached = new Set<number>();
      for (const at of open)
        for (const edge of this.#edges[at] as readonly Edge[]) {
          const value = (least[at] as number) + edge[what];
          if (edge.mbps < mbps || value >= (least[edge.to] as number)) continue;
          least[edge.to] = value;
          reached.add(edge.to);
        }
      open = [...reached];
    }
    return least;
  }
}

/** Whether `one` is at least as good as `other` in every respect. */
function isAsGood(one: Reached, other: Reached): boolean {
  return one.rttMs <= other.rttMs && one.cost <= other.cost && one.hops <= other.hops;
}
