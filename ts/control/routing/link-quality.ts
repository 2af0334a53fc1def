/**
 * What a link is worth to each class: the measured quality, damped, and the four costs that routes are computed with.
 *
 * Damping: each part of the quality has a deadband around what was last taken, so that the noise of a measurement moves nothing, and a real change
 * passes at once. What follows from it is the whole vector of costs; only the classes whose cost changed are routed anew.
 */
import { TrafficClass } from '../../wire/network-header.js';
import { INFINITE } from '../../wire/routing-entry.js';
import { narrowness, sumOf, TRAFFIC_CLASSES, widthMetric } from './metric.js';

/** What is known of a link in the direction of the neighbour. */
export interface LinkQuality {
  /** Smoothed round-trip time, ms. */
  readonly rtt: number;
  /** Share of frames that do not arrive, 0..1. */
  readonly loss: number;
  /** Administrative cost, 0..{@link MOST_COST}; 1 where nobody has set one. */
  readonly cost: number;
  /** Megabits a second; 0: not known. */
  readonly bandwidth: number;
}

export const MOST_COST = 1000;
export const DEFAULT_COST = 1;

const UNITS_PER_MS = 10;
const UNITS_PER_HOP = 10;
const LEAST_COST = 11;
const MOST_LOSS = 0.9999;
/** A round trip is taken anew when it moved by more than a tenth and 2 ms. */
const RTT_SHARE = 0.1;
const RTT_NOISE_MS = 2;
/** Loss is taken anew when it moved by more than half of what was taken and this much. */
const LOSS_SHARE = 0.5;
const LOSS_NOISE = 0.002;

/** Steps of bandwidth: 1 from 0.25 Mbit/s, each the double of the one before, 15 from 4096 Mbit/s. */
const FIRST_STEP_MBIT = 0.25;
const MOST_STEP = 15;
/** What is taken of a link whose bandwidth nobody knows: 64 to 128 Mbit/s. */
const UNKNOWN_STEP = 9;
/** How far beyond the edge of its step a bandwidth must be to be of another one. */
const STEP_MARGIN = 1.2;

/** A link of which only the round-trip time is known, ms. */
export function plainLink(rtt: number): LinkQuality {
  return { rtt, loss: 0, cost: DEFAULT_COST, bandwidth: 0 };
}

/** The step of a bandwidth in Mbit/s; `before`: the step that it had, which it keeps within the margin. */
export function bandwidthStep(bandwidth: number, before?: number): number {
  if (bandwidth <= 0) return UNKNOWN_STEP;
  if (before !== undefined) {
    const isBelow = bandwidth * STEP_MARGIN < stepEdge(before);
    const isAbove = before < MOST_STEP && bandwidth >= stepEdge(before + 1) * STEP_MARGIN;
    if (!isBelow && !isAbove) return before;
  }
  return Math.min(MOST_STEP, Math.max(0, 1 + Math.floor(Math.log2(bandwidth / FIRST_STEP_MBIT))));
}

/** The least bandwidth of a step, Mbit/s. */
export function stepEdge(step: number): number {
  return step <= 0 ? 0 : FIRST_STEP_MBIT * 2 ** (step - 1);
}

/** The costs of a link, by class: integers of at least 11, as the table in metric.ts says. */
export class LinkCosts {
  #rtt: number;
  #loss: number;
  #cost: number;
  #step: number;
  /** By class. */
  readonly byClass: number[];

  constructor(quality: LinkQuality) {
    this.#rtt = quality.rtt;
    this.#loss = quality.loss;
    this.#cost = quality.cost;
    this.#step = bandwidthStep(quality.bandwidth);
    this.byClass = TRAFFIC_CLASSES.map((trafficClass) => this.#compute(trafficClass));
  }

  /** Takes what moved far enough. The classes whose cost changed: bit i for class i. */
  update({ rtt, loss, cost, bandwidth }: LinkQuality): number {
    const step = bandwidthStep(bandwidth, this.#step);
    const hasMoved = isOff(rtt, this.#rtt, RTT_SHARE, RTT_NOISE_MS);
    const losesOtherwise = isOff(loss, this.#loss, LOSS_SHARE, LOSS_NOISE);
    if (!hasMoved && !losesOtherwise && cost === this.#cost && step === this.#step) return 0; // as most measurements
    if (hasMoved) this.#rtt = rtt;
    if (losesOtherwise) this.#loss = loss;
    this.#cost = cost;
    this.#step = step;
    let changed = 0;
    for (const trafficClass of TRAFFIC_CLASSES) {
      const computed = this.#compute(trafficClass);
      if (computed === this.byClass[trafficClass]) continue;
      this.byClass[trafficClass] = computed;
      changed |= 1 << trafficClass;
    }
    return changed;
  }

  #compute(trafficClass: TrafficClass): number {
    const delay = Math.max(1, Math.round(this.#rtt * UNITS_PER_MS)) + UNITS_PER_HOP;
    if (trafficClass === TrafficClass.LowLatency) return Math.min(INFINITE, delay);
    if (trafficClass === TrafficClass.HighBandwidth) return widthMetric(MOST_STEP - this.#step, delay);
    if (trafficClass === TrafficClass.LowCost)
      return Math.round(this.#cost * 256) + Math.min(200, Math.round(this.#rtt / 4)) + LEAST_COST;
    const loss = Math.ceil(-Math.log(1 - Math.min(MOST_LOSS, this.#loss)) * 10_000);
    return loss + Math.round(this.#rtt / 10) + LEAST_COST;
  }
}

function isOff(value: number, taken: number, share: number, noise: number): boolean {
  const difference = Math.abs(value - taken);
  return difference > noise && difference > taken * share;
}

/** What a route in the class comes to, for people: what its metric says, as far as it says it. */
export interface RouteCost {
  /** Round-trip time, ms; low latency and high bandwidth only. */
  readonly rtt: number | undefined;
  /** The sum of the links' costs; low cost only. */
  readonly cost: number | undefined;
  /** Share of packets lost, 0..1; reliable only. */
  readonly loss: number | undefined;
  /** Mbit/s of the narrowest link, at least; high bandwidth only. */
  readonly bandwidth: number | undefined;
}

export function routeCost(trafficClass: number, metric: number, hops: number): RouteCost {
  const none = { rtt: undefined, cost: undefined, loss: undefined, bandwidth: undefined };
  const rtt = Math.max(0, sumOf(trafficClass, metric) - hops * UNITS_PER_HOP) / UNITS_PER_MS;
  switch (trafficClass) {
    case TrafficClass.LowCost:
      return { ...none, cost: metric / 256 };
    case TrafficClass.Reliable:
      return { ...none, loss: 1 - Math.exp(-Math.max(0, metric - hops * LEAST_COST) / 10_000) };
    case TrafficClass.HighBandwidth:
      return { ...none, rtt, bandwidth: stepEdge(MOST_STEP - narrowness(trafficClass, metric)) };
    default:
      return { ...none, rtt };
  }
}
