/**
 * What the sockets of this node have waiting before each paced wire, in bytes: so that a program which sends faster than the wire is told to stop,
 * and not its datagrams dropped.
 *
 * ```
 *   main thread                                worker that has the wire's queue (ts/data/egress)
 *   send() ──ring──> frames of sockets ──────> queue ──(at the wire's rate)──> link
 *     ^ knows what it wrote and the worker       │
 *     │ has not yet taken                        │ word of the wire := bytes of sockets that wait
 *     └──────────── one 32-bit word a wire <─────┘
 * ```
 * A wire is a link with a rate of its own or, behind those, a listening address (LINK_WIRE in link-table.ts).
 *
 * Proof. *Who writes*: the one worker that has the wire's queue, by an atomic store at the end of each step that has changed it; its successor starts with 0, for what
 * waited died with it. *Who reads*: the main thread, which adds what still lies in that worker's ring. *Valid*: 0 or more, any value to any
 * other. *What a reader may miss*: what a worker took from the ring in a step that has not ended. In that time the main thread, seeing neither, admits at most another
 * {@link highWaterBytes} and one datagram; when the step has ended it sees all. So of programs that stop when they are told no more than
 * {@link mostOfSockets} ever waits, and the queue has room for that. *Forbidden*: two workers with one wire.
 */

/** As many bytes as sockets may have waiting in milliseconds of the wire's rate: it bridges the main thread's sleep, and is far below what a queue holds. */
const HIGH_WATER_MS = 20;
/** Two packets that fill an Ethernet frame, so that a slow wire has one while the next one is fetched. */
const LEAST_BYTES = 3000;
/** A datagram of the largest size with the headers of all its fragments. */
const LARGEST_BYTES = 70_000;

/** From how many waiting bytes on a program is told to stop. `rate`: bytes a millisecond. */
export function highWaterBytes(rate: number): number {
  return Math.max(LEAST_BYTES, HIGH_WATER_MS * rate);
}

/** Below how many it is told to go on. */
export function lowWaterBytes(rate: number): number {
  return highWaterBytes(rate) / 2;
}

/** What programs that stop when they are told can have waiting at most. */
export function mostOfSockets(rate: number): number {
  return 2 * (highWaterBytes(rate) + LARGEST_BYTES);
}

/** `wires`: links and listening addresses. */
export function createWireBacklogs(wires: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * wires);
}

/** The words, by wire. */
export function wireBacklogWords(backlogs: SharedArrayBuffer): Int32Array {
  return new Int32Array(backlogs);
}
