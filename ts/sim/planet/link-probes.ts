/** Round trips that change, as the ends of the links measure them: now and then, with noise, and smoothed. */
import type { Random } from '../../kit/random.js';
import type { EventQueue } from '../event-queue.js';
import type { PlanetLink } from './link.js';

/** How often ends measure the round trip of links whose delay changes, ms. */
const PROBE_MS = 500;

export class LinkProbes {
  /** White noise on every measured round trip, as a share: 0..1. */
  noise = 0;
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #tell: (link: PlanetLink) => void;
  /** Links whose measured round trip is on its way to another value. */
  readonly #moving = new Set<PlanetLink>();
  #isProbing = false;

  /** @param tell both ends have measured the link. */
  constructor(queue: EventQueue, random: Random, tell: (link: PlanetLink) => void) {
    this.#queue = queue;
    this.#random = random;
    this.#tell = tell;
  }

  /** The ends measure the link from now on, as long as its round trip changes. */
  watch(link: PlanetLink): void {
    this.#moving.add(link);
    if (this.#isProbing) return;
    this.#isProbing = true;
    this.#queue.after(PROBE_MS, () => this.#probe());
  }

  #probe(): void {
    for (const link of this.#moving) {
      const noise = 1 + this.noise * (2 * this.#random.unit() - 1);
      const goesOn = link.measure(link.rtt * noise);
      this.#tell(link);
      if (!goesOn && this.noise === 0) this.#moving.delete(link);
    }
    this.#isProbing = this.#moving.size > 0;
    if (this.#isProbing) this.#queue.after(PROBE_MS, () => this.#probe());
  }
}
