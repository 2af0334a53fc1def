/**
 * Reads a node's pin table as it lies in shared memory, by the diagram in ts/memory/pin-table.ts and without its code: what a checker shares with what
 * it checks cannot be found wrong.
 */
import { LINK_BUNDLE_OF, LINK_STATE, LinkState } from '../../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../../memory/region.js';

/** 32 bytes an entry, index 0 is none. */
const ENTRY_WORDS = 8;
const INDEX_MASK = 0xfff;

export interface PinEntry {
  readonly index: number;
  /** Unsigned. */
  readonly label: number;
  /** 0: its packets start here. */
  readonly inLink: number;
  readonly outLink: number;
  /** 0: the next node is the destination. */
  readonly outLabel: number;
  readonly destination: number;
  readonly trafficClass: number;
}

export class PinReader {
  readonly #pins: Uint32Array;
  readonly #links: Int32Array;

  constructor({ buffer, layout }: Region) {
    this.#pins = new Uint32Array(buffer, layout.pinEntries, (layout.pins + 1) * ENTRY_WORDS);
    this.#links = new Int32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
  }

  /** All entries that are in use. */
  entries(): PinEntry[] {
    const entries: PinEntry[] = [];
    for (let index = 0; index * ENTRY_WORDS < this.#pins.length; index++) {
      const entry = this.#at(index);
      if (entry) entries.push(entry);
    }
    return entries;
  }

  /** The entry that is in use under this very label. */
  entryOf(label: number): PinEntry | undefined {
    const index = label & INDEX_MASK;
    const entry = index * ENTRY_WORDS < this.#pins.length ? this.#at(index) : undefined;
    return entry?.label === label ? entry : undefined;
  }

  isLive(link: number): boolean {
    return this.#linkWord(link, LINK_STATE) === LinkState.Live;
  }

  /** The link that stands for the bundle of a session; of most the session's own. */
  mainOf(link: number): number {
    return this.#linkWord(link, LINK_BUNDLE_OF) || link;
  }

  #linkWord(link: number, offset: number): number {
    return this.#links[(link * LINK_ENTRY_BYTES + offset) / 4] ?? 0;
  }

  #at(index: number): PinEntry | undefined {
    const [label, inLink, outLink, outLabel, destination, trafficClass] = this.#pins.subarray(index * ENTRY_WORDS);
    if (!label) return undefined;
    const next = { outLink: outLink as number, outLabel: outLabel as number };
    return {
      index,
      label,
      inLink: inLink as number,
      ...next,
      destination: destination as number,
      trafficClass: trafficClass as number,
    };
  }
}
