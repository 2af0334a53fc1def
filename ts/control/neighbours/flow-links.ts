/**
 * Links for flows that last (docs/routing.md, O7): how far a node is without any relay, and a link with it for as long as it is wanted.
 *
 * ```
 *   measure: 3 probes to each address ──1.5 s──> the smallest round trip, or none
 *   make ──> waiting for one of the N places ──> dialed ──> up ──> end
 *               │ 10 s                             │ 5 s
 *               └──────────> gone <────────────────┘
 * ```
 * They take places of ring4's, which neither counts nor gives them up: it makes do with as many less while they are there.
 */
import type { NodeId } from '../../kit/node-id.js';
import type { NodeAddress } from '../../wire/neighbours.js';
import { type Timer, type TimerQueue } from '../timer-queue.js';
import { CHOSEN_PATIENCE_MS } from './chosen-links.js';

/** Of the links that a node makes, these are for flows at most: a quarter, and no more than eight. */
export const MAX_FLOW_LINKS = 8;
const FLOW_SHARE = 1 / 4;
const MAX_MEASUREMENTS = 8;
/** Probes to each address, the time between them, and how long answers are waited for, ms. */
const PROBES = 3;
const PROBE_EVERY_MS = 200;
const MEASURE_MS = 1_500;
/** No place becomes free for so long: it is given up, ms. */
const PLACE_PATIENCE_MS = 10_000;

export interface FlowLinkHost {
  probe(id: NodeId, address: NodeAddress, now: number): void;
  /** How far it is, ms; undefined: no address has answered. */
  measured(id: NodeId, rtt: number | undefined, now: number): void;
  dial(id: NodeId, addresses: readonly NodeAddress[], now: number): void;
  giveUp(id: NodeId, now: number): void;
  /** There is no link any more, and none comes. */
  gone(id: NodeId, now: number): void;
}

interface Measurement {
  readonly addresses: readonly NodeAddress[];
  readonly until: number;
  least: number | undefined;
  probes: number;
  probeAt: number;
}

interface FlowLink {
  readonly addresses: readonly NodeAddress[];
  state: 'waiting' | 'dialed' | 'up';
  /** Since when, ms. */
  since: number;
}

export class FlowLinks implements Timer {
  due = Infinity;
  place = -1;
  /** So many at a time. */
  readonly most: number;
  readonly #host: FlowLinkHost;
  readonly #deadlines: TimerQueue<Timer>;
  readonly #measurements = new Map<NodeId, Measurement>();
  readonly #links = new Map<NodeId, FlowLink>();

  /** `links`: that the node makes in all. */
  constructor(host: FlowLinkHost, deadlines: TimerQueue<Timer>, links: number) {
    this.#host = host;
    this.#deadlines = deadlines;
    this.most = links < 2 ? 0 : Math.min(MAX_FLOW_LINKS, Math.max(1, Math.floor(links * FLOW_SHARE)));
  }

  /** Those that wait for their place, too. */
  get size(): number {
    return this.#links.size;
  }

  /** Those that have a place. */
  get dialed(): number {
    return [...this.#links.values()].filter(({ state }) => state !== 'waiting').length;
  }

  has(id: NodeId): boolean {
    return this.#links.has(id);
  }

  /** Whether it is dialed, or up. */
  isDialed(id: NodeId): boolean {
    return (this.#links.get(id)?.state ?? 'waiting') !== 'waiting';
  }

  /** False: nothing comes of it, as far as is known already. */
  measure(id: NodeId, addresses: readonly NodeAddress[], now: number): boolean {
    if (this.most === 0 || this.#measurements.size >= MAX_MEASUREMENTS || this.#measurements.has(id)) return false;
    this.#measurements.set(id, { addresses, until: now + MEASURE_MS, least: undefined, probes: 0, probeAt: now });
    this.#wakeAt(now);
    return true;
  }

  answered(id: NodeId, rtt: number): void {
    const measurement = this.#measurements.get(id);
    if (measurement) measurement.least = Math.min(measurement.least ?? Infinity, rtt);
  }

  make(id: NodeId, addresses: readonly NodeAddress[], now: number): boolean {
    if (this.#links.size >= this.most || this.#links.has(id)) return false;
    this.#links.set(id, { addresses, state: 'waiting', since: now });
    this.#wakeAt(now + PLACE_PATIENCE_MS);
    return true;
  }

  /** Dials those that wait, if there are `places`. */
  fill(places: number, now: number): void {
    let left = places;
    for (const [id, link] of this.#links) {
      if (link.state !== 'waiting' || left-- <= 0) continue;
      link.state = 'dialed';
      link.since = now;
      this.#host.dial(id, link.addresses, now);
      this.#wakeAt(now + CHOSEN_PATIENCE_MS);
    }
  }

  up(id: NodeId, now: number): void {
    const link = this.#links.get(id);
    if (link) Object.assign(link, { state: 'up', since: now });
  }

  /** It is dialed again, unless the other end does not want it. */
  down(id: NodeId, isUnwanted: boolean, now: number): void {
    const link = this.#links.get(id);
    if (!link) return;
    link.state = 'dialed';
    link.since = isUnwanted ? -Infinity : now;
    // Not now: the dialer that tells of it is at work.
    this.#wakeAt(isUnwanted ? now : now + CHOSEN_PATIENCE_MS);
  }

  /** It is not wanted any more. False: there is none. */
  end(id: NodeId, now: number): boolean {
    if (!this.#links.has(id)) return false;
    const wasDialed = this.isDialed(id);
    this.#links.delete(id);
    if (wasDialed) this.#host.giveUp(id, now);
    return true;
  }

  /** Somebody else keeps the link from here on. */
  handOver(id: NodeId): boolean {
    return this.#links.delete(id);
  }

  close(): void {
    this.#deadlines.clear(this);
    this.#measurements.clear();
  }

  handleTimeout(now: number): void {
    for (const [id, measurement] of this.#measurements) this.#goOn(id, measurement, now);
    for (const [id, { state, since }] of this.#links) {
      if (state === 'up' || now < since + (state === 'waiting' ? PLACE_PATIENCE_MS : CHOSEN_PATIENCE_MS)) continue;
      this.end(id, now);
      this.#host.gone(id, now);
    }
    let next = Infinity;
    for (const { probeAt, until } of this.#measurements.values()) next = Math.min(next, probeAt, until);
    for (const { state, since } of this.#links.values())
      if (state !== 'up') next = Math.min(next, since + (state === 'waiting' ? PLACE_PATIENCE_MS : CHOSEN_PATIENCE_MS));
    this.#wakeAt(next);
  }

  #goOn(id: NodeId, measurement: Measurement, now: number): void {
    if (now >= measurement.until) {
      this.#measurements.delete(id);
      this.#host.measured(id, measurement.least, now);
    } else if (now >= measurement.probeAt) {
      for (const address of measurement.addresses) this.#host.probe(id, address, now);
      measurement.probes++;
      measurement.probeAt = measurement.probes < PROBES ? now + PROBE_EVERY_MS : Infinity;
    }
  }

  #wakeAt(time: number): void {
    if (time < this.due) this.#deadlines.schedule(this, time);
  }
}
