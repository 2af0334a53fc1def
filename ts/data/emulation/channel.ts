/**
 * What becomes of a frame that enters an emulated wire: when it comes out, or why it never does.
 *
 * ```
 *               rate, queue            loss        delay ± jitter
 *   mtu ──> ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ ───────> lost? ───> ────────────────> out      (a share of `reorder` skips the delay)
 *           full: dropped
 * ```
 * Times are ticks (ts/memory/emulated-wires.ts), 32-bit integers: so nothing is allocated, and several workers can share a wire.
 */
import type { EmulationModel } from '../../kit/emulation.js';
import type { Random } from '../../kit/random.js';
import { WIRE_FREE, WIRE_IDLE_SECONDS, WIRE_USED, WIRE_WORDS } from '../../memory/emulated-wires.js';

/** Why a frame does not come out. */
export const LOST = -1;
export const FULL = -2;
export const TOO_LARGE = -3;

/** Ticks of a time in ms. */
export const ticksOf = (ms: number): number => (ms * 1000) | 0;

export class EmulatedChannels {
  readonly #models: readonly EmulationModel[];
  readonly #random: Random;
  readonly #wires: Int32Array;
  /** By wire: the part of a tick that rounding has left over, so that the rate is exact in the long run. */
  readonly #rest: Float64Array;
  /** By wire: the latest time at which a frame comes out, ms. */
  readonly #last: Float64Array;
  #now = 0;

  constructor(models: readonly EmulationModel[], wires: Int32Array, random: Random) {
    this.#models = models;
    this.#random = random;
    this.#wires = wires;
    this.#rest = new Float64Array(wires.length / WIRE_WORDS);
    this.#last = new Float64Array(wires.length / WIRE_WORDS);
  }

  /** What enters from here on enters at this time, ms. */
  setNow(now: number): void {
    this.#now = now;
  }

  /** A frame enters a wire of model `index`: the ticks from now until it comes out, or why it does not. */
  enter(index: number, wire: number, bytes: number): number {
    const { delay, jitter, loss, reorder, rate, queue, mtu } = this.#models[index] as EmulationModel;
    if (mtu > 0 && bytes > mtu) return TOO_LARGE;
    const sent = rate > 0 ? this.#transmit(wire, bytes / rate, queue) : 0;
    if (sent < 0) return FULL;
    if (loss > 0 && this.#random.chance(loss)) return LOST;
    if (reorder > 0 && this.#random.chance(reorder)) return sent;
    const spread = jitter > 0 ? (2 * this.#random.unit() - 1) * jitter : 0;
    return this.#inOrder(wire, sent + Math.max(0, Math.round((delay + spread) * 1000)));
  }

  /** Takes the wire for `ms`, behind whoever has it. Ticks until the frame has been sent, -1: the queue is full. */
  #transmit(wire: number, ms: number, queue: number): number {
    const wires = this.#wires;
    const at = wire * WIRE_WORDS;
    const now = ticksOf(this.#now);
    const seconds = (this.#now / 1000) | 0;
    const exact = ms * 1000 + (this.#rest[wire] as number);
    const ticks = Math.floor(exact);
    for (;;) {
      const isIdle = seconds - Atomics.load(wires, at + WIRE_USED) > WIRE_IDLE_SECONDS;
      const free = Atomics.load(wires, at + WIRE_FREE);
      const wait = isIdle ? 0 : Math.max(0, (free - now) | 0);
      if (wait > queue * 1000) return -1;
      const done = wait + ticks;
      if (Atomics.compareExchange(wires, at + WIRE_FREE, free, (now + done) | 0) !== free) continue;
      Atomics.store(wires, at + WIRE_USED, seconds);
      this.#rest[wire] = exact - ticks;
      return done;
    }
  }

  /** No frame overtakes those before it. `out`: the ticks after which the frame would come out. */
  #inOrder(wire: number, out: number): number {
    const before = Math.ceil(((this.#last[wire] as number) - this.#now) * 1000);
    const kept = before > out ? before : out;
    this.#last[wire] = this.#now + kept / 1000;
    return kept;
  }
}
