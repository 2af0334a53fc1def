/**
 * Packets of the overlay under way while tables change: echo requests between random nodes, in short bursts. Counted are those that
 * arrive, and those that come twice to one incarnation: the proof is about tables at an instant, and a packet takes longer than that.
 */
import {
  OFFSET_DESTINATION,
  OFFSET_PROTOCOL,
  OFFSET_SEQUENCE,
  OFFSET_SOURCE,
  Protocol,
} from '../wire/network-header.js';
import type { Vertex } from './checker.js';

/** How long a packet may be under way, ms: with reordering and queues, over 32 hops. */
const LIFETIME_MS = 30_000;

export interface TrafficSums {
  sent: number;
  /** Requests that reached their destination. */
  arrived: number;
  /** Answers that came back. */
  answered: number;
  /** Packets seen twice by one incarnation. */
  revisits: number;
}

interface Journey {
  readonly since: number;
  readonly visited: Set<Vertex>;
}

export class Traffic {
  readonly sums: TrafficSums = { sent: 0, arrived: 0, answered: 0, revisits: 0 };
  readonly #journeys = new Map<string, Journey>();

  /** An accepted data frame is at `vertex`, whose id is `self`; `at`: where it lies in `view`. */
  seen(vertex: Vertex, self: number, view: DataView, at: number, now: number): void {
    const protocol = view.getUint8(at + OFFSET_PROTOCOL);
    if (protocol !== Protocol.EchoRequest && protocol !== Protocol.EchoReply) return; // errors have no numbers
    const key = `${view.getUint32(at + OFFSET_SOURCE)} ${protocol} ${view.getUint32(at + OFFSET_SEQUENCE + 4)}`;
    let journey = this.#journeys.get(key);
    if (!journey) {
      journey = { since: now, visited: new Set() };
      this.#journeys.set(key, journey);
    }
    if (journey.visited.has(vertex)) {
      this.sums.revisits++;
      return;
    }
    journey.visited.add(vertex);
    if (view.getUint32(at + OFFSET_DESTINATION) === self) {
      if (protocol === Protocol.EchoRequest) this.sums.arrived++;
      else this.sums.answered++;
    }
  }

  /** Forgets packets that cannot be under way any more. */
  forget(now: number): void {
    for (const [key, journey] of this.#journeys) {
      if (now - journey.since < LIFETIME_MS) return; // in the order of their beginning
      this.#journeys.delete(key);
    }
  }
}
