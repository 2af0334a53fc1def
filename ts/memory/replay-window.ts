/**
 * Replay windows: which of a link's last 4096 counters have been seen (RFC 6479, with the high half inferred as in RFC 4303, appendix A).
 *
 * ```
 *   highest - 4095                              highest
 *   |<------------- 4096 bits, bit = counter mod 4096 ------------->|      older: too old to tell, refused
 * ```
 * native/replay_window.h is the same in C++ on the same memory. A receiver infers the high half, checks the tag, which covers all 64 bits, and
 * only then accepts: a forged frame moves nothing.
 *
 * Proof. *Who writes*: bits and highest belong to whoever holds the lock word of the link's entry (0: nobody, n + 1: worker n), taken by
 * compare-and-swap (acquire), given back by a store (release); where one thread receives everything, as in the portable path, it needs no lock.
 * *Valid*: highest grows; a bit is set once while its counter is in the window; moving highest on clears the bits it passes, which belong
 * to counters that are now too old. *Forbidden*: accepting before the tag is known to be good; counter 0 (never sent, so a window of
 * zeros has seen nothing). Counters from 2^53 on are refused: at a million frames a second a session reaches them after 285 years.
 */
import { LINK_LOCK, LINK_RX_HIGHEST } from './link-table.js';
import { LINK_ENTRY_BYTES, REPLAY_WINDOW_BITS, REPLAY_WINDOW_BYTES, type Region } from './region.js';

const TWO_31 = 0x8000_0000;
const TWO_32 = 0x1_0000_0000;
const WINDOW_WORDS = REPLAY_WINDOW_BYTES / 4;
const WORD_MASK = WINDOW_WORDS - 1;
const LOCK_WAIT_MS = 1;

type LockOperations = Pick<typeof Atomics, 'compareExchange' | 'store' | 'wait'>;

/** The windows of all links. `link` is a link index. */
export class ReplayWindows {
  readonly #entries: Int32Array;
  readonly #bits: Int32Array;
  readonly #atomics: LockOperations;

  constructor({ buffer, layout }: Region, atomics: LockOperations = Atomics) {
    this.#entries = new Int32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
    this.#bits = new Int32Array(buffer, layout.replayWindows, layout.links * WINDOW_WORDS);
    this.#atomics = atomics;
  }

  /** The high half of the counter whose low half (0 to 2^32 - 1) was received: the nearest to the highest counter so far. */
  inferHigh(link: number, low: number): number {
    const at = (link * LINK_ENTRY_BYTES + LINK_RX_HIGHEST) / 4;
    const highestLow = (this.#entries[at] as number) >>> 0;
    const high = (this.#entries[at + 1] as number) >>> 0;
    if (low + TWO_31 < highestLow) return high + 1;
    if (low > highestLow + TWO_31 && high > 0) return high - 1;
    return high;
  }

  /** Whether the frame with this counter, whose tag is good, is new; then it is seen from now on. */
  accept(link: number, high: number, low: number): boolean {
    const at = (link * LINK_ENTRY_BYTES + LINK_RX_HIGHEST) / 4;
    const highestLow = (this.#entries[at] as number) >>> 0;
    const ahead = (high - ((this.#entries[at + 1] as number) >>> 0)) * TWO_32 + (low - highestLow);
    const word = link * WINDOW_WORDS + ((low >>> 5) & WORD_MASK);
    const bit = 1 << (low & 31);
    if (ahead > 0) {
      if (high >= 0x20_0000) return false;
      if (ahead > 1) this.#forget(link, highestLow + 1, ahead - 1);
      this.#entries[at] = low;
      this.#entries[at + 1] = high;
      this.#bits[word] = (this.#bits[word] as number) | bit;
      return true;
    }
    if (ahead <= -REPLAY_WINDOW_BITS || (high === 0 && low === 0)) return false;
    const seen = this.#bits[word] as number;
    if ((seen & bit) !== 0) return false;
    this.#bits[word] = seen | bit;
    return true;
  }

  /** Takes the link's lock for worker `worker`. Blocks for as long as another one holds it: for a part of a batch. */
  lock(link: number, worker: number): void {
    const at = (link * LINK_ENTRY_BYTES + LINK_LOCK) / 4;
    for (;;) {
      const holder = this.#atomics.compareExchange(this.#entries, at, 0, worker + 1);
      if (holder === 0) return;
      this.#atomics.wait(this.#entries, at, holder, LOCK_WAIT_MS); // native holders do not notify: a nap, not a wait
    }
  }

  unlock(link: number): void {
    this.#atomics.store(this.#entries, (link * LINK_ENTRY_BYTES + LINK_LOCK) / 4, 0);
  }

  /** Gives back every lock of a worker whose thread has ended. Returns how many it held (0 or 1: nobody holds two). */
  breakLocks(worker: number): number {
    const links = this.#entries.length / (LINK_ENTRY_BYTES / 4);
    let broken = 0;
    for (let link = 0; link < links; link++) {
      const at = (link * LINK_ENTRY_BYTES + LINK_LOCK) / 4;
      if (this.#atomics.compareExchange(this.#entries, at, worker + 1, 0) === worker + 1) broken++;
    }
    return broken;
  }

  /** Clears the bits of `count` counters from the one with low half `first` (which may be 2^32: it stands for 0). */
  #forget(link: number, first: number, count: number): void {
    const start = link * WINDOW_WORDS;
    if (count >= REPLAY_WINDOW_BITS) {
      this.#bits.fill(0, start, start + WINDOW_WORDS);
      return;
    }
    let position = first & (REPLAY_WINDOW_BITS - 1);
    let left = count;
    while (left > 0) {
      const shift = position & 31;
      const width = Math.min(32 - shift, left);
      const mask = width === 32 ? -1 : ((1 << width) - 1) << shift;
      const word = start + ((position >>> 5) & WORD_MASK);
      this.#bits[word] = (this.#bits[word] as number) & ~mask;
      position += width;
      left -= width;
    }
  }
}
