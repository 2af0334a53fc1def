/**
 * The one door to time: milliseconds of the machine's monotonic clock, with fractions. The same in all threads and all processes of the machine, and
 * the same as CLOCK_MONOTONIC in native code. `performance.now` alone counts from the start of its own thread.
 */
const [seconds, nanoseconds] = process.hrtime();
const origin = seconds * 1000 + nanoseconds / 1e6 - performance.now();

export function monotonicNow(): number {
  return origin + performance.now();
}

/** Unix time in seconds: for boot epochs and for people, never for intervals. */
export function unixSeconds(): number {
  return Date.now() / 1000;
}
