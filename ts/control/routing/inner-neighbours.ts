/**
 * Neighbours that share more bytes with a destination than this node does (R22). A hop to one is safe whatever tables and labels say, for bytes that are shared are never lost
 * again. So packets take it
 *
 * - *direct*: when the neighbour is the destination itself, and its link costs no more than the route of its slot; in each class by itself.
 * - as a *fallback*: when a slot has no feasible next hop, but a neighbour is in that zone. Routing goes on as if there were no route: nothing of it is told, the label stays,
 *   and the search for a feasible neighbour (R13) goes on.
 *
 * ```
 *   slot's next hop:   here ──> border of the zone ──> ... ──> destination      its metric M
 *   direct:            here ─────────────────────────────────> destination      its link costs c <= M
 * ```
 */
import type { Layer } from '../../kit/node-id.js';
import { idByte } from '../../kit/node-id.js';
import { INFINITE } from '../../wire/routing-entry.js';
import { isNotablyBetter } from './metric.js';
import type { Neighbour } from './neighbour.js';
import type { RouterOutput } from './router.types.js';
import { metricBy } from './selection.js';
import { type Slot, type SlotTable, slotKey } from './slot-state.js';

/** The link indexes of a slot's next hops, 0: none. */
export interface Hops {
  readonly primary: number;
  readonly backup: number;
}

const NOWHERE: Hops = { primary: 0, backup: 0 };

export class InnerNeighbours {
  /** By the slot's number without its class: the neighbours that are in that zone. */
  readonly #inside = new Map<number, Neighbour[]>();
  readonly #slots: SlotTable;
  readonly #outputs: RouterOutput[];
  readonly #classes: number;

  constructor(slots: SlotTable, outputs: RouterOutput[], classes: number) {
    this.#slots = slots;
    this.#outputs = outputs;
    this.#classes = classes;
  }

  up(neighbour: Neighbour): void {
    const zone = zoneOf(neighbour);
    const inside = this.#inside.get(zone);
    if (inside) inside.push(neighbour);
    else this.#inside.set(zone, [neighbour]);
  }

  down(neighbour: Neighbour): void {
    const zone = zoneOf(neighbour);
    const left = (this.#inside.get(zone) ?? []).filter((one) => one !== neighbour);
    if (left.length > 0) this.#inside.set(zone, left);
    else this.#inside.delete(zone);
    this.#store(neighbour, 0);
  }

  /** The slots of the zone that the neighbour is in, one a class: they exist from its `up` on. */
  slotsOf(neighbour: Neighbour): Slot[] {
    return Array.from({ length: this.#classes }, (_, trafficClass) =>
      this.#slots.obtain(slotKey(trafficClass, deepest(neighbour), idByte(neighbour.peer, deepest(neighbour)))),
    );
  }

  /** The next hop or the metric of the slot has changed. */
  slotChanged(slot: Slot): void {
    for (const neighbour of this.#inside.get(slot.key & ZONE_MASK) ?? []) this.#decide(neighbour, slot);
  }

  /** What the neighbour's link costs has changed. */
  costsChanged(neighbour: Neighbour): void {
    for (const slot of this.slotsOf(neighbour)) this.#decide(neighbour, slot);
  }

  /** Where packets go while the slot has no feasible next hop: to the nearest neighbours in its zone. */
  fallback(slot: Slot): Hops {
    const inside = this.#inside.get(slot.key & ZONE_MASK);
    if (!inside) return NOWHERE;
    const [primary, backup] = inside
      .map((neighbour) => ({ link: neighbour.link, metric: entryMetric(slot, neighbour) }))
      .sort((a, b) => a.metric - b.metric || a.link - b.link);
    return { primary: primary?.link ?? 0, backup: backup?.link ?? 0 };
  }

  #decide(neighbour: Neighbour, slot: Slot): void {
    const bit = 1 << slot.trafficClass;
    const before = neighbour.directClasses;
    this.#store(neighbour, isDirect(neighbour, slot, (before & bit) !== 0) ? before | bit : before & ~bit);
  }

  #store(neighbour: Neighbour, classes: number): void {
    if (neighbour.directClasses === classes) return;
    neighbour.directClasses = classes;
    this.#outputs.push({ kind: 'direct', neighbour: neighbour.peer, link: neighbour.link, classes });
  }
}

/**
 * Whether packets for the neighbour itself go straight to it. Where its link is the slot's next hop, the forwarding table says so already. Once it is the way it stays so until
 * the route is notably better (as in R6), so that jitter does not change it.
 */
function isDirect({ link, costs }: Neighbour, slot: Slot, wasDirect: boolean): boolean {
  if (slot.link === link) return false;
  const cost = costs[slot.trafficClass] as number;
  return wasDirect ? !isNotablyBetter(slot.trafficClass, slot.metric, cost) : cost <= slot.metric;
}

/** What the way into the zone costs, and the mean way within, where the neighbour has told it. */
function entryMetric(slot: Slot, neighbour: Neighbour): number {
  const advert = neighbour.adverts.get(slot.key);
  const metric = advert ? metricBy(slot, advert) : INFINITE;
  return metric < INFINITE ? metric : (neighbour.costs[slot.trafficClass] as number);
}

/** A slot's key without its class. */
const ZONE_MASK = 1023;

function deepest({ shared }: Neighbour): Layer {
  return (shared + 1) as Layer;
}

function zoneOf(neighbour: Neighbour): number {
  return slotKey(0, deepest(neighbour), idByte(neighbour.peer, deepest(neighbour)));
}
