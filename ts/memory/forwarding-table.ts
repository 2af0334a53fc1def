/**
 * The forwarding table: for each traffic class, layer and byte of a destination's id, the next hop, in one 32-bit word.
 *
 * ```
 *  31            24 23                   12 11                    0
 * +----------------+-----------------------+-----------------------+
 * | generation     | backup link           | primary link          |     a link index each; 0: none
 * +----------------+-----------------------+-----------------------+
 * ```
 * Proof. *Who writes*: the control thread alone, one `Atomics.store` a word. *Who reads*: workers, with plain 32-bit loads of an
 * aligned word, which no machine that we run on tears: a reader sees the old word or the new one, never half a route.
 * *Order*: control stores the word before any routing message that depends on it leaves (ROUTING R8), and a batch may use the
 * word that it saw a batch ago: safe, for a link index is used again only after every worker has passed an epoch (epochs.ts).
 * *Valid transitions*: any word to any word; the generation changes with every store, so that a cached decision is seen to be old.
 * *Forbidden*: primary = backup ≠ 0; a backup without a primary; an index of 4096 or more.
 */

import { invariant } from '../kit/assert.js';
import { idByte, type Layer, type NodeId, sharedBytes } from '../kit/node-id.js';
import { CLASSES, type Region } from './region.js';

/** The word of a slot without a route. */
export const NO_ROUTE = 0;

/**
 * Classes below this have routes of their own; packets of all others follow class 0. A constant of the protocol's version and not a
 * question of which slots are filled: if each node fell back by itself, a packet could change classes on the way, and circulate.
 */
export const ROUTED_CLASSES = 4;

/** The place of a slot in the table: class 0..3, layer 1..4, byte 0..255. */
export function slotIndex(trafficClass: number, layer: number, byte: number): number {
  return (trafficClass << 10) | ((layer - 1) << 8) | byte;
}

/**
 * The place of the slot that `self` uses for a packet to `destination`: the layer is the first in which the two ids differ.
 * -1 when they are equal.
 */
export function slotFor(self: NodeId, destination: NodeId, trafficClass: number): number {
  const shared = sharedBytes(self, destination);
  if (shared === 4) return -1;
  return slotIndex(trafficClass, shared + 1, idByte(destination, (shared + 1) as Layer));
}

export const primaryOf = (word: number): number => word & 0xfff;
export const backupOf = (word: number): number => (word >>> 12) & 0xfff;

/** The control thread's end. */
export class ForwardingTableWriter {
  readonly #words: Int32Array;

  constructor(region: Region) {
    this.#words = forwardingWords(region);
  }

  /** Stores the next hops of a slot; link index 0 means none. */
  store(trafficClass: number, layer: Layer, byte: number, primary: number, backup: number): void {
    invariant(primary !== backup || primary === 0, 'a backup next hop is another link than the primary');
    invariant(primary !== 0 || backup === 0, 'there is no backup without a primary');
    this.#put(slotIndex(trafficClass, layer, byte), primary, backup);
  }

  /** Stores these next hops in every slot: the routes of a leaf, which sends everything to its relay. */
  storeAll(primary: number, backup: number): void {
    invariant(primary !== backup || primary === 0, 'a backup next hop is another link than the primary');
    for (let at = 0; at < this.#words.length; at++) this.#put(at, primary, backup);
  }

  #put(at: number, primary: number, backup: number): void {
    const generation = ((this.#words[at] ?? 0) >>> 24) + 1;
    Atomics.store(this.#words, at, (generation << 24) | ((backup & 0xfff) << 12) | (primary & 0xfff));
  }
}

/** The table's words, for plain reads in the packet path (see {@link slotFor}). */
export function forwardingWords(region: Region): Int32Array {
  return new Int32Array(region.buffer, region.layout.forwarding, CLASSES * 4 * 256);
}
