/**
 * A table from ids of nodes to indexes of entries that name these ids: the links of neighbours (direct-table.ts), pinned destinations (pin-table.ts). Exact, open
 * addressing, one word an id.
 *
 * ```
 *   a header word:  0 nothing is in it    1 look in half 0    2 look in half 1
 *
 *   half 0  +-----+-----+-----+ ...   each a power of two of words, at least two an id: searches are short
 *   half 1  +-----+-----+-----+ ...
 *
 *    31                  12 11                  0
 *   +----------------------+---------------------+
 *   | 20 bits of the hash  | index               |     0: never used;  index 0: removed, the search goes on
 *   +----------------------+---------------------+
 * ```
 * Proof. *Who writes*: the control thread alone, one atomic store a word. *Who reads*: workers, by plain loads of aligned words, each whole.
 * *A hit is right, by whatever way the word was come by*: a word is only a hint. The entry must name the id, and while an
 * index is in use the id of its entry does not change; the index is used anew only after every worker has passed an epoch since the word was
 * taken out (epochs.ts), so a worker that read the word in this turn reads the id that belongs to it.
 * *A miss is right or a moment old*: an entry does not move within a half. Removing leaves a mark that searches pass over. A mark
 * becomes "never used" again only when the word after it is: a search that ended there would have ended one word later. So whoever looks for
 * an id that is there all the while finds it. A miss that is a moment old costs at most one packet its short way.
 * *Rebuild and publish*: marks are swept by filling the other half and then storing the header word. *Forbidden*: to write a half
 * anew before every worker has passed an epoch since it was left, for somebody might still search it: until then marks stay.
 * *Bound*: a search takes at most as many words as a half has, were they all marks; a quarter of them brings the next rebuild.
 */
import { invariant } from '../kit/assert.js';
import type { NodeId } from '../kit/node-id.js';

const INDEX_BITS = 12;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const NEVER_USED = 0;
/** No entry has this word: its index is 0. */
const REMOVED = 1 << INDEX_BITS;

/** Where a table lies, and where its entries say their ids. */
export interface IdTablePlace {
  /** Of the whole region. */
  readonly words: Int32Array;
  /** The header word. */
  readonly header: number;
  /** The first word of half 0, and how many a half has: see {@link idSlots}. */
  readonly base: number;
  readonly slots: number;
  /** Ids that it has room for. */
  readonly capacity: number;
  /** The word that names the id in the entry of index 0, and words from entry to entry. */
  readonly ids: number;
  readonly stride: number;
}

/** Words in one half of a table for so many ids: a power of two, and at least two an id. */
export function idSlots(capacity: number): number {
  return capacity === 0 ? 0 : 2 ** Math.ceil(Math.log2(2 * capacity));
}

/** 2^32 / golden ratio: neighbouring ids are spread over the table (Knuth, 6.4). */
const spread = (id: number): number => Math.imul(id, 0x9e3779b1);

/** A worker's end. */
export class IdTable {
  readonly #words: Int32Array;
  readonly #place: IdTablePlace;
  readonly #shift: number;
  #base = 0;

  /** `view`: for tests that explore interleavings; the memory itself in production. */
  constructor(place: IdTablePlace, view: (words: Int32Array) => Int32Array = (words) => words) {
    this.#words = view(place.words);
    this.#place = place;
    this.#shift = Math.clz32(place.slots) + 1;
  }

  /** To be called once a batch; false: nothing is in the table. */
  open(): boolean {
    const { header, base, slots } = this.#place;
    const half = this.#words[header] as number;
    this.#base = base + (half - 1) * slots;
    return half !== 0;
  }

