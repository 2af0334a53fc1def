/**
 * Fragments: datagrams larger than the path carries are cut by their source and put together by their destination, never by a relay.
 *
 * A fragment is a packet of its own (protocol Fragment) with the network header of the datagram, whose payload begins with
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+-----------------------------------------------+
 * |   protocol    |        number of the datagram                 |  0
 * +---------------+---------------+-------------------------------+
 * |  part, from 0 |  parts, 2-255 |  bytes of the whole payload   |  4
 * +---------------+---------------+-------------------------------+
 * ```
 * All parts have ceil(whole / parts) bytes, the last one what is left (at least one byte). So where a part belongs and how long it is follow
 * from the header: parts that overlap or leave gaps cannot be said. Fragments are parts of one datagram when source, ports, protocol
 * and number are equal; then `parts` and `whole` must be, too.
 *
 * Total: any bytes yield a fragment or `malformed`.
 */
import { MAX_PAYLOAD_BYTES, SEAL_BYTES } from './network-header.js';

export const FRAGMENT_BYTES = 8;
export const FRAGMENT_NUMBER = 0;
export const FRAGMENT_PART = 4;
export const FRAGMENT_PARTS = 5;
export const FRAGMENT_WHOLE = 6;

export const MAX_PARTS = 255;
/** The largest payload that is put together: the largest datagram, sealed. */
export const MAX_WHOLE = MAX_PAYLOAD_BYTES + SEAL_BYTES;

export interface Fragment {
  readonly protocol: number;
  /** 24 bits. */
  readonly number: number;
  readonly part: number;
  readonly parts: number;
  /** Bytes of the datagram's payload. */
  readonly whole: number;
}

/** Bytes of each part but the last. */
export function partBytes(whole: number, parts: number): number {
  return Math.ceil(whole / parts);
}

/** Bytes of one part; 0 or less when there can be no such part. */
export function partLength(whole: number, parts: number, part: number): number {
  const bytes = partBytes(whole, parts);
  return part < parts - 1 ? bytes : whole - (parts - 1) * bytes;
}

export function writeFragment(view: DataView, at: number, { protocol, number, part, parts, whole }: Fragment): void {
  view.setUint32(at + FRAGMENT_NUMBER, ((protocol << 24) | (number & 0xff_ffff)) >>> 0);
  view.setUint8(at + FRAGMENT_PART, part);
  view.setUint8(at + FRAGMENT_PARTS, parts);
  view.setUint16(at + FRAGMENT_WHOLE, whole);
}

/** Whether `length` bytes of payload with these fields are a part that can be. */
export function isFragment(part: number, parts: number, whole: number, length: number): boolean {
  return (
    parts >= 2 &&
    part < parts &&
    whole <= MAX_WHOLE &&
    partLength(whole, parts, parts - 1) > 0 &&
    length === FRAGMENT_BYTES + partLength(whole, parts, part)
  );
}

/** Reads the header of a fragment's payload. */
export function readFragment(payload: Uint8Array): Fragment | 'malformed' {
  if (payload.byteLength < FRAGMENT_BYTES) return 'malformed';
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const word = view.getUint32(FRAGMENT_NUMBER);
  const part = view.getUint8(FRAGMENT_PART);
  const parts = view.getUint8(FRAGMENT_PARTS);
  const whole = view.getUint16(FRAGMENT_WHOLE);
  if (!isFragment(part, parts, whole, payload.byteLength)) return 'malformed';
  return { protocol: word >>> 24, number: word & 0xff_ffff, part, parts, whole };
}
