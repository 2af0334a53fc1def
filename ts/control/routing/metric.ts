/**
 * The metric of the low-latency class: round-trip time in units of 0.1 ms, plus 10 a hop. A sum, in 24 bits.
 *
 * The 10 keep a gap between the labels of neighbours even on the fastest links, so that local repair (R14a) finds room.
 */
import { INFINITE } from '../../wire/routing-entry.js';

/** The class that is routed: low latency. Tables and messages have room for four. */
export const LOW_LATENCY = 0;

const UNITS_PER_MS = 10;
const UNITS_PER_HOP = 10;
/** What differs by less than this is the same (2 ms). */
const NOISE = 2 * UNITS_PER_MS;

/** The cost of a link: an integer of at least 11. */
export function linkCost(rtt: number): number {
  return Math.min(INFINITE, Math.max(1, Math.round(rtt * UNITS_PER_MS)) + UNITS_PER_HOP);
}

/** Metric (or distance) plus link cost; INFINITE when it does not fit. */
export function extend(metric: number, cost: number): number {
  return Math.min(INFINITE, metric + cost);
}

/** Worth a switch of next hop: better by more than 10 % and 2 ms. */
export function isNotablyBetter(candidate: number, current: number): boolean {
  return current - candidate > NOISE && current - candidate > current * 0.1;
}

/** Worth telling: off by more than the share (of what was told) and 2 ms. */
export function isNotablyOff(value: number, told: number, share: number): boolean {
  const difference = Math.abs(value - told);
  return difference > NOISE && difference > told * share;
}

/** The same, for round-trip times in ms: a link's cost is published only when it moved that much. */
export function isRttNotablyOff(rtt: number, published: number): boolean {
  return isNotablyOff(rtt * UNITS_PER_MS, published * UNITS_PER_MS, 0.1);
}

/** What the round trip of a route takes, ms: its metric less what the hops added. */
export function metricToRtt(metric: number, hops: number): number {
  return Math.max(0, metric - hops * UNITS_PER_HOP) / UNITS_PER_MS;
}