  /** The index of the entry of `id` (as a signed word), 0: there is none. Between {@link open} and the end of the batch. */
  find(id: number): number {
    const { slots, ids, stride } = this.#place;
    const hash = spread(id);
    const mask = slots - 1;
    const home = hash >>> this.#shift;
    for (let step = 0; step <= mask; step++) {
      const word = this.#words[this.#base + ((home + step) & mask)] as number;
      if (word === NEVER_USED) return 0;
      const index = word & INDEX_MASK;
      if (((word ^ (hash << INDEX_BITS)) & ~INDEX_MASK) !== 0 || index === 0) continue;
      if (this.#words[ids + index * stride] === id) return index;
    }
    return 0;
  }
}

/** What the writer needs of epochs.ts. */
export interface IdTableEpochs {
  advance(): number;
  passed(epoch: number): boolean;
}

/** The control thread's end. One object a table. */
export class IdTableWriter {
  readonly #place: IdTablePlace;
  readonly #words: Int32Array;
  readonly #slots: number;
  readonly #shift: number;
  readonly #epochs: IdTableEpochs;
  readonly #atomics: Pick<typeof Atomics, 'store'>;
  readonly #indexes = new Map<NodeId, number>();
  #half = 0;
  #marks = 0;
  /** Since when the other half is searched by nobody who comes anew. */
  #leftAt: number | undefined;

  constructor(place: IdTablePlace, epochs: IdTableEpochs, atomics: Pick<typeof Atomics, 'store'> = Atomics) {
    this.#place = place;
    this.#words = place.words.subarray(place.base, place.base + 2 * place.slots);
    this.#slots = place.slots;
    this.#shift = Math.clz32(place.slots) + 1;
    this.#epochs = epochs;
    this.#atomics = atomics;
  }

  /** Ids in the table. */
  get size(): number {
    return this.#indexes.size;
  }

  /** Leads from the id to the entry of this index, which names the id already. An earlier entry of the id is forgotten. */
  set(id: NodeId, index: number): void {
    invariant(index > 0 && index <= INDEX_MASK, 'an id has an entry');
    const before = this.#indexes.get(id);
    invariant(before !== undefined || this.#indexes.size < this.#place.capacity, 'the table has room for the id');
    this.#indexes.set(id, index);
    if (before === undefined) this.#insert(this.#half, id, index);
    else this.#put(this.#half, this.#placeOf(id, before), wordOf(id, index));
    if (this.#indexes.size === 1) this.#publish(this.#half + 1);
  }

  /** Forgets the id, if it still leads to this entry. */
  remove(id: NodeId, index: number): void {
    if (this.#indexes.get(id) !== index) return;
    const place = this.#placeOf(id, index);
    this.#indexes.delete(id);
    this.#put(this.#half, place, REMOVED);
    this.#marks++;
    this.#sweepBack(place);
    if (this.#indexes.size === 0) this.#publish(0);
    else if (this.#marks > this.#slots / 4) this.#rebuild();
  }

  #insert(half: number, id: NodeId, index: number): void {
    let place = spread(id) >>> this.#shift;
    while ((this.#at(half, place) & INDEX_MASK) !== 0) place = (place + 1) & (this.#slots - 1);
    if (this.#at(half, place) === REMOVED) this.#marks--;
    this.#put(half, place, wordOf(id, index));
  }

  /** Marks right before a word that was never used are not needed: searches end there anyway. */
  #sweepBack(from: number): void {
    const mask = this.#slots - 1;
    if (this.#at(this.#half, (from + 1) & mask) !== NEVER_USED) return;
    for (let place = from; this.#at(this.#half, place) === REMOVED; place = (place - 1) & mask) {
      this.#put(this.#half, place, NEVER_USED);
      this.#marks--;
    }
  }

  #rebuild(): void {
    if (this.#leftAt !== undefined && !this.#epochs.passed(this.#leftAt)) return;
    const other = 1 - this.#half;
    this.#words.fill(NEVER_USED, other * this.#slots, (other + 1) * this.#slots);
    this.#marks = 0;
    for (const [id, index] of this.#indexes) this.#insert(other, id, index);
    this.#half = other;
    this.#publish(other + 1);
    this.#leftAt = this.#epochs.advance();
  }

  #publish(half: number): void {
    this.#atomics.store(this.#place.words, this.#place.header, half);
  }

  #placeOf(id: NodeId, index: number): number {
    const word = wordOf(id, index);
    let place = spread(id) >>> this.#shift;
    while (this.#at(this.#half, place) !== word) place = (place + 1) & (this.#slots - 1);
    return place;
  }

  #at(half: number, place: number): number {
    return this.#words[half * this.#slots + place] as number;
  }

  #put(half: number, place: number, word: number): void {
    this.#atomics.store(this.#words, half * this.#slots + place, word);
  }
}

const wordOf = (id: NodeId, index: number): number => (spread(id) << INDEX_BITS) | index;
