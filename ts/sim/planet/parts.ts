/** Who runs which nodes, when several threads share a planet: whole regions each, for few links lead out of a region, and they are long. */
import { idByte, LAYERS, type NodeId } from '../../kit/node-id.js';
import type { Plan } from './plan.js';
import { partsByZone, zoneOf } from './zone-parts.js';

/** What a node's links are worth in slots: frames that come and go, whatever they say. Measured. */
const LINKS_WORK = 32;

/** The thread of each node, 0 .. `threads` - 1: regions (zones of the first layer), the most work first, to whoever has least. */
export function partsOf({ ids }: Plan, threads: number): Int8Array {
  const work = new Map<number, number>();
  const slots = slotCounts(ids);
  ids.forEach((id, node) =>
    work.set(idByte(id, 1), (work.get(idByte(id, 1)) ?? 0) + LINKS_WORK + (slots[node] as number)),
  );
  const loads = Array.from({ length: threads }, () => 0);
  const threadOf = new Map<number, number>();
  for (const [region, load] of [...work].sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
    const least = loads.indexOf(Math.min(...loads));
    threadOf.set(region, least);
    loads[least] = (loads[least] as number) + load;
  }
  return Int8Array.from(ids, (id) => threadOf.get(idByte(id, 1)) as number);
}

/** The least time from a node of one thread to a node of another, ms: what happens in one is felt in another so much later. */
export function leastCrossing({ links, space }: Plan, parts: Int8Array): number {
  return links.reduce(
    (least, [a, b]) => (parts[a] === parts[b] ? least : Math.min(least, space.rtt(a, b) / 2)),
    Number.POSITIVE_INFINITY,
  );
}

/** About how many slots each node's table will have. */
function slotCounts(ids: readonly NodeId[]): number[] {
  const around = LAYERS.map((layer) => partsByZone(ids, layer));
  return ids.map((id) =>
    around.reduce((sum, parts, bytes) => sum + (parts.get(zoneOf(id, bytes)) as Set<number>).size, 0),
  );
}
