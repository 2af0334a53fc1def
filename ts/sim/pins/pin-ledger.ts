/**
 * What nodes were asked to keep, and until when: from the messages that arrive at them, never from what they say of themselves.
 *
 * ```
 *   at the source   PinRequest leaves: the path was asked for     PinGrant arrives: 30 s more     PinEnd leaves: over
 *   at a relay      PinRequest arrives: 30 s more                 PinEnd arrives on the request's link: over
 * ```
 * A node may forget a path earlier (a link of it went down, the next node gave it up), never later.
 */
import type { NodeId } from '../../kit/node-id.js';
import type { PinMessage, PinRequest } from '../../wire/pins.js';
import type { Vertex } from '../checker.js';

/** How long a request, or at the source a grant, holds, ms. */
export const PIN_LEASE_MS = 30_000;

export interface Lease {
  readonly path: readonly NodeId[];
  readonly trafficClass: number;
  /** Where the node stands in the path; 0: it is the source. */
  readonly place: number;
  /** The link that the request came by; 0 at the source. */
  readonly inLink: number;
  /** Virtual ms; before its first grant a source has nothing to keep. */
  until: number;
}

export class PinLedger {
  readonly #idOf: (vertex: Vertex) => NodeId;
  readonly #leases = new Map<Vertex, Map<bigint, Lease>>();
  /** All paths that an incarnation has ever asked for. */
  readonly #asked = new Map<Vertex, PinRequest[]>();

  constructor(idOf: (vertex: Vertex) => NodeId) {
    this.#idOf = idOf;
  }

  /** A message leaves an incarnation. */
  sent(vertex: Vertex, message: PinMessage): void {
    if (message.kind === 'pinRequest' && message.request.path[0] === this.#idOf(vertex))
      this.#ask(vertex, message.request);
    if (message.kind === 'pinEnd' && this.#leases.get(vertex)?.get(message.end.id)?.place === 0)
      this.#leases.get(vertex)?.delete(message.end.id);
  }

  /** A message arrives at an incarnation, over its link to `from`. */
  heard(vertex: Vertex, link: number, from: NodeId, message: PinMessage, now: number): void {
    const leases = this.#of(vertex);
    switch (message.kind) {
      case 'pinRequest': {
        const { id, path, trafficClass } = message.request;
        const place = path.indexOf(this.#idOf(vertex));
        if (place < 1 || path[place - 1] !== from || place === path.length - 1) return;
        leases.set(id, { path, trafficClass, place, inLink: link, until: now + PIN_LEASE_MS });
        return;
      }
      case 'pinGrant': {
        const lease = leases.get(message.grant.id);
        if (lease?.place === 0 && lease.path[1] === from) lease.until = now + PIN_LEASE_MS;
        return;
      }
      case 'pinEnd':
        if (leases.get(message.end.id)?.inLink === link) leases.delete(message.end.id);
    }
  }

  died(vertex: Vertex): void {
    this.#leases.delete(vertex);
  }

  /** What an incarnation may keep at this moment. */
  leases(vertex: Vertex, now: number): Lease[] {
    return [...(this.#leases.get(vertex)?.values() ?? [])].filter(({ until }) => until >= now);
  }

  /** The paths to a destination in a class that an incarnation has ever asked for. */
  asked(vertex: Vertex, destination: NodeId, trafficClass: number): readonly NodeId[][] {
    return (this.#asked.get(vertex) ?? [])
      .filter((one) => one.path.at(-1) === destination && one.trafficClass === trafficClass)
      .map(({ path }) => [...path]);
  }

  #ask(vertex: Vertex, request: PinRequest): void {
    const { id, path, trafficClass } = request;
    const leases = this.#of(vertex);
    if (leases.has(id)) return; // it is renewed
    leases.set(id, { path, trafficClass, place: 0, inLink: 0, until: -Infinity });
    const asked = this.#asked.get(vertex);
    if (asked) asked.push(request);
    else this.#asked.set(vertex, [request]);
  }

  #of(vertex: Vertex): Map<bigint, Lease> {
    let leases = this.#leases.get(vertex);
    if (!leases) this.#leases.set(vertex, (leases = new Map()));
    return leases;
  }
}
