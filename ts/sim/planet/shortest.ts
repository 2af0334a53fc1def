/** Shortest ways by round-trip time: over the complete graph, where every node may relay, and over the links that there are. */
import type { PlanetWorld } from './planet-world.js';
import type { RttSpace } from './rtt-space.js';

/**
 * The least round-trip time from `source` to every node, by any relays (Dijkstra over the complete graph: n squared steps). `isAlive`: nodes that
 * may relay or be reached.
 */
export function bestRelayed(space: RttSpace, source: number, isAlive: (node: number) => boolean): Float64Array {
  const best = new Float64Array(space.size).fill(Number.POSITIVE_INFINITY);
  const open = Array.from({ length: space.size }, (_, node) => node).filter((node) => node === source || isAlive(node));
  best[source] = 0;
  let least = open.indexOf(source);
  while (open.length > 0) {
    const at = open[least] as number;
    const so = best[at] as number;
    open[least] = open[open.length - 1] as number;
    open.pop();
    if (so === Number.POSITIVE_INFINITY) break;
    least = 0;
    let leastBest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < open.length; i++) {
      const next = open[i] as number;
      const by = Math.min(best[next] as number, so + space.rtt(at, next));
      best[next] = by;
      if (by >= leastBest) continue;
      leastBest = by;
      least = i;
    }
  }
  return best;
}

/** The least round-trip time from `source` to every node over the links that are up. */
export function bestLinked(world: PlanetWorld, source: number): Float64Array {
  const best = new Float64Array(world.plan.ids.length).fill(Number.POSITIVE_INFINITY);
  best[source] = 0;
  let open = [source];
  // Rounds of relaxing: as many as the longest of the best ways has links, which are few in these graphs.
  while (open.length > 0) {
    const reached = new Set<number>();
    for (const at of open)
      for (const link of world.linksAt[at] ?? []) {
        if (!link.isUp) continue;
        const next = link.nodes[0] === at ? link.nodes[1] : link.nodes[0];
        const by = (best[at] as number) + link.rtt;
        if (by >= (best[next] as number)) continue;
        best[next] = by;
        reached.add(next);
      }
    open = [...reached];
  }
  return best;
}
