/** How large tables are, and how many of their routes have a spare. */
import { type Distribution, distributionOf } from './distribution.js';
import type { PlanetWorld } from './planet-world.js';
import { linksOf } from './station.js';

export interface TableReport {
  /** Links at each node. */
  readonly links: Distribution;
  /** Occupied slots of each node, of all classes. */
  readonly slots: Distribution;
  /** Share of routes that have a backup next hop, 0..1, by layer from 1. */
  readonly backups: readonly number[];
  /** The same of all layers together. */
  readonly withBackup: number;
  /** Share of routes whose next hop is not that of the low-latency class, 0..1, by class from 0. */
  readonly otherWays: readonly number[];
}

/** The bits of a slot's number without its class: the number of the same slot in the class of low latency. */
const LOW_LATENCY = 0x3ff;

export function measureTables(world: PlanetWorld): TableReport {
  const routes = [0, 0, 0, 0];
  const spares = [0, 0, 0, 0];
  const byClass = [0, 0, 0, 0];
  const otherWays = [0, 0, 0, 0];
  const slots: number[] = [];
  for (const station of world.live()) {
    let occupied = 0;
    for (const [slot, word] of station.words) {
      const [primary, backup] = linksOf(word);
      if (primary === 0) continue;
      const layer = (slot >>> 8) & 3;
      occupied++;
      routes[layer] = (routes[layer] as number) + 1;
      const [fastest] = linksOf(station.words.get(slot & LOW_LATENCY) ?? 0);
      byClass[slot >>> 10] = (byClass[slot >>> 10] as number) + 1;
      if (primary !== fastest) otherWays[slot >>> 10] = (otherWays[slot >>> 10] as number) + 1;
      if (backup !== 0) spares[layer] = (spares[layer] as number) + 1;
    }
    slots.push(occupied);
  }
  return {
    links: distributionOf(world.live().map(({ sessions }) => sessions.size)),
    slots: distributionOf(slots),
    backups: routes.map((count, layer) => share(spares[layer] as number, count)),
    withBackup: share(sumOf(spares), sumOf(routes)),
    otherWays: otherWays.map((count, trafficClass) => share(count, byClass[trafficClass] as number)),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
