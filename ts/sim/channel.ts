/**
 * A channel: one direction of a wire between two nodes. It decides for each datagram whether, when and how often it arrives.
 *
 * ```
 *             queue (bandwidth)      propagation           mishaps
 *   send ──▶ ▒▒▒▒▒▒▒▒ ──────────▶ delay + jitter ──▶ loss · reordering · duplication ──▶ arrival times
 *     too large, full: dropped                           cut: nothing arrives
 * ```
 */
import type { Random } from '../kit/random.js';

/** What a channel does to datagrams, with nothing broken. */
export interface ChannelModel {
  /** Propagation in one direction, ms. */
  readonly delay: number;
  /** Uniform extra delay of up to this much, ms; it keeps the order of datagrams. */
  readonly jitter: number;
  /** Probability that a datagram is lost: 0..1. */
  readonly loss: number;
  /** Probability that a datagram takes a detour and may be overtaken: 0..1. */
  readonly reorder: number;
  /** The longest such detour, ms. */
  readonly detour: number;
  /** Probability that a datagram arrives twice: 0..1. */
  readonly duplicate: number;
  /** Bytes a millisecond (1 = 8 kbit/s); Infinity: no limit. */
  readonly bandwidth: number;
  /** How long a datagram may wait for the wire before it is dropped, ms. */
  readonly queue: number;
  /** The largest frame that it carries, bytes; larger ones vanish. */
  readonly mtu: number;
}

export const PERFECT_CHANNEL: ChannelModel = {
  delay: 10,
  jitter: 0,
  loss: 0,
  reorder: 0,
  detour: 0,
  duplicate: 0,
  bandwidth: Infinity,
  queue: 500,
  mtu: Infinity,
};

export class Channel {
  /** What is in force now; faults replace it and healing sets it back to `base`. */
  model: ChannelModel;
  /** How many faults cut this direction at present. */
  cuts = 0;
  #wireFreeAt = 0;
  #lastArrival = 0;
  readonly #random: Random;

  constructor(
    public base: ChannelModel,
    random: Random,
  ) {
    this.model = base;
    this.#random = random;
  }

  /** The times at which a datagram of `bytes` sent at `now` arrives: none, one or two. */
  arrivals(now: number, bytes: number): number[] {
    const { delay, jitter, loss, reorder, detour, duplicate, bandwidth, queue, mtu } = this.model;
    if (this.cuts > 0 || bytes > mtu) return [];
    const start = Math.max(now, this.#wireFreeAt);
    if (start - now > queue) return [];
    this.#wireFreeAt = start + bytes / bandwidth;
    const random = this.#random;
    if (loss > 0 && random.chance(loss)) return [];
    let arrival = this.#wireFreeAt + delay + (jitter > 0 ? random.unit() * jitter : 0);
    if (reorder > 0 && random.chance(reorder)) arrival += random.unit() * detour;
    else this.#lastArrival = arrival = Math.max(arrival, this.#lastArrival);
    if (duplicate > 0 && random.chance(duplicate)) return [arrival, arrival + random.unit() * 2 * delay];
    return [arrival];
  }

  /** As it was made: not cut, and with the base model. */
  heal(): void {
    this.cuts = 0;
    this.model = this.base;
  }
}
