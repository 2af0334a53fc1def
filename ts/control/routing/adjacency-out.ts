/** Adj-out: what a neighbour was last told of each slot, and whether it said that it heard (R16). */
import { INFINITE } from '../../wire/routing-entry.js';
import { isNotablyOff } from './metric.js';
import { keyClass } from './slot-state.js';

/** What a node says of a slot. Slots have these fields themselves, so nothing is copied to compare them. */
export interface Advertised {
  readonly seqno: number;
  readonly distance: number;
  readonly metric: number;
  readonly hops: number;
}

/** What was last sent; a metric of INFINITE is a retraction. */
interface Sent {
  frame: number;
  acknowledged: boolean;
  seqno: number;
  distance: number;
  metric: number;
  hops: number;
}

export type Lane = 'urgent' | 'lazy';

/** A metric is told again when it moved by more than this share (and by 2 ms). */
const METRIC_SHARE = 0.05;

export class AdjacencyOut {
  readonly #sent = new Map<number, Sent>();

  /** How soon the neighbour should hear of what is said now; undefined: it knows. */
  lane(key: number, wanted: Advertised | undefined): Lane | undefined {
    const sent = this.#sent.get(key);
    const toldOfRoute = sent !== undefined && sent.metric < INFINITE;
    if (!wanted) return toldOfRoute ? 'urgent' : undefined;
    if (!toldOfRoute) return 'urgent';
    const hasChanged =
      sent.seqno !== wanted.seqno ||
      sent.distance !== wanted.distance ||
      sent.hops !== wanted.hops ||
      isNotablyOff(keyClass(key), wanted.metric, sent.metric, METRIC_SHARE);
    return hasChanged ? 'lazy' : undefined;
  }

  /** The frame of this number, which leaves now, says this. */
  record(key: number, said: Advertised | undefined, frame: number): void {
    const sent = this.#sent.get(key);
    const { seqno, distance, metric, hops } = said ?? { seqno: 0, distance: 0, metric: INFINITE, hops: 0 };
    if (!sent) {
      this.#sent.set(key, { frame, acknowledged: false, seqno, distance, metric, hops });
      return;
    }
    sent.frame = frame;
    sent.acknowledged = false;
    sent.seqno = seqno;
    sent.distance = distance;
    sent.metric = metric;
    sent.hops = hops;
  }

  /** The neighbour has received the frame: what has been said of the slot since then is still open. */
  acknowledge(key: number, frame: number): void {
    const sent = this.#sent.get(key);
    if (sent?.frame !== frame) return;
    sent.acknowledged = true;
    if (sent.metric === INFINITE) this.#sent.delete(key);
  }

  /** Whether the last word on the slot left in this frame and nobody said that it arrived. */
  isOpen(key: number, frame: number): boolean {
    const sent = this.#sent.get(key);
    return sent?.frame === frame && !sent.acknowledged;
  }

  /** What the neighbour was told of each slot. */
  [Symbol.iterator](): IterableIterator<[number, Advertised]> {
    return this.#sent.entries();
  }
}
