import { IDLE_INTERVAL } from '../../wire/hello.js';
import { FAST_INTERVAL } from './liveness.js';
import type { LinkServices } from './services.js';

/** BFD's jitter: an interval is shortened by up to a quarter, never lengthened. */
const HELLO_JITTER = 0.25;
/**
 * Hellos of all links leave at common ticks, so that one wake-up serves them all; those of idle links at ticks that are further apart, and without jitter, which would add
 * a fifth to them.
 */
const HELLO_TICK = FAST_INTERVAL;
const IDLE_TICK = IDLE_INTERVAL / 2;
/** A change of intervals is answered at once, but hellos are at least this far apart. */
export const HELLO_GAP = 10;

/** When the hello after one that leaves `now` is due, ms: never later than `interval` says. */
export function nextHelloAt(now: number, interval: number, { phase, random }: LinkServices): number {
  if (interval === IDLE_INTERVAL) return tickBefore(now + interval, IDLE_TICK, phase);
  const jitter = interval > HELLO_TICK ? HELLO_JITTER * random() : 0;
  const due = now + interval * (1 - jitter);
  const tick = tickBefore(due, HELLO_TICK, phase);
  return tick - now >= HELLO_GAP ? tick : due;
}

function tickBefore(due: number, tick: number, phase: number): number {
  return phase + Math.floor((due - phase) / tick) * tick;
}
