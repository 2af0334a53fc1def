/**
 * Links are sessions (R12): a new one starts with nothing known, a dead one leaves nothing behind. A node that restarts is a new
 * vertex of the graph: the label that it lost does no harm, because nobody holds a route of its former life.
 */
import type { NodeId } from '../../kit/node-id.js';
import { INFINITE } from '../../wire/routing-entry.js';
import type { Decision } from './decision.js';
import type { LinkQuality } from './link-quality.js';
import { Neighbour } from './neighbour.js';
import { dropPending } from './requests.js';
import type { RoutingState } from './state.js';
import { type SenderHost, SyncSender } from './sync-sender.js';

export class Sessions {
  readonly #state: RoutingState;
  readonly #decision: Decision;
  readonly #hostOf: (neighbour: Neighbour) => SenderHost;
  /** With `sessionsAreFresh` off only: neighbours whose session ended, with what they had said. */
  readonly #remembered = new Map<NodeId, Neighbour>();

  constructor(state: RoutingState, decision: Decision, hostOf: (neighbour: Neighbour) => SenderHost) {
    this.#state = state;
    this.#decision = decision;
    this.#hostOf = hostOf;
  }

  up(link: number, peer: NodeId, quality: LinkQuality, now: number): Neighbour {
    const { self, rules, neighbours, inner, seqnos } = this.#state;
    const neighbour = new Neighbour(link, peer, self, quality, rules);
    neighbour.sender = new SyncSender(this.#hostOf(neighbour), now);
    neighbours.set(link, neighbour);
    inner.up(neighbour);
    seqnos.start(now);
    const former = this.#remembered.get(peer);
    if (former) this.#resume(former, neighbour, now);
    for (const slot of inner.slotsOf(neighbour)) this.#decision.evaluate(slot, 'link', now); // R22
    inner.costsChanged(neighbour);
    return neighbour;
  }

  down(neighbour: Neighbour, now: number): void {
    const { neighbours, inner, slots } = this.#state;
    neighbours.delete(neighbour.link);
    inner.down(neighbour);
    if (!this.#state.rules.sessionsAreFresh) {
      this.#remembered.set(neighbour.peer, neighbour);
      return;
    }
    for (const slot of slots.all()) {
      if (slot.pending) dropPending(slot, neighbour);
      const advert = neighbour.adverts.get(slot.key);
      if (!advert) continue;
      slot.forget(advert);
      advert.metric = INFINITE; // for whoever still holds it as a next hop
      this.#decision.evaluate(slot, 'link', now);
    }
    for (const slot of inner.slotsOf(neighbour))
      if (!neighbour.adverts.get(slot.key)) this.#decision.evaluate(slot, 'link', now); // R22
  }

  /** The fault that `sessionsAreFresh` guards against: a node is taken for its former self. */
  #resume(former: Neighbour, neighbour: Neighbour, now: number): void {
    this.#remembered.delete(former.peer);
    for (const [key, advert] of former.adverts) {
      advert.neighbour = neighbour;
      advert.version = 0;
      neighbour.adverts.set(key, advert);
      const slot = this.#state.slots.get(key);
      if (slot) this.#decision.evaluate(slot, 'link', now);
    }
  }
}
