/** Writes fields of a Protocol Buffers message, for messages that are written too often for the library. */

/** The longest varint of 32 bits. */
export const VARINT_BYTES = 5;

export class FieldWriter {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** `mostBytes`: more than the message takes. */
  constructor(mostBytes: number) {
    this.#bytes = new Uint8Array(mostBytes);
  }

  /** A field of 32 bits; nothing when it is zero. */
  number(tagByte: number, value: number): void {
    if (value === 0) return;
    this.#bytes[this.#at++] = tagByte;
    this.varint(value);
  }

  varint(value: number): void {
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  fixed32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#at++] = (value >>> shift) & 0xff;
  }

  bytes(tagByte: number, bytes: Uint8Array): void {
    this.#bytes[this.#at++] = tagByte;
    this.varint(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Begins a field with a length, for which one byte is left; returns where its content starts. */
  begin(tagByte: number): number {
    this.#bytes[this.#at++] = tagByte;
    return ++this.#at;
  }

  /** Ends the field whose content starts at `start`: one of 128 bytes or more moves on to make room for the rest of its length. */
  end(start: number): void {
    const length = this.#at - start;
    const more = varintBytes(length) - 1;
    if (more > 0) this.#bytes.copyWithin(start + more, start, this.#at);
    this.#at = start - 1;
    this.varint(length);
    this.#at += length;
  }

  /** What was written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}
