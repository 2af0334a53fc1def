/**
 * Cuts a stream into frames, however its chunks are cut: two bytes of length, big-endian, then the frame.
 *
 * ```
 *   0        2                  2 + n
 *   +--------+------------------+--------+----
 *   | n      | frame, n bytes   | n'     | ...
 *   +--------+------------------+--------+----
 * ```
 * A stream whose length is not that of a frame cannot be taken up again: nobody knows where the next frame starts.
 */
import { HEADERS_BYTES } from '../../wire/network-header.js';

/** Bytes of a frame's length. */
export const LENGTH_BYTES = 2;
/** The longest frame that a stream carries. */
export const MAX_STREAM_FRAME_BYTES = 65_535;

/** Takes the frame in bytes `start` to `end` of `bytes`, which it must not keep. False: nothing more of this stream is wanted. */
export type FrameTaker = (bytes: Uint8Array, start: number, end: number) => boolean;

export class FrameSplitter {
  /** Longer frames are malformed. */
  limit: number;
  readonly #onFrame: FrameTaker;
  /** The frame that is not whole yet, its length included; as long as the longest such one so far. */
  #part = new Uint8Array(LENGTH_BYTES);
  #filled = 0;

  constructor(limit: number, onFrame: FrameTaker) {
    this.limit = limit;
    this.#onFrame = onFrame;
  }

  /** Takes the stream's next bytes. False: the stream is malformed, or no longer wanted. */
  push(chunk: Uint8Array): boolean {
    let at = 0;
    while (this.#filled > 0) {
      at = this.#goOn(chunk, at);
      if (at < 0) return false;
      if (at === chunk.byteLength && this.#filled > 0) return true;
    }
    for (;;) {
      const left = chunk.byteLength - at;
      if (left < LENGTH_BYTES) break;
      const length = lengthAt(chunk, at);
      if (!this.#isPossible(length)) return false;
      if (left < LENGTH_BYTES + length) break;
      if (!this.#onFrame(chunk, at + LENGTH_BYTES, at + LENGTH_BYTES + length)) return false;
      at += LENGTH_BYTES + length;
    }
    this.#keep(chunk, at, chunk.byteLength);
    return true;
  }

  /** Completes the length, then the frame, that an earlier chunk began. How far the chunk was read; -1 for the end of the stream. */
  #goOn(chunk: Uint8Array, at: number): number {
    const wanted = this.#filled < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + lengthAt(this.#part, 0);
    const end = Math.min(chunk.byteLength, at + wanted - this.#filled);
    this.#keep(chunk, at, end);
    if (this.#filled < wanted) return end;
    if (wanted === LENGTH_BYTES) return this.#isPossible(lengthAt(this.#part, 0)) ? end : -1;
    this.#filled = 0;
    return this.#onFrame(this.#part, LENGTH_BYTES, wanted) ? end : -1;
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    const filled = this.#filled + end - start;
    if (filled > this.#part.byteLength) {
      // Room for the whole frame: its length, which has been checked, is known by now.
      const length = this.#filled === 0 ? lengthAt(chunk, start) : lengthAt(this.#part, 0);
      const longer = new Uint8Array(LENGTH_BYTES + length);
      longer.set(this.#part.subarray(0, this.#filled));
      this.#part = longer;
    }
    this.#part.set(chunk.subarray(start, end), this.#filled);
    this.#filled = filled;
  }

  #isPossible(length: number): boolean {
    return length >= HEADERS_BYTES && length <= this.limit;
  }
}

const lengthAt = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
