/**
 * Which handshake frames a worker hands up. No session vouches for them, so three questions are asked, the cheap ones here:
 *
 * ```
 *   frame ──> our network's fingerprint? ── yes ──> tag good? ── yes ──> bucket of 2048, 2000/s ──> control plane
 *                 └── no ──> bucket of 50, 50/s ──> control plane  └── no ──> dropped: badTag
 * ```
 * So a flood of frames that somebody has made up takes nothing from those who know the network key, however many of these dial at once. What
 * is left to an enemy, to send recorded frames again, is bounded by the larger bucket. (The native port does the same: native/handshake_gate.h.)
 */
import { RunKind } from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import {
  FOREIGN_HANDSHAKE_BURST,
  FOREIGN_HANDSHAKE_RATE,
  HANDSHAKE_BURST,
  HANDSHAKE_RATE,
  NODE_FLAG_KEYED,
} from '../memory/handshake-gate.js';
import {
  HEADER_BYTES,
  HEADER_WORD_FINGERPRINT,
  HEADER_WORD_FLAGS,
  HEADER_WORD_HANDSHAKE_KEY,
  type Region,
} from '../memory/region.js';
import { OFFSET_LABEL } from '../wire/link-header.js';
import { checkTag, type TagKey } from '../wire/tag.js';

class Bucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at = 0;

  constructor(rate: number, burst: number) {
    this.#perMs = rate / 1000;
    this.#burst = burst;
    this.#tokens = burst;
  }

  take(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

export class HandshakeGate {
  readonly #slab: DataView;
  readonly #header: Int32Array;
  readonly #key: TagKey;
  readonly #own = new Bucket(HANDSHAKE_RATE, HANDSHAKE_BURST);
  readonly #foreign = new Bucket(FOREIGN_HANDSHAKE_RATE, FOREIGN_HANDSHAKE_BURST);

  constructor({ buffer }: Region, slab: DataView) {
    this.#slab = slab;
    this.#header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#key = new Uint32Array(buffer, 4 * HEADER_WORD_HANDSHAKE_KEY, 4);
  }

  /** `RunKind.Handshake`, or the complement of the place of the counter under which the frame of `length` bytes at `at` is dropped. */
  judge(at: number, length: number, now: number): number {
    const isOwn = this.#isKeyed() && this.#slab.getInt32(at + OFFSET_LABEL) === this.#header[HEADER_WORD_FINGERPRINT];
    if (isOwn && !checkTag(this.#slab, at, length, this.#key, 0)) return ~COUNTER.badTag;
    return (isOwn ? this.#own : this.#foreign).take(now) ? RunKind.Handshake : ~COUNTER.handshakeLimited;
  }

  #isKeyed(): boolean {
    return ((this.#header[HEADER_WORD_FLAGS] as number) & NODE_FLAG_KEYED) !== 0;
  }
}
