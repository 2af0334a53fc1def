/**
 * The direct table: from the id of a neighbour to the link that leads to it, whose entry names it as its peer. Leaves are in it in all classes, other neighbours in
 * those in which the way by their own link is at least as good as the next hop of their slot (R22 in docs/routing.md).
 *
 * Proof, besides that of id-table.ts. *The class mask* is a word of the link's entry: only control writes it, whole. A worker that reads it a moment before it changes sends
 * a packet straight to its destination that might have gone by the slot, or the other way round: both are right, for the hop to the destination ends every way.
 */
import type { NodeId } from '../kit/node-id.js';
import { IdTable, type IdTableEpochs, type IdTablePlace, IdTableWriter, idSlots } from './id-table.js';
import { LINK_DIRECT_CLASSES, LINK_PEER_ID } from './link-table.js';
import { CLASSES, HEADER_WORD_DIRECT, LINK_ENTRY_BYTES, type Region } from './region.js';

/** Bit i for class i. */
export const ALL_CLASSES = (1 << CLASSES) - 1;

const STRIDE = LINK_ENTRY_BYTES / 4;

/** A worker's end. */
export class DirectTable {
  readonly #ids: IdTable;
  readonly #masks: Int32Array;
  readonly #firstMask: number;

  /** `view`: for tests that explore interleavings; the memory itself in production. */
  constructor(region: Region, view: (words: Int32Array) => Int32Array = (words) => words) {
    const place = placeOf(region);
    this.#ids = new IdTable(place, view);
    this.#masks = view(place.words);
    this.#firstMask = maskOf(region, 0);
  }

  /** To be called once a batch; false: nothing is in the table. */
  open(): boolean {
    return this.#ids.open();
  }

  /** The link that leads to `id` (as a signed word) in a class (0..3), 0: none. Between {@link open} and the end of the batch. */
  find(id: number, trafficClass: number): number {
    const link = this.#ids.find(id);
    if (link === 0) return 0;
    const mask = this.#masks[this.#firstMask + link * STRIDE] as number;
    return (mask >>> trafficClass) & 1 ? link : 0;
  }
}

/** The control thread's end. One object a region. */
export class DirectTableWriter {
  readonly #ids: IdTableWriter;
  readonly #region: Region;
  readonly #words: Int32Array;
  readonly #atomics: Pick<typeof Atomics, 'store'>;

  constructor(region: Region, epochs: IdTableEpochs, atomics: Pick<typeof Atomics, 'store'> = Atomics) {
    const place = placeOf(region);
    this.#ids = new IdTableWriter(place, epochs, atomics);
    this.#region = region;
    this.#words = place.words;
    this.#atomics = atomics;
  }

  /** Ids in the table. */
  get size(): number {
    return this.#ids.size;
  }

  /** Packets for `id` in these classes (bit i for class i, not 0) go into this link, which is installed with that id. An earlier link of the id is forgotten. */
  set(id: NodeId, link: number, classes = ALL_CLASSES): void {
    this.#atomics.store(this.#words, maskOf(this.#region, link), classes);
    this.#ids.set(id, link);
  }

  /** Forgets the id, if it still leads to this link. */
  remove(id: NodeId, link: number): void {
    this.#ids.remove(id, link);
  }
}

function placeOf({ buffer, layout }: Region): IdTablePlace {
  return {
    words: new Int32Array(buffer),
    header: HEADER_WORD_DIRECT,
    base: layout.directTable / 4,
    slots: idSlots(layout.links - 1),
    capacity: layout.links - 1,
    ids: (layout.linkEntries + LINK_PEER_ID) / 4,
    stride: STRIDE,
  };
}

function maskOf({ layout }: Region, link: number): number {
  return (layout.linkEntries + LINK_DIRECT_CLASSES) / 4 + link * STRIDE;
}
