/** An optimiser and a node that is none: paths of which the test says how long they are, and a clock. */
import * as assert from 'uvu/assert';
import { Optimiser } from '../../../ts/control/optimiser/optimiser.js';
import type { QueryResult } from '../../../ts/control/query/queries.js';
import type { SearchLimits } from '../../../ts/wire/route-query.js';

const ANSWER_MS = 50;
export const DESTINATION = 9;

const ADDRESSES = [{ scheme: 'udp', family: 4, host: '10.0.0.9', port: 7000 }] as const;
const REFUSED = { kind: 'refused', reason: 'limits', best: undefined } as const;

function found(relay: number, rttMs: number) {
  return { kind: 'found', path: [1, relay, DESTINATION], measure: measureOf(rttMs, 2), addresses: ADDRESSES } as const;
}

function measureOf(rttMs: number, hops: number) {
  return { rttMs, cost: hops, mbps: Infinity, delivery: 1, hops };
}

export class Rig {
  /** Round trips: of the tables' way, and of the paths that there are, by their only relay. */
  tablesMs: number | undefined = 100;
  readonly relays = new Map<number, number>();
  taken = false;
  /** Without relays, ms; undefined: nobody answers. And whether there is room for a link. */
  directMs: number | undefined;
  hasRoom = true;
  /** The link that was made: undefined while there is none. */
  link: { isUp: boolean } | undefined;
  /** Whether packets take it by themselves when it is there. */
  straight = true;
  measurements = 0;
  /** Whether paths are granted. */
  grants = true;
  now = 0;
  readonly follows: number[] = [];
  readonly asks: { readonly at: number; readonly limits: SearchLimits }[] = [];
  /** In use at the node, by number: the relay. The last one is what packets take. */
  readonly pinned = new Map<number, number>();
  readonly optimiser: Optimiser;
  #due: { readonly at: number; readonly work: () => void }[] = [];

  constructor() {
    this.optimiser = new Optimiser({
      follow: (number) => {
        this.follows.push(this.now);
        const result = this.#tablesWay();
        this.#later(() => this.optimiser.handleResult(number, result, this.now));
      },
      ask: (number, _destination, limits) => {
        this.asks.push({ at: this.now, limits });
        // The first that will do, not the best.
        const path = [...this.relays].find(([, rttMs]) => rttMs <= (limits.rttMs ?? Infinity));
        this.#later(() => this.optimiser.handleResult(number, path ? found(...path) : REFUSED, this.now));
      },
      direct: () => (this.link?.isUp && this.directMs !== undefined ? measureOf(this.directMs, 1) : undefined),
      measure: (destination, addresses) => {
        assert.equal(addresses, ADDRESSES);
        this.measurements++;
        this.#later(() => this.optimiser.handleMeasured(destination, this.directMs, this.now));
        return true;
      },
      connect: () => {
        if (!this.hasRoom) return false;
        const link = { isUp: false };
        this.link = link;
        this.#later(() => {
          if (this.link !== link) return;
          link.isUp = true;
          this.optimiser.handleLinkUp(DESTINATION, this.now);
        });
        return true;
      },
      disconnect: () => {
        this.link = undefined;
      },
      pin: (number, [, relay]) => {
        if (relay === undefined || this.#rttBy(relay) === undefined) return false;
        this.#later(() => {
          if (this.grants) this.pinned.set(number, relay);
          this.#tell(number, relay);
        });
        return true;
      },
      unpin: (number) => void this.pinned.delete(number),
      isTaken: () => this.taken,
    });
  }

  /** The relay that packets take; undefined: they go by the tables. */
  get way(): number | undefined {
    return [...this.pinned.values()].at(-1);
  }

  /** Time passes, in which the flow has `packets` every 500 ms. */
  run(ms: number, packets = 50): void {
    const end = this.now + ms;
    while (this.now < end) {
      const step = Math.min(end, this.now + 500);
      this.#until(step);
      if (packets > 0) this.optimiser.handleFlows([{ destination: DESTINATION, trafficClass: 0, packets }], this.now);
    }
  }

  /** Pins are renewed: the optimiser hears how long they are now. */
  renew(): void {
    for (const [number, relay] of this.pinned) this.#tell(number, relay);
  }

  /** The path by this relay breaks. */
  break(relay: number): void {
    this.relays.delete(relay);
    for (const [number, one] of this.pinned)
      if (one === relay) {
        this.pinned.delete(number);
        this.optimiser.handlePin(number, { kind: 'ended' }, this.now);
      }
  }

  /** The link is no more, and is not made again. */
  loseLink(): void {
    this.link = undefined;
    this.break(DESTINATION);
    this.optimiser.handleLinkGone(DESTINATION, this.now);
  }

  #tablesWay(): QueryResult {
    if (this.straight && this.link?.isUp && this.directMs !== undefined)
      return { kind: 'found', path: [1, DESTINATION], measure: measureOf(this.directMs, 1), addresses: ADDRESSES };
    return this.tablesMs === undefined ? REFUSED : found(2, this.tablesMs);
  }

  /** Over this node, which may be the destination itself. */
  #rttBy(relay: number): number | undefined {
    if (relay === DESTINATION) return this.link?.isUp ? this.directMs : undefined;
    return this.relays.get(relay);
  }

  #tell(number: number, relay: number): void {
    const rttMs = this.#rttBy(relay);
    const news =
      this.grants && rttMs !== undefined ? ({ kind: 'granted', rttMs } as const) : ({ kind: 'ended' } as const);
    this.optimiser.handlePin(number, news, this.now);
  }

  #later(work: () => void): void {
    this.#due.push({ at: this.now + ANSWER_MS, work });
  }

  #until(end: number): void {
    for (;;) {
      const [next] = this.#due;
      const at = Math.min(next?.at ?? Infinity, this.optimiser.nextTimeout());
      if (at > end) break;
      this.now = Math.max(this.now, at);
      if (next && next.at <= at) {
        this.#due = this.#due.slice(1);
        next.work();
      } else this.optimiser.handleTimeout(this.now);
    }
    this.now = end;
  }
}
