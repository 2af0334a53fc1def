/**
 * The slots of this node's own leaves. A leaf takes no part in routing, so its relay speaks for it: to routing, the session with the leaf is a
 * neighbour that says nothing but "I am the origin of my slot, with the sequence number z", and z is kept here.
 *
 * ```
 *   others of the group ──> relay, label L ──> leaf, label (z, 0)       z is raised, never lowered, so that (z, 0) < L always holds
 *                             └──> another relay of the leaf, label < L  (the backup)
 * ```
 * Why that is safe is in docs/routing.md, "Leaves": the leaf is a vertex of the graph like any other, one a session, and a
 * terminal of its slot, so its label may be anything; the relay's own label obeys R5 to R8 like that of any slot.
 */
import { idByte, type NodeId } from '../../kit/node-id.js';
import { INFINITE, MAX_SEQNO } from '../../wire/routing-entry.js';
import type { Decision } from '../routing/decision.js';
import { isSmaller } from '../routing/label.js';
import type { LinkQuality } from '../routing/link-quality.js';
import { TRAFFIC_CLASSES } from '../routing/metric.js';
import { Neighbour } from '../routing/neighbour.js';
import { OPTIMISATION_PAUSE_MS } from '../routing/optimisation.js';
import type { Wish } from '../routing/own-zone.js';
import { MAX_RISE } from '../routing/seqno-watch.js';
import { type Advert, type Slot, slotKey } from '../routing/slot-state.js';
import type { RoutingState } from '../routing/state.js';

/** At most ten raises a second and leaf, in bursts of ten: as for the own zone (R14b). */
const RAISE_INTERVAL_MS = 100;
const RAISE_BURST = 10;

/** A leaf of the own group, as long as its session lasts. */
interface LeafOrigin {
  readonly neighbour: Neighbour;
  /** By class: what is said for it, and the slot. */
  readonly said: readonly { readonly advert: Advert; readonly slot: Slot }[];
  raises: number;
  lastRefill: number;
  /** When an optimisation was last granted (R15). */
  lastOptimised: number;
}

export class LeafOrigins {
  readonly #state: RoutingState;
  readonly #decision: Decision;
  readonly #firstSeqno: number;
  /** By link. */
  readonly #origins = new Map<number, LeafOrigin>();

  constructor(state: RoutingState, decision: Decision, bootSeconds: number) {
    this.#state = state;
    this.#decision = decision;
    this.#firstSeqno = Math.max(1, bootSeconds);
  }

  up(link: number, leaf: NodeId, quality: LinkQuality, now: number): void {
    const { self, rules, slots } = this.#state;
    const neighbour = new Neighbour(link, leaf, self, quality, rules);
    const said = TRAFFIC_CLASSES.map((trafficClass) => {
      const slot = slots.obtain(slotKey(trafficClass, 4, idByte(leaf, 4)));
      // Fresher than all that is known of the leaf: whoever led to where it was before may turn to this node at once.
      const seqno = Math.min(MAX_SEQNO, Math.max(this.#firstSeqno, slot.seqno + 1));
      const advert = { neighbour, version: 0, seqno, distance: 0, metric: 0, hops: 0 };
      slot.leaf = advert;
      return { advert, slot };
    });
    this.#origins.set(link, { neighbour, said, raises: RAISE_BURST, lastRefill: now, lastOptimised: -Infinity });
    for (const { slot } of said) this.#decision.evaluate(slot, 'link', now);
  }

  /** Whether the link was a leaf's. The label stays (R11): without its leaf, this node is like any other on the way to it. */
  down(link: number, now: number): boolean {
    const origin = this.#origins.get(link);
    if (!origin) return false;
    this.#origins.delete(link);
    for (const { slot, advert } of origin.said) {
      // A later session of the leaf may have taken the slot over already.
      if (slot.leaf === advert) slot.leaf = undefined;
      advert.metric = INFINITE; // for whoever still holds it as a next hop
      this.#decision.evaluate(slot, 'link', now);
    }
    return true;
  }

  measure(link: number, quality: LinkQuality, now: number): void {
    const origin = this.#origins.get(link);
    if (!origin) return;
    const changed = origin.neighbour.measure(quality);
    for (const { slot } of origin.said)
      if ((changed & (1 << slot.trafficClass)) !== 0) this.#decision.evaluate(slot, 'link', now);
  }

  /** R14a and R14b at the origin: raises the leaf's sequence number, if the asker needs it and the rate allows it. */
  grant(slot: Slot, asked: Wish, now: number): void {
    const { leaf } = slot;
    const origin = leaf && this.#origins.get(leaf.neighbour.link);
    if (!leaf || !origin) return;
    const isEnough = asked.bump ? leaf.seqno >= asked.seqno : isSmaller(slot, asked);
    if (isEnough) return;
    if (asked.optimise && now - origin.lastOptimised < OPTIMISATION_PAUSE_MS) return;
    if (!takeRaise(origin, now)) return;
    if (asked.optimise) origin.lastOptimised = now;
    const wanted = asked.bump ? asked.seqno : asked.seqno + 1;
    leaf.seqno = Math.max(leaf.seqno, Math.min(wanted, leaf.seqno + MAX_RISE, MAX_SEQNO));
  }
}

function takeRaise(origin: LeafOrigin, now: number): boolean {
  const refill = (now - origin.lastRefill) / RAISE_INTERVAL_MS;
  origin.raises = Math.min(RAISE_BURST, origin.raises + refill);
  origin.lastRefill = now;
  if (origin.raises < 1) return false;
  origin.raises--;
  return true;
}
