/**
 * The wires of emulated networks, shared by all workers of a node: for each, when it will be free.
 *
 * ```
 *   +- 8 bytes a rule ------------+- 8 bytes a link --------------------+
 *   | rules about a peer or an    | a rule about everything is a wire   |
 *   | address are one wire each   | of its own for each link            |
 *   +-----------------------------+-------------------------------------+
 *       0 free from, ticks    4 last used, seconds
 * ```
 * *Ticks* are microseconds of the monotonic clock modulo 2^32, compared by their difference; seconds are whole ones of the same clock.
 *
 * Proof. *Who writes* "free from": any worker, by compare-and-exchange, from what it has read to that (or now, if that is later) plus the time that its
 * frame takes; then "last used". *Valid*: "free from" moves forward by less than half the range of ticks while "last used" is
 * recent; of a wire that was not used for {@link WIRE_IDLE_SECONDS} it says nothing: that wire is free. Two workers that find a wire idle at the
 * same moment may both take it as free, once. *Forbidden*: storing "free from" without comparing, for the rate would be exceeded.
 */
export const WIRE_FREE = 0;
export const WIRE_USED = 1;
export const WIRE_WORDS = 2;

/** Longer than any queue with its slowest frame, and far shorter than ticks take to come round. */
export const WIRE_IDLE_SECONDS = 600;

export function createWires(rules: number, links: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * WIRE_WORDS * (rules + links));
}
