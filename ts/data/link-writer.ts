/**
 * Writes the link headers of frames that leave: TTL, link number, counter, tag; and counts what leaves into the link's entry. Counters are
 * added without locks: the portable path has one I/O worker, their only writer; so has a simulated node.
 */
import { readHost } from '../memory/address.js';
import { ADDRESS_PORT } from '../memory/batch.js';
import {
  LINK_ADDRESS_FAMILY,
  LINK_FLAG_NO_TAGS,
  LINK_FLAGS,
  LINK_LAST_DATA_SENT,
  LINK_OUR_NUMBER,
  LINK_PEER_NUMBER,
  LINK_TX_BYTES,
  LINK_TX_COUNTER,
  LINK_TX_FRAMES,
  LINK_TX_KEY,
} from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import { FrameType, OFFSET_COUNTER, OFFSET_LINK_NUMBER, OFFSET_TAG, OFFSET_TTL } from '../wire/link-header.js';
import { type TagKey, writeTag } from '../wire/tag.js';

/** Where a link's frames go, as dgram takes it. */
interface Peer {
  /** The session for which this holds. */
  readonly number: number;
  readonly host: string;
  readonly port: number;
}

export class LinkWriter {
  readonly #slab: DataView;
  readonly #entries: DataView;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #keys: TagKey[];
  readonly #peers: (Peer | undefined)[] = [];

  constructor({ buffer, layout }: Region, slab: DataView) {
    const bytes = layout.links * LINK_ENTRY_BYTES;
    this.#slab = slab;
    this.#entries = new DataView(buffer, layout.linkEntries, bytes);
    this.#words = new Int32Array(buffer, layout.linkEntries, bytes / 4);
    this.#floats = new Float64Array(buffer, layout.linkEntries, bytes / 8);
    this.#keys = Array.from(
      { length: layout.links },
      (_, link) => new Uint32Array(buffer, layout.linkEntries + link * LINK_ENTRY_BYTES + LINK_TX_KEY, 4),
    );
  }

  /** The address of the link's other end, kept as text while the session lasts. */
  peer(link: number): Peer {
    const entry = link * LINK_ENTRY_BYTES;
    const number = this.#words[(entry + LINK_OUR_NUMBER) / 4] as number;
    const known = this.#peers[link];
    if (known && known.number === number) return known;
    const address = entry + LINK_ADDRESS_FAMILY;
    const peer = {
      number,
      host: readHost(this.#entries, address),
      port: this.#entries.getInt32(address + ADDRESS_PORT, true),
    };
    this.#peers[link] = peer;
    return peer;
  }

  /** Makes the frame of `length` bytes at `frame` ready to leave by `link`. */
  write(link: number, frame: number, length: number, isTransit: boolean, now: number): void {
    const slab = this.#slab;
    const entry = (link * LINK_ENTRY_BYTES) / 4;
    if (isTransit) slab.setUint8(frame + OFFSET_TTL, slab.getUint8(frame + OFFSET_TTL) - 1);
    slab.setInt32(frame + OFFSET_LINK_NUMBER, this.#words[entry + LINK_PEER_NUMBER / 4] as number);
    const low = (this.#words[entry + LINK_TX_COUNTER / 4] as number) >>> 0;
    const high = (this.#words[entry + LINK_TX_COUNTER / 4 + 1] as number) >>> 0;
    slab.setUint32(frame + OFFSET_COUNTER, low);
    if (((this.#words[entry + LINK_FLAGS / 4] as number) & LINK_FLAG_NO_TAGS) === 0)
      writeTag(slab, frame, length, this.#keys[link] as TagKey, high);
    else {
      slab.setInt32(frame + OFFSET_TAG, 0);
      slab.setInt32(frame + OFFSET_TAG + 4, 0);
    }
    this.skip(link, length);
    if ((slab.getUint8(frame) & 15) === FrameType.Data) this.#floats[entry / 2 + LINK_LAST_DATA_SENT / 8] = now;
  }

  /** A frame of `length` bytes takes a counter of `link` as if it left, and is lost: the other end sees, and reports, that it is missing. */
  skip(link: number, length: number): void {
    const entry = (link * LINK_ENTRY_BYTES) / 4;
    this.#add(entry + LINK_TX_COUNTER / 4, 1);
    this.#add(entry + LINK_TX_FRAMES / 4, 1);
    this.#add(entry + LINK_TX_BYTES / 4, length);
  }

  #add(low: number, n: number): void {
    const before = (this.#words[low] as number) >>> 0;
    const after = (before + n) >>> 0;
    if (after < before) this.#words[low + 1] = (this.#words[low + 1] as number) + 1;
    this.#words[low] = after;
  }
}
