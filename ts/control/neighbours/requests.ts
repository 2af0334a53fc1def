import type { LinkServices } from '../links/services.js';
import type { Timer } from '../timer-queue.js';
import type { ChosenLinks } from './chosen-links.js';
import type { LinkedPeer, LinkedPeers } from './linked.js';

/** From one request to the next, ms: fast at first, and at last so far apart. */
const FIRST_MS = 200;
const LONGEST_MS = 30_000;
const JITTER = 0.25;
/** A neighbour that has just been linked is asked at once, if the last request is so long ago, ms. */
const GAP_MS = 100;

/**
 * When to ask whom for others: by turns a ring successor, who knows the ring, and any neighbour, who knows the rest. New neighbours are asked soon.
 */
export class Requests implements Timer {
  due = Infinity;
  place = -1;
  readonly #services: LinkServices;
  readonly #linked: LinkedPeers;
  readonly #chosen: ChosenLinks;
  readonly #ask: (peer: LinkedPeer) => void;
  #pause = FIRST_MS;
  #askedAt = -Infinity;
  #turn = 0;
  #fresh: LinkedPeer[] = [];

  constructor(services: LinkServices, linked: LinkedPeers, chosen: ChosenLinks, ask: (peer: LinkedPeer) => void) {
    this.#services = services;
    this.#linked = linked;
    this.#chosen = chosen;
    this.#ask = ask;
  }

  start(now: number): void {
    this.#schedule(now + FIRST_MS);
  }

  stop(): void {
    this.#services.deadlines.clear(this);
  }

  /** A neighbour may know what the others do not: it is asked once its link is up. */
  newNeighbour(peer: LinkedPeer, now: number): void {
    this.#fresh.push(peer);
    this.#hurry(now);
  }

  /** Something is wrong: asks again as at the start. */
  soon(now: number): void {
    this.#pause = FIRST_MS;
    this.#hurry(now);
  }

  handleTimeout(now: number): void {
    const isFresh = this.#fresh.length > 0;
    const peer = this.#nextPeer();
    if (peer) {
      this.#askedAt = now;
      this.#ask(peer);
    }
    if (this.#fresh.length > 0) return this.#schedule(now + GAP_MS);
    this.#schedule(now + this.#pause * (1 - JITTER * this.#services.random()));
    if (peer && !isFresh) this.#pause = Math.min(LONGEST_MS, 2 * this.#pause);
  }

  #nextPeer(): LinkedPeer | undefined {
    for (let fresh = this.#fresh.shift(); fresh; fresh = this.#fresh.shift())
      if (this.#linked.find(fresh.id) === fresh) return fresh;
    const all = this.#linked.all();
    const ring = all.filter(({ id }) => this.#chosen.reasonOf(id) === 'ring');
    const from = this.#turn++ % 2 === 0 && ring.length > 0 ? ring : all;
    return from[Math.floor(this.#services.random() * from.length)];
  }

  #hurry(now: number): void {
    this.#schedule(Math.min(this.due, Math.max(now, this.#askedAt + GAP_MS)));
  }

  #schedule(time: number): void {
    this.#services.deadlines.schedule(this, time);
  }
}
