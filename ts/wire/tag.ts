/**
 * The tag of a frame: SipHash-2-4 under a key that belongs to one session and direction, over
 *
 * ```
 *  bytes 0-15          the link header before the tag
 *  bytes 24-47         the network header; in frames other than Data also the payload, to the end
 *  4 bytes             the counter's high 32 bits, big-endian: they are not on the wire, the receiver infers them
 * ```
 * For a data frame this is a message of 44 bytes: six blocks, as many as 40 bytes would take. A spoofed, altered or misdirected frame dies
 * at the first hop, and a relay never reads the payload. One that is replayed has a good tag: that is the replay window's to find.
 */
import { FrameType, OFFSET_TAG } from './link-header.js';
import { HEADERS_BYTES } from './network-header.js';
import { SipHash } from './siphash.js';

const hash = new SipHash();
const tail = new DataView(new ArrayBuffer(16));

/** A tag key as four little-endian words, ready for hashing. */
export type TagKey = Readonly<Uint32Array>;

/** Makes a key of 16 bytes. */
export function tagKey(bytes: Uint8Array): TagKey {
  if (bytes.byteLength !== 16) throw new RangeError(`a tag key has 16 bytes, not ${bytes.byteLength}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return Uint32Array.of(
    view.getUint32(0, true),
    view.getUint32(4, true),
    view.getUint32(8, true),
    view.getUint32(12, true),
  );
}

/** Writes the tag into the frame of `length` bytes (at least 48) at `at`. `counterHigh`: the counter's high 32 bits. */
export function writeTag(view: DataView, at: number, length: number, key: TagKey, counterHigh: number): void {
  hashFrame(view, at, length, key, counterHigh);
  view.setUint32(at + OFFSET_TAG, hash.low, true);
  view.setUint32(at + OFFSET_TAG + 4, hash.high, true);
}

/** Whether the frame's tag is right. Takes the same time for every wrong one. */
export function checkTag(view: DataView, at: number, length: number, key: TagKey, counterHigh: number): boolean {
  hashFrame(view, at, length, key, counterHigh);
  const low = view.getUint32(at + OFFSET_TAG, true) ^ hash.low;
  const high = view.getUint32(at + OFFSET_TAG + 4, true) ^ hash.high;
  return (low | high) === 0;
}

function hashFrame(view: DataView, at: number, length: number, key: TagKey, counterHigh: number): void {
  const covered = (view.getUint8(at) & 15) === FrameType.Data ? HEADERS_BYTES : length;
  hash.start(key[0] as number, key[1] as number, key[2] as number, key[3] as number);
  hash.block(view.getUint32(at, true), view.getUint32(at + 4, true));
  hash.block(view.getUint32(at + 8, true), view.getUint32(at + 12, true));
  let offset = OFFSET_TAG + 8;
  for (; offset + 8 <= covered; offset += 8)
    hash.block(view.getUint32(at + offset, true), view.getUint32(at + offset + 4, true));

  // What is left of the frame and the high bits: 4 to 11 bytes.
  const left = covered - offset;
  tail.setUint32(0, 0);
  tail.setUint32(4, 0);
  tail.setUint32(8, 0);
  for (let i = 0; i < left; i++) tail.setUint8(i, view.getUint8(at + offset + i));
  tail.setUint32(left, counterHigh);
  const messageLength = covered - 8 + 4;
  if (left < 4) {
    hash.finish(tail.getUint32(0, true), tail.getUint32(4, true), messageLength);
  } else {
    hash.block(tail.getUint32(0, true), tail.getUint32(4, true));
    hash.finish(tail.getUint32(8, true), 0, messageLength);
  }
}
