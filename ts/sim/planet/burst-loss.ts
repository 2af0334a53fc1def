/**
 * Loss in bursts, after Gilbert and Elliott: a channel is good, where nothing is lost, or bad. How long it stays in a state is exponential.
 *
 * ```
 *            mean goodMs                    mean badMs
 *   ┌──────── good ────────▶ bad, each datagram is lost with probability `loss` ──┐
 *   └──────────────────────────────────────────────────────────────────────────────┘
 * ```
 */
import type { Random } from '../../kit/random.js';

export interface BurstLossModel {
  /** Mean length of the good times, ms. */
  readonly goodMs: number;
  /** Mean length of the bad times, ms. */
  readonly badMs: number;
  /** Probability of loss in a bad time, 0..1. */
  readonly loss: number;
}

export class BurstLoss {
  readonly #model: BurstLossModel;
  readonly #random: Random;
  #isBad = false;
  #until: number;

  /** Begins in a good time. */
  constructor(model: BurstLossModel, random: Random, now: number) {
    this.#model = model;
    this.#random = random;
    this.#until = now + this.#length();
  }

  /** Whether a datagram that is sent now is lost. Times must not fall. */
  takes(now: number): boolean {
    while (this.#until <= now) {
      this.#isBad = !this.#isBad;
      this.#until += this.#length();
    }
    return this.#isBad && this.#random.chance(this.#model.loss);
  }

  #length(): number {
    return -Math.log(1 - this.#random.unit()) * (this.#isBad ? this.#model.badMs : this.#model.goodMs);
  }
}
