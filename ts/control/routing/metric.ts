/**
 * The metrics of the four traffic classes, all in 24 bits. A metric chooses among routes that are safe; a label's distance is written alike.
 *
 * | class           | metric of a route                                      | a link adds (never less than 11)                     |
 * | --------------- | ------------------------------------------------------ | ---------------------------------------------------- |
 * | low latency     | sum                                                    | RTT in 0.1 ms + 10                                   |
 * | low cost        | sum                                                    | cost x 256 + RTT in 4 ms, at most 200 + 11           |
 * | reliable        | sum                                                    | -ln(1 - loss) x 10 000 + RTT in 10 ms + 11           |
 * | high bandwidth  | bottleneck in the high 4 bits, sum in the low 20       | the larger bottleneck; RTT in 0.1 ms + 10            |
 *
 * The bottleneck is 15 less the step of the narrowest link (link-quality.ts), so that wider routes are smaller. Every extension makes a metric
 * strictly larger, which is all that safety and convergence ask for. The last class is not isotone (what is better here may be worse behind a
 * narrow link): its bottleneck is optimal all the same, of two equally wide routes the shorter one may be missed.
 *
 * The 11 keep a gap between the labels of neighbours even on the best links, so that local repair (R14a) finds room.
 */

import { TrafficClass } from '../../wire/network-header.js';
import { INFINITE, ROUTING_CLASSES } from '../../wire/routing-entry.js';

/** All classes, in the order of their numbers. */
export const TRAFFIC_CLASSES: readonly TrafficClass[] = Object.values(TrafficClass);

const BANDWIDTH = TrafficClass.HighBandwidth;
/** The low bits of the high-bandwidth class's metric: the sum. */
const SUM_BITS = 20;
const SUM_MASK = (1 << SUM_BITS) - 1;

/** What differs by less than this is the same: 2 ms of round trip; 64 ms of it between two that cost the same; 0.2 % of loss. */
const NOISE = [20, 16, 20, 20] as const;

/** Metric (or distance) plus the cost of a link; INFINITE when it does not fit. */
export function extend(trafficClass: number, metric: number, cost: number): number {
  if (trafficClass !== BANDWIDTH) return Math.min(INFINITE, metric + cost);
  const sum = (metric & SUM_MASK) + (cost & SUM_MASK);
  return sum >= SUM_MASK ? INFINITE : Math.max(metric & ~SUM_MASK, cost & ~SUM_MASK) | sum;
}

/** A cost or metric of the high-bandwidth class. `narrow`: 15 less the step of the bottleneck; a sum that does not fit makes it INFINITE. */
export function widthMetric(narrow: number, sum: number): number {
  return sum >= SUM_MASK ? INFINITE : (narrow << SUM_BITS) | sum;
}

/** The bottleneck of a metric of the high-bandwidth class, 0 (the widest) to 15; of another class, 0. */
export function narrowness(trafficClass: number, metric: number): number {
  return trafficClass === BANDWIDTH ? metric >>> SUM_BITS : 0;
}

/** The part of a metric that is a sum: all of it, but in the high-bandwidth class. */
export function sumOf(trafficClass: number, metric: number): number {
  return trafficClass === BANDWIDTH ? metric & SUM_MASK : metric;
}

/**
 * Worth a switch of next hop (R6): wider, or as wide and better by more than 2 % and a quarter of the class's noise (0.5 ms). That little is enough, for what is compared is
 * damped already (costs of links, and what neighbours tell); and what each hop passes over adds up along a route.
 */
export function isWorthSwitch(trafficClass: number, candidate: number, current: number): boolean {
  return isBetterBy(trafficClass, candidate, current, 0.02, 0.25);
}

/** Wider, or as wide and better by more than 10 % and the class's noise (2 ms): for what is measured here and not damped, or known as a mean only. */
export function isNotablyBetter(trafficClass: number, candidate: number, current: number): boolean {
  return isBetterBy(trafficClass, candidate, current, 0.1, 1);
}

function isBetterBy(trafficClass: number, candidate: number, current: number, share: number, noises: number): boolean {
  const wider = narrowness(trafficClass, current) - narrowness(trafficClass, candidate);
  if (wider !== 0) return wider > 0;
  const now = sumOf(trafficClass, current);
  const gain = now - sumOf(trafficClass, candidate);
  return gain > noises * (NOISE[trafficClass] as number) && gain > now * share;
}

/** Worth a new sequence number (R15): wider, or as wide and better by more than 20 % and two and a half times the noise (5 ms). */
export function isMuchBetter(trafficClass: number, candidate: number, current: number): boolean {
  return isBetterBy(trafficClass, candidate, current, 0.2, 2.5);
}

/** Worth telling: of another width, or off by more than the share (of what was told) and the class's noise. */
export function isNotablyOff(trafficClass: number, value: number, told: number, share: number): boolean {
  if (narrowness(trafficClass, value) !== narrowness(trafficClass, told)) return true;
  const before = sumOf(trafficClass, told);
  const difference = Math.abs(sumOf(trafficClass, value) - before);
  return difference > (NOISE[trafficClass] as number) && difference > before * share;
}

/** Means of metrics by class and layer: of the sums, and of the bottlenecks, each by itself. */
export class MetricMeans {
  readonly #sums = new Float64Array(ROUTING_CLASSES * 5);
  readonly #narrow = new Float64Array(ROUTING_CLASSES * 5);
  readonly #counts = new Float64Array(ROUTING_CLASSES * 5);

  add(trafficClass: number, layer: number, metric: number): void {
    const at = trafficClass * 5 + layer;
    this.#sums[at] = (this.#sums[at] as number) + sumOf(trafficClass, metric);
    this.#narrow[at] = (this.#narrow[at] as number) + narrowness(trafficClass, metric);
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  /** Of what was added, and `own` besides. */
  with(trafficClass: number, layer: number, own: number): number {
    const at = trafficClass * 5 + layer;
    const count = (this.#counts[at] as number) + 1;
    const sum = Math.round(((this.#sums[at] as number) + sumOf(trafficClass, own)) / count);
    if (trafficClass !== BANDWIDTH) return sum;
    return widthMetric(Math.round(((this.#narrow[at] as number) + narrowness(trafficClass, own)) / count), sum);
  }
}
