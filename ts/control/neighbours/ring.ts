/**
 * Where ids lie to each other: on the ring of each of the four nested zones (those that share 0, 1, 2 and 3 leading bytes), and in buckets by the first bit
 * in which they differ.
 */
import { type NodeId, sharedBytes } from '../../kit/node-id.js';

/** Leading bytes that the members of a node's zones share, the smallest zone first. */
export const ZONES = [3, 2, 1, 0] as const;

/** The bit in which two different ids first differ: 31 (the most significant) .. 0. */
export function bucketOf(a: NodeId, b: NodeId): number {
  return 31 - Math.clz32(a ^ b);
}

/** Of the members of the zone of `shared` bytes around `id`, the one with the next id, cyclic; undefined: there is no other. */
export function nextOnRing<T extends { readonly id: NodeId }>(
  members: Iterable<T>,
  id: NodeId,
  shared: number,
): T | undefined {
  return nearestOnRing(members, id, shared, (other) => (other - id) >>> 0);
}

/** The one with the id before. */
export function previousOnRing<T extends { readonly id: NodeId }>(
  members: Iterable<T>,
  id: NodeId,
  shared: number,
): T | undefined {
  return nearestOnRing(members, id, shared, (other) => (id - other) >>> 0);
}

// Within a zone the ring of all ids, cut down to its members, is the zone's own ring: distances modulo 2^32 order them alike.
function nearestOnRing<T extends { readonly id: NodeId }>(
  members: Iterable<T>,
  id: NodeId,
  shared: number,
  distance: (other: NodeId) => number,
): T | undefined {
  let best: T | undefined;
  for (const member of members) {
    if (member.id === id || sharedBytes(member.id, id) < shared) continue;
    if (best === undefined || distance(member.id) < distance(best.id)) best = member;
  }
  return best;
}
