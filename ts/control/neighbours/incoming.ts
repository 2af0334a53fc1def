import type { NodeId } from '../../kit/node-id.js';
import { sharedBytes } from '../../kit/node-id.js';
import type { DialPurpose } from '../../wire/handshake.js';
import { type LinkedPeers, layerBetween } from './linked.js';
import { previousOnRing, ZONES } from './ring.js';
import { MOST_INCOMING } from './ring4.js';

/** Nodes beyond the limits that are let in for a while, so that they hear of others. */
export const MAX_GUESTS = 16;
export const GUEST_MS = 15_000;
/** Links that a node takes in for flows of others, from wherever: beside the others, for they go again and nothing rests on them. */
export const MOST_FLOWS_INCOMING = 16;
/** A node that was let in has a link within this time, ms, or its place is free again. */
const ARRIVAL_MS = 4_000;

interface Incoming {
  readonly id: NodeId;
  readonly purpose: DialPurpose;
  /** When it was let in, or has become a guest. */
  since: number;
  isUp: boolean;
  isGuest: boolean;
}

/**
 * Who is let in of those that dial this node without anybody having configured it:
 *
 * ```
 *   configured by its people ────────────────────────────> in
 *   its ring successor is this node, as far as known ────> in
 *   for a flow, and fewer than 16 are in for flows ─────> in
 *   room in its layer ───────────────────────────────────> in
 *   joins, or takes this node for its ring successor ────> a guest for 15 s, if there is room for another one
 *   else ────────────────────────────────────────────────> full
 * ```
 */
export class IncomingLinks {
  readonly #self: NodeId;
  readonly #linked: LinkedPeers;
  readonly #incoming = new Map<NodeId, Incoming>();

  constructor(self: NodeId, linked: LinkedPeers) {
    this.#self = self;
    this.#linked = linked;
  }

  admits(id: NodeId, purpose: DialPurpose, now: number): boolean {
    this.#forgetAbsent(now);
    this.#incoming.delete(id); // it has no link: whatever it had is gone
    const place = this.#placeFor(id, purpose);
    if (place === 'none') return false;
    this.#incoming.set(id, { id, purpose, since: now, isUp: false, isGuest: place === 'guest' });
    return true;
  }

  /**
   * The peer that was let in has its link. If it has taken the place of another one as ring predecessor, and there is no other place for that one, then that
   * one, or the last that came, is a guest from now on.
   */
  arrived(id: NodeId, now: number): void {
    const incoming = this.#incoming.get(id);
    if (!incoming) return;
    incoming.isUp = true;
    const layer = layerBetween(this.#self, id);
    const counted = this.#counted(layer);
    for (const guest of counted.slice(MOST_INCOMING[layer])) {
      guest.isGuest = true;
      guest.since = now;
    }
  }

  /** Its link has ended, or is this node's own choice now. */
  gone(id: NodeId): void {
    this.#incoming.delete(id);
  }

  isGuest(id: NodeId): boolean {
    return this.#incoming.get(id)?.isGuest ?? false;
  }

  /** Guests that have to go: those for which a place has become free stay. */
  overdue(now: number): NodeId[] {
    const late: NodeId[] = [];
    for (const guest of this.#incoming.values()) {
      if (!guest.isGuest || now < guest.since + GUEST_MS) continue;
      if (this.#placeFor(guest.id, 'chosen') === 'regular') guest.isGuest = false;
      else late.push(guest.id);
    }
    return late;
  }

  /** When the next guest has to go; Infinity: there is none. */
  nextDeparture(): number {
    let next = Infinity;
    for (const { isGuest, since } of this.#incoming.values()) if (isGuest) next = Math.min(next, since + GUEST_MS);
    return next;
  }

  /** How many are in from a layer, 1..4: guests, links that people want or flows need and ring predecessors are not counted. */
  count(layer: number): number {
    return this.#counted(layer).length;
  }

  /** In the order in which they came. */
  #counted(layer: number): Incoming[] {
    return [...this.#incoming.values()].filter(
      ({ id, purpose, isGuest }) =>
        !isGuest &&
        purpose !== 'configured' &&
        purpose !== 'flow' &&
        layerBetween(this.#self, id) === layer &&
        !this.#isPredecessor(id),
    );
  }

  get #flows(): number {
    return [...this.#incoming.values()].filter(({ purpose }) => purpose === 'flow').length;
  }

  #placeFor(id: NodeId, purpose: DialPurpose): 'regular' | 'guest' | 'none' {
    const layer = layerBetween(this.#self, id);
    if (purpose === 'configured' || this.#isPredecessor(id)) return 'regular';
    if (purpose === 'flow') return this.#flows < MOST_FLOWS_INCOMING ? 'regular' : 'none';
    if (this.count(layer) < (MOST_INCOMING[layer] as number)) return 'regular';
    const guests = [...this.#incoming.values()].filter(({ isGuest }) => isGuest).length;
    return (purpose === 'join' || purpose === 'ring') && guests < MAX_GUESTS ? 'guest' : 'none';
  }

  /** Whether in one of the zones that both share no node is known to lie between it and this one. */
  #isPredecessor(id: NodeId): boolean {
    const others = [...this.#linked.all(), ...this.#incoming.values(), { id }];
    const shared = sharedBytes(this.#self, id);
    return ZONES.some((zone) => zone <= shared && previousOnRing(others, this.#self, zone)?.id === id);
  }

  #forgetAbsent(now: number): void {
    for (const { id, isUp, since } of this.#incoming.values())
      if (!isUp && now - since > ARRIVAL_MS) this.#incoming.delete(id);
  }
}
