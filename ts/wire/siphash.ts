/**
 * SipHash-2-4 with a 64-bit result (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), on 32-bit halves: BigInt would
 * allocate. The native twin is native/siphash.h; both are tested with the vectors of the paper's appendix A and against each other.
 *
 * The state is a class and not an array so that its fields stay in registers once V8 has inlined the methods.
 */
export class SipHash {
  #v0l = 0;
  #v0h = 0;
  #v1l = 0;
  #v1h = 0;
  #v2l = 0;
  #v2h = 0;
  #v3l = 0;
  #v3h = 0;

  /** The result's low and high half, valid after {@link finish}: the hash's bytes are low, then high, little-endian each. */
  low = 0;
  high = 0;

  /** Starts a hash under a 16-byte key, given as four little-endian words. */
  start(key0: number, key1: number, key2: number, key3: number): void {
    this.#v0l = key0 ^ 0x70736575;
    this.#v0h = key1 ^ 0x736f6d65;
    this.#v1l = key2 ^ 0x6e646f6d;
    this.#v1h = key3 ^ 0x646f7261;
    this.#v2l = key0 ^ 0x6e657261;
    this.#v2h = key1 ^ 0x6c796765;
    this.#v3l = key2 ^ 0x79746573;
    this.#v3h = key3 ^ 0x74656462;
  }

  /** Takes eight bytes of the message: two little-endian words. */
  block(low: number, high: number): void {
    this.#v3l ^= low;
    this.#v3h ^= high;
    this.#rounds(2);
    this.#v0l ^= low;
    this.#v0h ^= high;
  }

  /**
   * Takes the last 0 to 7 bytes (zero-padded, as two little-endian words) and makes the result.
   * `length` is the length of the whole message in bytes.
   */
  finish(low: number, high: number, length: number): void {
    this.block(low, high | ((length & 255) << 24));
    this.#v2l ^= 255;
    this.#rounds(4);
    this.low = (this.#v0l ^ this.#v1l ^ this.#v2l ^ this.#v3l) >>> 0;
    this.high = (this.#v0h ^ this.#v1h ^ this.#v2h ^ this.#v3h) >>> 0;
  }

  #rounds(n: number): void {
    let v0l = this.#v0l;
    let v0h = this.#v0h;
    let v1l = this.#v1l;
    let v1h = this.#v1h;
    let v2l = this.#v2l;
    let v2h = this.#v2h;
    let v3l = this.#v3l;
    let v3h = this.#v3h;
    for (let i = 0; i < n; i++) {
      // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
      let low = (v0l + v1l) | 0;
      v0h = (v0h + v1h + (low >>> 0 < v0l >>> 0 ? 1 : 0)) | 0;
      v0l = low;
      let swap = (v1l << 13) | (v1h >>> 19);
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = swap ^ v0l;
      swap = v0l;
      v0l = v0h;
      v0h = swap;
      // v2 += v3; v3 <<<= 16; v3 ^= v2
      low = (v2l + v3l) | 0;
      v2h = (v2h + v3h + (low >>> 0 < v2l >>> 0 ? 1 : 0)) | 0;
      v2l = low;
      swap = (v3l << 16) | (v3h >>> 16);
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = swap ^ v2l;
      // v0 += v3; v3 <<<= 21; v3 ^= v0
      low = (v0l + v3l) | 0;
      v0h = (v0h + v3h + (low >>> 0 < v0l >>> 0 ? 1 : 0)) | 0;
      v0l = low;
      swap = (v3l << 21) | (v3h >>> 11);
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = swap ^ v0l;
      // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
      low = (v2l + v1l) | 0;
      v2h = (v2h + v1h + (low >>> 0 < v2l >>> 0 ? 1 : 0)) | 0;
      v2l = low;
      swap = (v1l << 17) | (v1h >>> 15);
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = swap ^ v2l;
      swap = v2l;
      v2l = v2h;
      v2h = swap;
    }
    this.#v0l = v0l;
    this.#v0h = v0h;
    this.#v1l = v1l;
    this.#v1h = v1h;
    this.#v2l = v2l;
    this.#v2h = v2h;
    this.#v3l = v3l;
    this.#v3h = v3h;
  }
}
