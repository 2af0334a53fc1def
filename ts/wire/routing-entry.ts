/**
 * Packed entries of a RoutingSync message: what a node says of one slot (a layer and a byte).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---+---+-------+-------------------------------+
 * |  byte (slot)  |lay|knd|classes|   seqno - base: varint, 1-5 B ...
 * +---------------+---+---+-------+-------------------------------+
 * |     hops      |              distance                         |   once a class of the mask,
 * +---------------+-----------------------------------------------+   lowest class first:
 * |              metric                           |                   distance 3 B, metric 3 B
 * +-----------------------------------------------+
 * ```
 * `lay` is the layer less one; `classes` a mask, bit i for traffic class i; `knd` one of
 * - 0 *route*: everything drawn above: 10-11 bytes for one class, 28-29 for four (with a seqno of 1-2 bytes);
 * - 1 *retraction*: byte and flags only, 2 bytes: no route any more in the classes of the mask;
 * - 2 *own zone*: byte, flags (mask 0) and seqno: the sequence number of the zone that both ends are in.
 *
 * Varints are little-endian groups of seven bits, as in Protocol Buffers. The base is the message's `base_seqno`.
 */
import type { Layer } from '../kit/node-id.js';

/** No route: larger than every metric, and than every label's distance. 24 bits. */
export const INFINITE = 0xffffff;
export const MAX_SEQNO = 0xffffffff;
export const ROUTING_CLASSES = 4;
/** The longest entry: four classes and a five-byte sequence number. */
export const MAX_ENTRY_BYTES = 2 + 5 + 1 + ROUTING_CLASSES * 6;

const KIND_ROUTE = 0;
const KIND_RETRACTION = 1;
const KIND_OWN_ZONE = 2;

/** What one class's route costs. Both are integers from 0 to {@link INFINITE} - 1. */
export interface ClassRoute {
  readonly trafficClass: number;
  readonly distance: number;
  readonly metric: number;
}

export type RoutingEntry =
  | {
      readonly kind: 'route';
      readonly layer: Layer;
      readonly byte: number;
      readonly seqno: number;
      /** 0 to 255, the last meaning "or more". */
      readonly hops: number;
      /** At least one, in rising order of the class. */
      readonly classes: readonly ClassRoute[];
    }
  | { readonly kind: 'retraction'; readonly layer: Layer; readonly byte: number; readonly classMask: number }
  | { readonly kind: 'ownZone'; readonly layer: Layer; readonly byte: number; readonly seqno: number };

/** Why a string of bytes is not a list of entries. */
export type EntryRefusal =
  | 'truncated'
  | 'unknownKind'
  | 'noClass'
  | 'strayClass'
  | 'longVarint'
  | 'seqnoOverflow'
  | 'infinite';

/** Packs entries into a buffer of its own, which is used again after {@link start}. */
export class RoutingEntryWriter {
  readonly #bytes: Uint8Array;
  #base = 0;
  #capacity = 0;
  #at = 0;

  /** @param limit the most bytes that a list of entries ever takes. */
  constructor(limit: number) {
    this.#bytes = new Uint8Array(limit + MAX_ENTRY_BYTES);
  }

  /** A new list, with sequence numbers from `base` upwards, of at most `capacity` bytes. */
  start(base: number, capacity: number): void {
    this.#base = base;
    this.#capacity = Math.min(capacity, this.#bytes.length - MAX_ENTRY_BYTES);
    this.#at = 0;
  }

  /** Appends the entry; false, and nothing appended, when it does not fit. */
  write(entry: RoutingEntry): boolean {
    const before = this.#at;
    this.#append(entry);
    if (this.#at <= this.#capacity) return true;
    this.#at = before;
    return false;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #append(entry: RoutingEntry): void {
    const bytes = this.#bytes;
    bytes[this.#at++] = entry.byte;
    const layerBits = (entry.layer - 1) << 6;
    switch (entry.kind) {
      case 'retraction':
        bytes[this.#at++] = layerBits | (KIND_RETRACTION << 4) | entry.classMask;
        return;
      case 'ownZone':
        bytes[this.#at++] = layerBits | (KIND_OWN_ZONE << 4);
        this.#varint(entry.seqno - this.#base);
        return;
      case 'route': {
        let mask = 0;
        for (const route of entry.classes) mask |= 1 << route.trafficClass;
        bytes[this.#at++] = layerBits | (KIND_ROUTE << 4) | mask;
        this.#varint(entry.seqno - this.#base);
        bytes[this.#at++] = entry.hops;
        for (const route of entry.classes) {
          this.#uint24(route.distance);
          this.#uint24(route.metric);
        }
      }
    }
  }

  #varint(value: number): void {
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #uint24(value: number): void {
    this.#bytes[this.#at++] = value >>> 16;
    this.#bytes[this.#at++] = (value >>> 8) & 0xff;
    this.#bytes[this.#at++] = value & 0xff;
  }
}

/** Reads a list of entries: all of it, or the reason why not. Never throws. */
export function readRoutingEntries(bytes: Uint8Array, base: number): RoutingEntry[] | EntryRefusal {
  const entries: RoutingEntry[] = [];
  const reader = new Reader(bytes, base);
  while (reader.left() > 0) {
    const entry = readEntry(reader);
    if (typeof entry === 'string') return entry;
    entries.push(entry);
  }
  return entries;
}

function readEntry(reader: Reader): RoutingEntry | EntryRefusal {
  if (reader.left() < 2) return 'truncated';
  const byte = reader.uint8();
  const flags = reader.uint8();
  const layer = ((flags >>> 6) + 1) as Layer;
  const kind = (flags >>> 4) & 3;
  const classMask = flags & 15;
  if (kind > KIND_OWN_ZONE) return 'unknownKind';
  if (kind === KIND_OWN_ZONE && classMask !== 0) return 'strayClass';
  if (kind !== KIND_OWN_ZONE && classMask === 0) return 'noClass';
  if (kind === KIND_RETRACTION) return { kind: 'retraction', layer, byte, classMask };

  const seqno = reader.seqno();
  if (typeof seqno === 'string') return seqno;
  if (kind === KIND_OWN_ZONE) return { kind: 'ownZone', layer, byte, seqno };

  if (reader.left() < 1) return 'truncated';
  const hops = reader.uint8();
  const classes: ClassRoute[] = [];
  for (let trafficClass = 0; trafficClass < ROUTING_CLASSES; trafficClass++) {
    if ((classMask & (1 << trafficClass)) === 0) continue;
    if (reader.left() < 6) return 'truncated';
    const distance = reader.uint24();
    const metric = reader.uint24();
    if (distance === INFINITE || metric === INFINITE) return 'infinite';
    classes.push({ trafficClass, distance, metric });
  }
  return { kind: 'route', layer, byte, seqno, hops, classes };
}

class Reader {
  #at = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly base: number,
  ) {}

  left(): number {
    return this.bytes.length - this.#at;
  }

  uint8(): number {
    return this.bytes[this.#at++] as number;
  }

  uint24(): number {
    return (this.uint8() << 16) | (this.uint8() << 8) | this.uint8();
  }

  /** Base plus a varint. Computed without 32-bit operators, which would hide an overflow. */
  seqno(): number | EntryRefusal {
    let seqno = this.base;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      if (this.left() === 0) return 'truncated';
      const group = this.uint8();
      seqno += (group & 0x7f) * scale;
      if (group < 0x80) return seqno <= MAX_SEQNO ? seqno : 'seqnoOverflow';
    }
    return 'longVarint';
  }
}
