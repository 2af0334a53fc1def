/**
 * What is checked of every frame that comes from the network, in the order of cost: length, version, type, link number, size, tag, replay.
 * The portable port uses it; the native one does the same in C++, and one suite of tests holds for both.
 */
import { RunKind } from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import {
  LINK_FLAG_NO_TAGS,
  LINK_FLAGS,
  LINK_LAST_DATA_HEARD,
  LINK_LAST_HEARD,
  LINK_OUR_NUMBER,
  LINK_PORT_KIND,
  LINK_RX_BYTES,
  LINK_RX_FRAMES,
  LINK_RX_KEY,
  LINK_STATE,
  LinkState,
  type PortKind,
} from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import { ReplayWindows } from '../memory/replay-window.js';
import {
  FrameType,
  LINK_INDEX_MASK,
  NO_LINK,
  OFFSET_COUNTER,
  OFFSET_LINK_NUMBER,
  OFFSET_VERSION_TYPE,
  WIRE_VERSION,
} from '../wire/link-header.js';
import { HEADERS_BYTES, MAX_MTU } from '../wire/network-header.js';
import { checkTag, type TagKey } from '../wire/tag.js';
import { HandshakeGate } from './handshake-gate.js';

/** The kind of a run by the type of its frames. */
const KINDS: Readonly<Record<number, number>> = {
  [FrameType.Data]: RunKind.Data,
  [FrameType.Control]: RunKind.Control,
  [FrameType.Hello]: RunKind.Hello,
};

export class Inspector {
  /** The link by which the frame came that {@link inspect} took last; 0 for handshakes. */
  link = 0;
  readonly #slab: DataView;
  readonly #portKind: PortKind;
  readonly #links: number;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #keys: TagKey[];
  readonly #windows: ReplayWindows;
  readonly #gate: HandshakeGate;

  /** `portKind`: the kind of links whose frames may come this way. */
  constructor(region: Region, slab: DataView, portKind: PortKind) {
    const { buffer, layout } = region;
    this.#slab = slab;
    this.#portKind = portKind;
    this.#links = layout.links;
    this.#words = new Int32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
    this.#floats = new Float64Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 8);
    this.#keys = Array.from(
      { length: layout.links },
      (_, link) => new Uint32Array(buffer, layout.linkEntries + link * LINK_ENTRY_BYTES + LINK_RX_KEY, 4),
    );
    this.#windows = new ReplayWindows(region);
    this.#gate = new HandshakeGate(region, slab);
  }

  /**
   * The RunKind of the frame of `length` bytes at `at`, which is marked as received on its link; or, negative, the complement of the place of the
   * counter under which it must be dropped.
   */
  inspect(at: number, length: number, now: number): number {
    if (length < HEADERS_BYTES) return ~COUNTER.truncated;
    const versionType = this.#slab.getUint8(at + OFFSET_VERSION_TYPE);
    if (versionType >>> 4 !== WIRE_VERSION) return ~COUNTER.badVersion;
    const type = versionType & 15;
    const number = this.#slab.getInt32(at + OFFSET_LINK_NUMBER);
    if (type === FrameType.Handshake) {
      if (number !== NO_LINK) return ~COUNTER.unknownLink;
      this.link = 0;
      return this.#gate.judge(at, length, now);
    }
    const kind = KINDS[type];
    if (kind === undefined) return ~COUNTER.badType;

    const link = number & LINK_INDEX_MASK;
    if (link === 0 || link >= this.#links) return ~COUNTER.unknownLink;
    const entry = (link * LINK_ENTRY_BYTES) / 4;
    const words = this.#words;
    if (Atomics.load(words, entry + LINK_STATE / 4) !== LinkState.Live) return ~COUNTER.unknownLink;
    if (words[entry + LINK_OUR_NUMBER / 4] !== number) return ~COUNTER.unknownLink;
    if (words[entry + LINK_PORT_KIND / 4] !== this.#portKind) return ~COUNTER.unknownLink;
    // Not the link's MTU, which is for what we send: the peer has found its own. Hellos may be padded further.
    if (length > MAX_MTU && type !== FrameType.Hello) return ~COUNTER.oversize;

    const low = this.#slab.getUint32(at + OFFSET_COUNTER);
    const high = this.#windows.inferHigh(link, low);
    const tagged = ((words[entry + LINK_FLAGS / 4] as number) & LINK_FLAG_NO_TAGS) === 0;
    if (tagged && !checkTag(this.#slab, at, length, this.#keys[link] as TagKey, high)) return ~COUNTER.badTag;
    if (!this.#windows.accept(link, high, low)) return ~COUNTER.replayed;
    this.link = link;
    this.#markHeard(entry, length, type === FrameType.Data, now);
    return kind;
  }

  #markHeard(entry: number, length: number, isData: boolean, now: number): void {
    addUint64(this.#words, entry + LINK_RX_FRAMES / 4, 1);
    addUint64(this.#words, entry + LINK_RX_BYTES / 4, length);
    this.#floats[entry / 2 + LINK_LAST_HEARD / 8] = now;
    if (isData) this.#floats[entry / 2 + LINK_LAST_DATA_HEARD / 8] = now;
  }
}

/** Adds to a 64-bit number in shared memory whose only writer is this thread: the portable path has one I/O worker. */
function addUint64(words: Int32Array, low: number, n: number): void {
  const before = (words[low] as number) >>> 0;
  const after = (before + n) >>> 0;
  if (after < before) words[low + 1] = (words[low + 1] as number) + 1;
  words[low] = after;
}
