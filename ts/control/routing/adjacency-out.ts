/** Adj-out: what a neighbour was last told of each slot, and whether it said that it heard (R16). */
import { INFINITE } from '../../wire/routing-entry.js';
import { isNotablyOff } from './metric.js';
import { SlotKeys } from './slot-keys.js';
import { keyClass } from './slot-state.js';

/** What a node says of a slot. Slots have these fields themselves, so nothing is copied to compare them. */
export interface Advertised {
  readonly seqno: number;
  readonly distance: number;
  readonly metric: number;
  readonly hops: number;
}

export type Lane = 'urgent' | 'lazy';

/** A metric is told again when it moved by more than this share (and by 2 ms). */
const METRIC_SHARE = 0.05;

/**
 * What was last sent of a slot, in four words:
 *
 * ```
 *   word 0   number of the frame
 *   word 1   seqno
 *   word 2   hops (8 bits) | distance (24 bits)
 *   word 3   acknowledged (1 bit) | unused (7 bits) | metric (24 bits); INFINITE is a retraction
 * ```
 */
const WORDS = 4;
const ACKNOWLEDGED = 0x8000_0000;
const LOW_24 = 0xff_ffff;

export class AdjacencyOut {
  readonly #keys = new SlotKeys();
  #words = new Uint32Array(WORDS * this.#keys.capacity);

  /** How soon the neighbour should hear of what is said now; undefined: it knows. */
  lane(key: number, wanted: Advertised | undefined): Lane | undefined {
    const place = this.#keys.find(key);
    const metric = place < 0 ? INFINITE : this.#metric(place);
    if (!wanted) return metric < INFINITE ? 'urgent' : undefined;
    if (metric === INFINITE) return 'urgent';
    const hasChanged =
      this.#words[WORDS * place + 1] !== wanted.seqno ||
      this.#words[WORDS * place + 2] !== packed(wanted.distance, wanted.hops) ||
      isNotablyOff(keyClass(key), wanted.metric, metric, METRIC_SHARE);
    return hasChanged ? 'lazy' : undefined;
  }

  /** The frame of this number, which leaves now, says this. */
  record(key: number, said: Advertised | undefined, frame: number): void {
    const { seqno, distance, metric, hops } = said ?? RETRACTED;
    const at = WORDS * this.#obtain(key);
    this.#words[at] = frame;
    this.#words[at + 1] = seqno;
    this.#words[at + 2] = packed(distance, hops);
    this.#words[at + 3] = metric; // not acknowledged yet
  }

  /** The neighbour has received the frame: what has been said of the slot since then is still open. */
  acknowledge(key: number, frame: number): void {
    const place = this.#keys.find(key);
    if (place < 0 || this.#words[WORDS * place] !== frame) return;
    const metric = this.#metric(place);
    if (metric === INFINITE) this.#remove(place);
    else this.#words[WORDS * place + 3] = metric | ACKNOWLEDGED;
  }

  /** Whether the last word on the slot left in this frame and nobody said that it arrived. */
  isOpen(key: number, frame: number): boolean {
    const place = this.#keys.find(key);
    if (place < 0 || this.#words[WORDS * place] !== frame) return false;
    return ((this.#words[WORDS * place + 3] as number) & ACKNOWLEDGED) === 0;
  }

  /** What the neighbour was told of each slot, in rising order of the keys. */
  *[Symbol.iterator](): Generator<[number, Advertised]> {
    for (let place = 0; place < this.#keys.size; place++) {
      const seqno = this.#words[WORDS * place + 1] as number;
      const both = this.#words[WORDS * place + 2] as number;
      yield [this.#keys.at(place), { seqno, distance: both & LOW_24, hops: both >>> 24, metric: this.#metric(place) }];
    }
  }

  #metric(place: number): number {
    return (this.#words[WORDS * place + 3] as number) & LOW_24;
  }

  #obtain(key: number): number {
    const place = this.#keys.find(key);
    if (place >= 0) return place;
    const used = WORDS * this.#keys.size;
    this.#keys.insert(~place, key);
    if (this.#words.length < WORDS * this.#keys.capacity) {
      const words = new Uint32Array(WORDS * this.#keys.capacity);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words.copyWithin(WORDS * (~place + 1), WORDS * ~place, used);
    return ~place;
  }

  #remove(place: number): void {
    this.#words.copyWithin(WORDS * place, WORDS * (place + 1), WORDS * this.#keys.size);
    this.#keys.remove(place);
  }
}

const RETRACTED: Advertised = { seqno: 0, distance: 0, metric: INFINITE, hops: 0 };

/** As an unsigned word, as it is read back. */
function packed(distance: number, hops: number): number {
  return ((hops << 24) | distance) >>> 0;
}
