/**
 * What paths carry, a destination: the largest frame, where it is known to be less than the first link's MTU. Control learns it from errors
 * ("too big"), workers cut datagrams by it.
 *
 * A table of words, found by a hash of the destination: 16 bits of hash that tell destinations of one place apart, 16 bits of frame size.
 *
 * ```
 *   hash of the id (32 bits)   |  tag 31..16  |    | place 11..0 |
 *   word                       |  tag 31..16  | frame bytes 15..0 |      0: nothing is known
 * ```
 * Proof. *Who writes*: the control thread, one atomic store a word. *Who reads*: workers, with plain loads. *Valid*: any word to any word; a
 * reader sees the old one or the new one. A word belongs to whoever wrote it last, and two destinations may share tag and place: the worst that
 * follows is that datagrams are cut smaller than they need be, or that an error comes once more.
 */
import { PATH_MTU_WORDS, type Region } from './region.js';

export class PathMtus {
  readonly #words: Int32Array;

  constructor(region: Region) {
    this.#words = new Int32Array(region.buffer, region.layout.pathMtus, PATH_MTU_WORDS);
  }

  /** The largest frame (bytes) that is known to reach the destination; `otherwise` when nothing is known. */
  get(destination: number, otherwise: number): number {
    const hash = hashOf(destination);
    const word = this.#words[hash & (PATH_MTU_WORDS - 1)] as number;
    return word !== 0 && (word ^ hash) >>> 16 === 0 ? Math.min(otherwise, word & 0xffff) : otherwise;
  }

  /** For control: what reaches the destination, up to 65 535 bytes; 0: forget it. */
  set(destination: number, frameBytes: number): void {
    const hash = hashOf(destination);
    const place = hash & (PATH_MTU_WORDS - 1);
    if (frameBytes > 0) Atomics.store(this.#words, place, (hash & ~0xffff) | frameBytes);
    else if (((this.#words[place] as number) ^ hash) >>> 16 === 0) Atomics.store(this.#words, place, 0);
  }
}

/** Ids of one network differ in few bits. A bijection, so that destinations of one place differ in their tags, or in the bits between. */
function hashOf(id: number): number {
  let hash = Math.imul(id ^ (id >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}
