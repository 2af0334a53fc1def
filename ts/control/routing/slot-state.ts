/** What a node knows of one slot (a layer and a byte of it) in one traffic class; made only for slots that are heard of. */
import type { Layer } from '../../kit/node-id.js';
import { INFINITE } from '../../wire/routing-entry.js';
import type { Timed } from '../timer-queue.js';
import { FIRST_PAUSE_MS } from './backup-making.js';
import { NONE } from './label.js';
import type { Neighbour } from './neighbour.js';
import type { SeqnoJump } from './seqno-watch.js';

/** Adj-in: what a neighbour says of a slot. A metric of INFINITE is a retraction, kept for its version. */
export interface Advert {
  neighbour: Neighbour;
  /** The number of the frame that brought it: what comes in an older frame is out of date. */
  version: number;
  seqno: number;
  distance: number;
  metric: number;
  hops: number;
}

/** A neighbour that waits for a smaller label than it has (R14a), or for a sequence number (R14b: distance 0). */
export interface PendingRequest {
  readonly from: Neighbour;
  readonly bump: boolean;
  /** A bump that is only to make a way better (R15). */
  readonly optimise: boolean;
  readonly seqno: number;
  readonly distance: number;
  readonly hopBudget: number;
  /** When it is given up; the asker repeats itself long before. */
  readonly expires: number;
  /** The next hop that it was passed on to. */
  forwardedTo: Neighbour | undefined;
}

/** The last request that was passed on, so that a crowd of askers makes one request upwards. */
export interface ForwardedRequest {
  readonly to: Neighbour;
  readonly bump: boolean;
  readonly optimise: boolean;
  readonly seqno: number;
  readonly distance: number;
  readonly at: number;
}

/** A starved slot's own search for a smaller label (R13). */
export interface Search {
  tries: number;
  lastRound: number;
  nextRound: number;
}

export class Slot implements Timed {
  /** The own label: never rises. */
  seqno = NONE.seqno;
  distance = NONE.distance;
  /** The metric and hops of the route by the primary next hop; INFINITE without one. */
  metric = INFINITE;
  hops = 0;
  primary: Advert | undefined;
  backup: Advert | undefined;
  /** The link indexes that the forwarding table holds, 0: none. Without a primary these may be fallbacks (R22). */
  link = 0;
  backupLink = 0;
  /** One an advertising neighbour (retracted ones too), in no order. */
  readonly adverts: Advert[] = [];
  /** The slot is one leaf, and its session is with this node: what this node says for it (ts/control/leaves/leaf-origins.ts). */
  leaf: Advert | undefined;

  strikes = 0;
  lastStrike = Number.NEGATIVE_INFINITY;
  /** Until then only sequence numbers above `suspectSeqno` are believed (R10). */
  suspectUntil = Number.NEGATIVE_INFINITY;
  suspectSeqno = 0;

  /** When to ask for a fresher sequence number, while a better way is not feasible (R15); and when that was last done. */
  optimiseAt = Number.POSITIVE_INFINITY;
  optimisedAt = Number.NEGATIVE_INFINITY;

  /** When to ask for a backup, while there is none (R14c); when that was last done, and how long to wait after it. */
  makeAt = Number.POSITIVE_INFINITY;
  madeAt = Number.NEGATIVE_INFINITY;
  makePause = FIRST_PAUSE_MS;

  /** Its sequence number when the label was lowered for somebody else; and when to ask for a fresher one because of it (R14d). */
  squeezedSeqno = -1;
  restoreAt = Number.POSITIVE_INFINITY;

  /** The last time that the label's sequence number jumped ahead, ms; and what it was. */
  jump: (SeqnoJump & { readonly at: number }) | undefined;

  search: Search | undefined;
  pending: PendingRequest[] | undefined;
  forwarded: ForwardedRequest | undefined;

  due = Number.POSITIVE_INFINITY;
  place = -1;

  constructor(
    readonly key: number,
    readonly trafficClass: number,
    readonly layer: Layer,
    readonly byte: number,
  ) {}

  forget(advert: Advert): void {
    this.adverts.splice(this.adverts.indexOf(advert), 1);
  }
}

/** R3: what a neighbour is told of the slot: nothing, when the route goes by that neighbour. */
export function advertised(slot: Slot, to: Neighbour): Slot | undefined {
  return slot.primary && slot.primary.neighbour !== to ? slot : undefined;
}

/** The slots that this node has heard of. */
export class SlotTable {
  readonly #slots = new Map<number, Slot>();

  get(key: number): Slot | undefined {
    return this.#slots.get(key);
  }

  obtain(key: number): Slot {
    let slot = this.#slots.get(key);
    if (!slot) {
      slot = new Slot(key, key >>> 10, (((key >>> 8) & 3) + 1) as Layer, key & 255);
      this.#slots.set(key, slot);
    }
    return slot;
  }

  all(): IterableIterator<Slot> {
    return this.#slots.values();
  }
}

/** A slot's number within a node: class (2 bits), layer less one (2 bits), byte. */
export function slotKey(trafficClass: number, layer: Layer, byte: number): number {
  return (trafficClass << 10) | ((layer - 1) << 8) | byte;
}

export const keyLayer = (key: number): Layer => (((key >>> 8) & 3) + 1) as Layer;
export const keyByte = (key: number): number => key & 255;
export const keyClass = (key: number): number => key >>> 10;
