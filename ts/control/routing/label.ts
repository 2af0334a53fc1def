/**
 * Labels order a slot's next hops: (seqno, distance), smaller is fresher, then closer. Each next hop has a smaller label than
 * the node that uses it, so next hops cannot form a cycle. Distances only order; the metric moves freely beside them.
 */
import { INFINITE } from '../../wire/routing-entry.js';
import type { Label } from './router.types.js';

/** The label of a slot of which nothing was ever known: larger than every label that can be advertised. */
export const NONE: Label = { seqno: 0, distance: INFINITE };

export function isSmaller(a: Label, b: Label): boolean {
  return a.seqno > b.seqno || (a.seqno === b.seqno && a.distance < b.distance);
}

export function isEqual(a: Label, b: Label): boolean {
  return a.seqno === b.seqno && a.distance === b.distance;
}

export function isNone(label: Label): boolean {
  return label.distance === INFINITE;
}
