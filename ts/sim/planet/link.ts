/** A link between two nodes of a planet, and the sessions that it has: one at a time, of one incarnation of both ends. */
import type { BurstLoss } from './burst-loss.js';

/** Which end: 0 dials, 1 is dialed. */
export type End = 0 | 1;

/** How fast the round-trip time is smoothed: a sample counts an eighth. */
const GAIN = 1 / 8;
/** Smoothed values this near to the true one, as a share, have arrived. */
const NEAR = 0.01;

export class PlanetLink {
  /** Round trip over the network below, now, ms. */
  rtt: number;
  /** What the ends have measured, ms. */
  smoothed: number;
  /** How many faults cut the link now. */
  cuts = 0;
  /** Changes with each session: what belongs to an earlier one is not delivered. */
  session = 0;
  /** The link index of the session at each end; 0: that end has none. */
  readonly indexes: [number, number] = [0, 0];
  loss: readonly [BurstLoss, BurstLoss] | undefined;
  /** Bytes of routing in both directions. */
  bytes = 0;
  readonly nodes: readonly [number, number];

  constructor(a: number, b: number, rtt: number) {
    this.nodes = [a, b];
    this.rtt = rtt;
    this.smoothed = rtt;
  }

  /** A probe took `sample` ms; false once the smoothed value has arrived where it goes, without noise. */
  measure(sample: number): boolean {
    this.smoothed += GAIN * (sample - this.smoothed);
    return Math.abs(this.smoothed - this.rtt) > NEAR * this.rtt;
  }

  get isUp(): boolean {
    return this.indexes[0] !== 0 && this.indexes[1] !== 0;
  }
}
