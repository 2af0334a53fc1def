/**
 * The leaf table: from the id of a leaf of this node to the link that leads to it. Exact, open addressing, one word an entry.
 *
 * ```
 *   header word HEADER_WORD_LEAVES:  0 no leaf    1 look in half 0    2 look in half 1
 *
 *   half 0  +-----+-----+-----+ ...   each a power of two of words, at least two a leaf: searches are short
 *   half 1  +-----+-----+-----+ ...
 *
 *    31                  12 11                  0
 *   +----------------------+---------------------+
 *   | 20 bits of the hash  | link                |     0: never used;  link 0: removed, the search goes on
 *   +----------------------+---------------------+
 * ```
 * Proof. *Who writes*: the control thread alone, one atomic store a word. *Who reads*: workers, by plain loads of aligned words, each whole.
 * *A hit is right, by whatever way the word was come by*: a word is only a hint. The link's entry must name the id as its peer, and while a
 * link index is in use its entry's peer does not change; the index is used anew only after every worker has passed an epoch since the word was
 * taken out (link-table.ts, epochs.ts), so a worker that read the word in this turn reads the peer that belongs to it.
 * *A miss is right or a moment old*: an entry does not move within a half. Removing leaves a mark that searches pass over. A mark
 * becomes "never used" again only when the word after it is: a search that ended there would have ended one word later. So whoever looks for
 * an id that is there all the while finds it. A miss that is a moment old costs at most one packet its short way.
 * *Rebuild and publish*: marks are swept by filling the other half and then storing the header word. *Forbidden*: to write a half
 * anew before every worker has passed an epoch since it was left, for somebody might still search it: until then marks stay.
 * *Bound*: a search takes at most as many words as a half has, were they all marks; a quarter of them brings the next rebuild.
 */
import { invariant } from '../kit/assert.js';
import type { NodeId } from '../kit/node-id.js';
import { LINK_PEER_ID } from './link-table.js';
import { HEADER_WORD_LEAVES, LINK_ENTRY_BYTES, leafSlots, type Region } from './region.js';

const LINK_BITS = 12;
const LINK_MASK = (1 << LINK_BITS) - 1;
const NEVER_USED = 0;
/** No link has this word: its link is 0. */
const REMOVED = 1 << LINK_BITS;

/** 2^32 / golden ratio: neighbouring ids are spread over the table (Knuth, 6.4). */
const spread = (id: number): number => Math.imul(id, 0x9e3779b1);

/** A worker's end. */
export class LeafTable {
  readonly #header: Int32Array;
  readonly #words: Int32Array;
  readonly #entries: Int32Array;
  readonly #slots: number;
  readonly #shift: number;
  #base = 0;

  /** `view`: for tests that explore interleavings; the memory itself in production. */
  constructor(region: Region, view: (words: Int32Array) => Int32Array = (words) => words) {
    this.#header = view(new Int32Array(region.buffer, 0, HEADER_WORD_LEAVES + 1));
    this.#words = view(tableWords(region));
    this.#entries = new Int32Array(
      region.buffer,
      region.layout.linkEntries,
      (region.layout.links * LINK_ENTRY_BYTES) / 4,
    );
    this.#slots = leafSlots(region.layout.leaves);
    this.#shift = Math.clz32(this.#slots) + 1;
  }

  /** To be called once a batch; false: there are no leaves, and nothing to look for. */
  open(): boolean {
    const half = this.#header[HEADER_WORD_LEAVES] as number;
    this.#base = (half - 1) * this.#slots;
    return half !== 0;
  }

  /** The link of the leaf `id` (as a signed word), 0: it is none of this node's. Between {@link open} and the end of the batch. */
  find(id: number): number {
    const hash = spread(id);
    const mask = this.#slots - 1;
    const home = hash >>> this.#shift;
    for (let step = 0; step <= mask; step++) {
      const word = this.#words[this.#base + ((home + step) & mask)] as number;
      if (word === NEVER_USED) return 0;
      const link = word & LINK_MASK;
      if (((word ^ (hash << LINK_BITS)) & ~LINK_MASK) !== 0 || link === 0) continue;
      if (this.#entries[(link * LINK_ENTRY_BYTES + LINK_PEER_ID) / 4] === id) return link;
    }
    return 0;
  }
}

/** What the writer needs of epochs.ts. */
export interface LeafEpochs {
  advance(): number;
  passed(epoch: number): boolean;
}

/** The control thread's end. One object a region. */
export class LeafTableWriter {
  readonly #header: Int32Array;
  readonly #words: Int32Array;
  readonly #capacity: number;
  readonly #slots: number;
  readonly #shift: number;
  readonly #epochs: LeafEpochs;
  readonly #atomics: Pick<typeof Atomics, 'store'>;
  readonly #leaves = new Map<NodeId, number>();
  #half = 0;
  #marks = 0;
  /** Since when the other half is searched by nobody who comes anew. */
  #leftAt: number | undefined;

  constructor(region: Region, epochs: LeafEpochs, atomics: Pick<typeof Atomics, 'store'> = Atomics) {
    this.#header = new Int32Array(region.buffer);
    this.#words = tableWords(region);
    this.#capacity = region.layout.leaves;
    this.#slots = leafSlots(region.layout.leaves);
    this.#shift = Math.clz32(this.#slots) + 1;
    this.#epochs = epochs;
    this.#atomics = atomics;
  }

  /** Leaves in the table. */
  get size(): number {
    return this.#leaves.size;
  }

  /** Leads from the id to the link, whose entry names the id as its peer already. An earlier link of the id is forgotten. */
  set(id: NodeId, link: number): void {
    invariant(link > 0 && link <= LINK_MASK, 'a leaf has a link');
    const before = this.#leaves.get(id);
    invariant(before !== undefined || this.#leaves.size < this.#capacity, 'the table has room for the leaf');
    this.#leaves.set(id, link);
    if (before === undefined) this.#insert(this.#half, id, link);
    else this.#put(this.#half, this.#placeOf(id, before), wordOf(id, link));
    if (this.#leaves.size === 1) this.#publish();
  }

  /** Forgets the id, if it still leads to this link. */
  remove(id: NodeId, link: number): void {
    if (this.#leaves.get(id) !== link) return;
    const place = this.#placeOf(id, link);
    this.#leaves.delete(id);
    this.#put(this.#half, place, REMOVED);
    this.#marks++;
    this.#sweepBack(place);
    if (this.#leaves.size === 0) this.#atomics.store(this.#header, HEADER_WORD_LEAVES, 0);
    else if (this.#marks > this.#slots / 4) this.#rebuild();
  }

  #insert(half: number, id: NodeId, link: number): void {
    let place = spread(id) >>> this.#shift;
    while ((this.#at(half, place) & LINK_MASK) !== 0) place = (place + 1) & (this.#slots - 1);
    if (this.#at(half, place) === REMOVED) this.#marks--;
    this.#put(half, place, wordOf(id, link));
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
    for (const [id, link] of this.#leaves) this.#insert(other, id, link);
    this.#half = other;
    this.#publish();
    this.#leftAt = this.#epochs.advance();
  }

  #publish(): void {
    this.#atomics.store(this.#header, HEADER_WORD_LEAVES, this.#half + 1);
  }

  #placeOf(id: NodeId, link: number): number {
    const word = wordOf(id, link);
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

const wordOf = (id: NodeId, link: number): number => (spread(id) << LINK_BITS) | link;

function tableWords({ buffer, layout }: Region): Int32Array {
  return new Int32Array(buffer, layout.leafTable, 2 * leafSlots(layout.leaves));
}
