/**
 * Reads fields of a Protocol Buffers message that is in the form in which it is usually written: tags of one byte, varints of 32 bits. After the first
 * thing that is not, a reader has `failed` and is at its end; what it returns from then on means nothing.
 */
export class FieldReader {
  failed = false;
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  isAtEnd(): boolean {
    return this.failed || this.#at === this.#end;
  }

  /** Field number and wire type. */
  tag(): number {
    return this.#at < this.#end ? (this.#bytes[this.#at++] as number) : this.#fail();
  }

  /** At most 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; this.#at < this.#end; shift += 7) {
      const group = this.#bytes[this.#at++] as number;
      if (shift === 28 && group > 15) return this.#fail();
      value |= (group & 0x7f) << shift;
      if (group < 0x80) return value >>> 0;
    }
    return this.#fail();
  }

  fixed32(): number {
    if (this.#at + 4 > this.#end) return this.#fail();
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) value |= (this.#bytes[this.#at++] as number) << shift;
    return value >>> 0;
  }

  /** The content of a field with a length. */
  bytes(): Uint8Array {
    const length = this.#length();
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** The same, to be read field by field. */
  enter(): FieldReader {
    const length = this.#length();
    const part = new FieldReader(this.#bytes, this.#at - length, this.#at);
    part.failed = this.failed;
    return part;
  }

  #length(): number {
    const length = this.varint();
    if (length > this.#end - this.#at) return this.#fail();
    this.#at += length;
    return length;
  }

  #fail(): 0 {
    this.failed = true;
    return 0;
  }
}
