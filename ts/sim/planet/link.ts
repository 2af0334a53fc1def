/** A link between two nodes of a planet, and the sessions that it has: one at a time, of one incarnation of both ends. */
import { DEFAULT_COST, type LinkQuality } from '../../control/routing/link-quality.js';
import type { BurstLoss } from './burst-loss.js';

/** Which end: 0 dials, 1 is dialed. */
export type End = 0 | 1;
export const BOTH_ENDS: readonly End[] = [0, 1];

/** What a link is worth besides its round trip, as its ends know it: both directions alike. */
export type LinkWorth = Omit<LinkQuality, 'rtt'>;

/** A link of which nobody has measured or said anything. */
const PLAIN: LinkWorth = { loss: 0, cost: DEFAULT_COST, bandwidth: 0 };

/** How fast the round-trip time is smoothed: a sample counts an eighth. */
const GAIN = 1 / 8;
/** Smoothed values this near to the true one, as a share, have arrived. */
const NEAR = 0.01;

export class PlanetLink {
  /** Round trip over the network below, now, ms. */
  rtt: number;
  /** What the ends have measured, ms. */
  smoothed: number;
  worth: LinkWorth = PLAIN;
  /** How many faults stop the datagrams of each end now. */
  readonly cuts: [number, number] = [0, 0];
  /** Changes with each session: what belongs to an earlier one is not delivered. */
  session = 0;
  /** The link index of the session at each end; 0: that end has none. */
  readonly indexes: [number, number] = [0, 0];
  loss: readonly [BurstLoss, BurstLoss] | undefined;
  /** Share of datagrams that are lost by chance besides, 0..1, in both directions. */
  drop = 0;
  /** Datagrams take up to so much longer, evenly, ms: they overtake each other. */
  detour = 0;
  /** Within its planet, from 0. */
  readonly number: number;
  readonly nodes: readonly [number, number];

  constructor(number: number, a: number, b: number, rtt: number) {
    this.number = number;
    this.nodes = [a, b];
    this.rtt = rtt;
    this.smoothed = rtt;
  }

  /** A probe took `sample` ms; false once the smoothed value has arrived where it goes, without noise. */
  measure(sample: number): boolean {
    this.smoothed += GAIN * (sample - this.smoothed);
    return Math.abs(this.smoothed - this.rtt) > NEAR * this.rtt;
  }

  /** What routing is told of it. */
  get quality(): LinkQuality {
    return { rtt: this.smoothed, ...this.worth };
  }

  /** Whether some fault stops datagrams. */
  get isCut(): boolean {
    return this.cuts[0] + this.cuts[1] > 0;
  }

  get isUp(): boolean {
    return this.indexes[0] !== 0 && this.indexes[1] !== 0;
  }
}
