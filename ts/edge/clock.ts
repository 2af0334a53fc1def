/**
 * The one door to time: milliseconds of the machine's monotonic clock, with fractions. The same in all threads and all processes of the machine, and
 * the same as CLOCK_MONOTONIC in native code. `performance.now` alone counts from the start of its own thread.
 */
// Imported: the global of this name is a getter, which costs a call in every turn of a worker's loop.
import { performance } from 'node:perf_hooks';

const origin = bestOrigin();

export function monotonicNow(): number {
  return origin + performance.now();
}

/** Unix time in seconds: for boot epochs and for people, never for intervals. */
export function unixSeconds(): number {
  return Date.now() / 1000;
}

/** The two clocks are read one after the other: a thread that is pushed aside between them sees too early an origin. So the latest of several. */
function bestOrigin(): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let attempt = 0; attempt < 16; attempt++) {
    const [seconds, nanoseconds] = process.hrtime();
    best = Math.max(best, seconds * 1000 + nanoseconds / 1e6 - performance.now());
  }
  return best;
}
