/**
 * How large a frame one direction of a link carries: the search of RFC 8899 (packetization layer path MTU discovery), as a state machine
 * without a clock or a socket. Its owner sends the probes, which are hellos with padding, and tells it what becomes of them.
 *
 * ```
 *              probe acknowledged: MTU = its size
 *                      ┌────┐
 *                      │    v
 *   start ──────────> searching ── no candidate left ──> complete: the MTU itself is probed now and then, and
 *                      ^    │                            │         at once when frames were lost
 *                      │    │ candidate lost 3 times:    │
 *                      │    └ only smaller ones are left │
 *                      │                                 │
 *                      ├──── raise timer, new network ───┤ larger candidates are tried again
 *                      └──── black hole, device refuses ─┘ MTU = base
 * ```
 * *A probe is lost* when its time is up and a smaller hello that left after it has been answered. So a link that is silent, or about to go
 * down, or merely slow, loses no probe: only one on which small frames arrive and large ones do not. A black hole is the same thing
 * happening to frames of the MTU's own size.
 *
 * The candidates are the sizes that are common in the world, for a path's MTU is hardly ever anything else: the common one first, then the
 * largest, then by halves.
 */

/** Probes of one size, before it is given up (MAX_PROBES of the RFC). */
export const MAX_PROBES = 3;
/** After this long larger sizes are tried again, ms (PMTU_RAISE_TIMER). */
export const RAISE_MS = 600_000;
/** How often the MTU that was found is confirmed, ms (CONFIRMATION_TIMER); and how soon again when frames are lost. */
export const CONFIRM_MS = 10_000;
/** The same of a leaf's link: a relay has thousands of them, mostly idle. Those that lose frames are confirmed at once, like any other. */
export const CONFIRM_LEAF_MS = RAISE_MS;
export const SUSPECT_GAP_MS = 500;

export class MtuSearch {
  /** The largest frame that is known to arrive, bytes. */
  mtu: number;
  state: 'searching' | 'complete' = 'searching';
  /** Probes that were lost so far. */
  probesLost = 0;
  readonly #base: number;
  readonly #candidates: readonly number[];
  readonly #first: number;
  readonly #confirmMs: number;
  /** Sizes from here on do not arrive. */
  #tooLarge = Infinity;
  /** The probe under way: its size (0: none), the hellos that were sent with that size, and until when the last may be answered. */
  #probe = 0;
  #sequences: number[] = [];
  #dueAt = 0;
  /** A smaller hello that left after the last probe has been answered. */
  #isOvertaken = false;
  #confirmedAt = 0;
  #confirmAt = Infinity;
  #raiseAt = Infinity;

  /** `candidates`: sizes above `base`, ascending. `first`: the one to try before all others. `confirmMs`: see {@link CONFIRM_MS}. */
  constructor(base: number, candidates: readonly number[], first: number, confirmMs: number = CONFIRM_MS) {
    this.mtu = base;
    this.#base = base;
    this.#candidates = candidates;
    this.#first = first;
    this.#confirmMs = confirmMs;
  }

  /** When {@link poll} wants to be called; Infinity: it waits for an answer. */
  nextTimeout(): number {
    if (this.#probe !== 0) return this.#isOvertaken ? this.#dueAt : Infinity;
    if (this.state === 'searching') return -Infinity;
    return Math.min(this.#confirmAt, this.#raiseAt);
  }

  /** What is to be probed now: a size for which the owner sends a hello and calls {@link sent}; 0: nothing. */
  poll(now: number): number {
    if (this.#probe !== 0) {
      if (!this.#isOvertaken || now < this.#dueAt) return 0;
      this.probesLost++;
      if (this.#sequences.length < MAX_PROBES) return this.#probe;
      this.#givenUp(now);
    }
    if (this.state === 'complete' && now >= this.#raiseAt) this.#search();
    if (this.state === 'searching') {
      const candidate = this.#nextCandidate();
      if (candidate !== 0) return candidate;
      this.#complete(now);
    }
    return now >= this.#confirmAt ? this.mtu : 0;
  }

  /** A probe of `size` bytes left as hello `sequence`; it is answered within `timeout` ms, if all goes well. */
  sent(size: number, sequence: number, timeout: number, now: number): void {
    if (size !== this.#probe) this.#sequences = [];
    this.#probe = size;
    this.#sequences.push(sequence);
    this.#dueAt = now + timeout;
    this.#isOvertaken = false;
  }

  /** Hello `sequence`, which was no probe, has been answered. */
  alive(sequence: number): void {
    const last = this.#sequences.at(-1);
    if (last !== undefined && ((sequence - last) | 0) > 0) this.#isOvertaken = true;
  }

  /** A reply says that hello `sequence` arrived with `size` bytes. */
  acknowledged(sequence: number, size: number, now: number): void {
    if (size !== this.#probe || !this.#sequences.includes(sequence)) return;
    this.#endProbe();
    this.mtu = size;
    this.#confirmedAt = now;
    this.#confirmAt = now + this.#confirmMs;
  }

  /** Frames were lost: perhaps those of the MTU's size. */
  suspect(now: number): void {
    if (this.state !== 'complete' || this.mtu === this.#base) return;
    this.#confirmAt = Math.min(this.#confirmAt, Math.max(now, this.#confirmedAt + SUSPECT_GAP_MS));
  }

  /** The machine's own device refuses frames of the MTU, or they vanish on the way: from the base upwards again. */
  fall(): void {
    this.mtu = this.#base;
    this.#search();
  }

  /** The way may be another one now. */
  restart(): void {
    this.#search();
  }

  #search(): void {
    this.state = 'searching';
    this.#tooLarge = Infinity;
    this.#endProbe();
  }

  #endProbe(): void {
    this.#probe = 0;
    this.#sequences = [];
  }

  #givenUp(now: number): void {
    const size = this.#probe;
    this.#endProbe();
    if (size > this.mtu) this.#tooLarge = size;
    else if (this.state === 'complete') {
      // A black hole: what was carried is carried no more.
      this.fall();
      this.#tooLarge = size;
    }
    this.#confirmAt = now + this.#confirmMs;
  }

  #complete(now: number): void {
    this.state = 'complete';
    this.#confirmAt = this.mtu === this.#base ? Infinity : now + this.#confirmMs;
    this.#raiseAt = this.mtu === this.#candidates.at(-1) ? Infinity : now + RAISE_MS;
  }

  /** The size to try next between what arrives and what does not; 0: none is left. */
  #nextCandidate(): number {
    const open = this.#candidates.filter((size) => size > this.mtu && size < this.#tooLarge);
    if (open.includes(this.#first)) return this.#first;
    if (this.#tooLarge === Infinity) return open.at(-1) ?? 0;
    return open[open.length >>> 1] ?? 0;
  }
}
