/** Which parts the zones of a planet have: a part of a zone is told by the byte that follows the zone's own. */
import { idByte, type Layer, type NodeId } from '../../kit/node-id.js';

/** The zone of so many leading bytes (0: everybody) in which the node is, as a number. */
export function zoneOf(id: NodeId, bytes: number): number {
  return bytes === 0 ? 0 : id >>> (8 * (4 - bytes));
}

/** By zone: the bytes of the parts that a layer tells apart in it, and in which somebody lives. */
export function partsByZone(ids: Iterable<NodeId>, layer: Layer): Map<number, Set<number>> {
  const parts = new Map<number, Set<number>>();
  for (const id of ids) addTo(parts, zoneOf(id, layer - 1), idByte(id, layer));
  return parts;
}

export function addTo(map: Map<number, Set<number>>, key: number, value: number): void {
  const values = map.get(key);
  if (values) values.add(value);
  else map.set(key, new Set([value]));
}
