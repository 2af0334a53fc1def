/**
 * Pins: paths that were asked for node by node, and are followed by array index. A label is given out by the node that will receive it, for
 * one link; each node on the path knows it by a label of its own.
 *
 * ```
 *   source ──label a──> relay ──label b──> relay ──label 0──> destination
 *   pinned destination    entry of a:        entry of b:        (it is there)
 *                         link, then b       link, then 0
 *
 *   label   31            12 11         0        entry, 32 bytes, at its index
 *          +----------------+------------+       +-------+---------+----------+-----------+-------------+-------+--------+
 *          | generation     | index      |       | label | in link | out link | out label | destination | class | unused |
 *          +----------------+------------+       +-------+---------+----------+-----------+-------------+-------+--------+
 *          index 0 is no entry, so 0 is no label  the label is 0 while the entry is not in use
 * ```
 * An entry whose in link is 0 is for packets that start here: they are found by destination and class (id-table.ts), and its own label is never sent.
 *
 * Proof. *Who writes*: the control thread alone. *Who reads*: workers, by plain loads. *Transitions*: free -> in use: all other words are written, then
 * the label, by an atomic store. In use -> free: the label becomes 0, by an atomic store; the entry is written again only after every worker has passed
 * an epoch since. So a worker that read the label in this turn reads the words that belong to it. The out label and the out link of an entry in use
 * never change: another path is another entry. *Forbidden*: an entry whose label is not of its own index. A label comes again after 2^20 uses
 * of its index; a packet of that age would have to be under way all the while.
 */
import { invariant } from '../kit/assert.js';
import type { NodeId } from '../kit/node-id.js';
import { IdTable, type IdTableEpochs, type IdTablePlace, IdTableWriter, idSlots } from './id-table.js';
import { HEADER_WORD_PINNED, PIN_ENTRY_BYTES, type Region } from './region.js';

const INDEX_BITS = 12;
const INDEX_MASK = (1 << INDEX_BITS) - 1;

const WORDS = PIN_ENTRY_BYTES / 4;
const LABEL = 0;
const IN_LINK = 1;
const OUT_LINK = 2;
const OUT_LABEL = 3;
const DESTINATION = 4;
const CLASS = 5;

/** One path through this node. */
export interface Pin {
  /** The link that its packets come by (the main one of a bundle); 0: they start here. */
  readonly inLink: number;
  readonly outLink: number;
  /** What they carry from here on; 0: the next node is the destination. */
  readonly outLabel: number;
  readonly destination: NodeId;
  readonly trafficClass: number;
}

/** A worker's end. */
export class PinTable {
  readonly #words: Int32Array;
  readonly #entries: number;
  readonly #pinned: IdTable;
  #anyPinned = false;

  constructor(region: Region) {
    this.#words = pinWords(region);
    this.#entries = region.layout.pins;
    this.#pinned = new IdTable(pinnedPlace(region));
  }

  /** To be called once a batch. */
  open(): void {
    this.#anyPinned = this.#pinned.open();
  }

  /** The place of the entry of a label that came by a link; -1: it means nothing here. */
  find(label: number, inLink: number): number {
    const index = label & INDEX_MASK;
    if (index === 0 || index > this.#entries) return -1;
    const at = index * WORDS;
    if (this.#words[at + LABEL] !== label || this.#words[at + IN_LINK] !== inLink) return -1;
    return at;
  }

  /** The place of the entry for packets that start here, to this destination (as a signed word) in this class; -1: none is pinned. */
  own(destination: number, trafficClass: number): number {
    if (!this.#anyPinned) return -1;
    const at = this.#pinned.find(destination) * WORDS;
    const words = this.#words;
    if (at === 0 || words[at + LABEL] === 0 || words[at + CLASS] !== trafficClass) return -1;
    return at;
  }

  outLink(place: number): number {
    return this.#words[place + OUT_LINK] as number;
  }

  outLabel(place: number): number {
    return this.#words[place + OUT_LABEL] as number;
  }
}

/** The control thread's end. One object a region. */
export class PinTableWriter {
  readonly #words: Int32Array;
  readonly #atomics: Pick<typeof Atomics, 'store'>;
  readonly #pinned: IdTableWriter;

  constructor(region: Region, epochs: IdTableEpochs, atomics: Pick<typeof Atomics, 'store'> = Atomics) {
    this.#words = pinWords(region);
    this.#atomics = atomics;
    this.#pinned = new IdTableWriter(pinnedPlace(region), epochs, atomics);
  }

  /** Enters a pin under a label whose index is free. One that starts here takes the place of the destination's former one. */
  install(label: number, { inLink, outLink, outLabel, destination, trafficClass }: Pin): void {
    const index = label & INDEX_MASK;
    const at = index * WORDS;
    invariant(index > 0 && at < this.#words.length && this.#words[at + LABEL] === 0, 'the entry of the label is free');
    this.#words[at + IN_LINK] = inLink;
    this.#words[at + OUT_LINK] = outLink;
    this.#words[at + OUT_LABEL] = outLabel;
    this.#words[at + DESTINATION] = destination;
    this.#words[at + CLASS] = trafficClass;
    this.#atomics.store(this.#words, at + LABEL, label | 0);
    if (inLink === 0) this.#pinned.set(destination, index);
  }

  /** Takes out the pin of a label. Its index may be used again when every worker has passed an epoch since. */
  remove(label: number): void {
    const index = label & INDEX_MASK;
    const at = index * WORDS;
    invariant(this.#words[at + LABEL] === (label | 0), 'a pin is taken out once');
    if (this.#words[at + IN_LINK] === 0) this.#pinned.remove((this.#words[at + DESTINATION] as number) >>> 0, index);
    this.#atomics.store(this.#words, at + LABEL, 0);
  }
}

function pinnedPlace({ buffer, layout }: Region): IdTablePlace {
  return {
    words: new Int32Array(buffer),
    header: HEADER_WORD_PINNED,
    base: layout.pinnedTable / 4,
    slots: idSlots(layout.pins),
    capacity: layout.pins,
    ids: layout.pinEntries / 4 + DESTINATION,
    stride: WORDS,
  };
}

function pinWords({ buffer, layout }: Region): Int32Array {
  return new Int32Array(buffer, layout.pinEntries, (layout.pins + 1) * WORDS);
}
