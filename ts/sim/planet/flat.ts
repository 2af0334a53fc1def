/** One group without zones: what the tables say is exact there. */
import type { NodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { LinkSet, type Plan } from './plan.js';
import { plane, type RttSpace } from './rtt-space.js';

/** Ids of a group are 1 to 254. */
export const MOST_FLAT = 254;
const GROUP = 0x01010100;
/** The side of the square over which nodes are scattered, ms of round trip. */
const SIDE_MS = 160;

/** Nodes scattered over a square. */
export function flatPlane(random: Random, nodes: number, degree: number): Plan {
  const points = Array.from({ length: nodes }, () => ({ x: random.unit(), y: random.unit() }));
  return flatSpace(random, plane(points, SIDE_MS), degree);
}

/** Nodes with `degree` links on average, half of them to the nearest and half at random; a ring of all besides, in which they are connected. */
export function flatSpace(random: Random, space: RttSpace, degree: number): Plan {
  if (space.size > MOST_FLAT) throw new RangeError(`a group has at most ${MOST_FLAT} nodes, not ${space.size}`);
  const links = new LinkSet(space.size);
  const dial = (from: number, to: number) => space.rtt(from, to) < Number.POSITIVE_INFINITY && links.add(from, to);
  for (let node = 0; node < space.size; node++) dial(node, (node + 1) % space.size);
  const wanted = (space.size * degree) / 2;
  for (let near = 0; links.links.length < (wanted + space.size) / 2; near = (near + 1) % space.size) {
    const nearest = nearestUnlinked(space, links, near);
    if (nearest === undefined) break;
    dial(near, nearest);
  }
  for (let tries = 0; links.links.length < wanted && tries < 100 * wanted; tries++)
    dial(random.below(space.size), random.below(space.size));
  return { ids: Array.from({ length: space.size }, (_, i): NodeId => GROUP + i + 1), space, links: links.links };
}

function nearestUnlinked(space: RttSpace, links: LinkSet, node: number): number | undefined {
  let best: number | undefined;
  for (let other = 0; other < space.size; other++) {
    if (other === node || links.has(node, other)) continue;
    if (best === undefined || space.rtt(node, other) < space.rtt(node, best)) best = other;
  }
  return best;
}

/** Some of the places of another space, by chance. */
export function someOf(random: Random, space: RttSpace, count: number): RttSpace {
  if (space.size <= count) return space;
  const kept = new Set<number>();
  while (kept.size < count) kept.add(random.below(space.size));
  const places = Int32Array.from(kept);
  return { size: count, rtt: (a, b) => space.rtt(places[a] as number, places[b] as number) };
}
