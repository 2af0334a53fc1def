import type { NodeId } from '../../kit/node-id.js';

/** Packets and time that make a flow worth a search, and how long it is remembered without a packet, ms. */
const ENOUGH_PACKETS = 100;
const ENOUGH_MS = 2_000;
export const IDLE_MS = 30_000;
const MAX_FLOWS = 256;

interface Counted {
  readonly since: number;
  lastAt: number;
  packets: number;
}

/** Where own traffic goes, and how much: the flows of late, at most {@link MAX_FLOWS} of them. The one that was seen longest ago gives way. */
export class FlowBook {
  readonly #flows = new Map<NodeId, Counted>();

  /** Notes packets; true: the flow is worth a search. */
  note(destination: NodeId, packets: number, now: number): boolean {
    const known = this.#flows.get(destination);
    const flow = known && now - known.lastAt < IDLE_MS ? known : { since: now, lastAt: now, packets: 0 };
    flow.packets += packets;
    flow.lastAt = now;
    // Deleted and set again, so that the map is in the order of last use.
    this.#flows.delete(destination);
    if (this.#flows.size === MAX_FLOWS) this.#forgetOldest();
    this.#flows.set(destination, flow);
    return flow.packets >= ENOUGH_PACKETS && now - flow.since >= ENOUGH_MS;
  }

  get size(): number {
    return this.#flows.size;
  }

  #forgetOldest(): void {
    for (const oldest of this.#flows.keys()) {
      this.#flows.delete(oldest);
      return;
    }
  }
}
