/** The frames that wait in a worker's egress queues, of all links: their bytes, and what must be known of each until it leaves. */
import { OFFSET_FLAGS } from '../../wire/link-header.js';
import { FrameStore } from '../frame-store.js';

const ECN_BITS = 3;
/** Congestion experienced (RFC 3168). */
const ECN_CE = 3;

export class QueuedFrames {
  readonly store: FrameStore;
  /** By frame: the next one in its queue, -1: none. */
  readonly next: Int32Array;
  /** By frame: since when it waits, ms. */
  readonly since: Float64Array;
  /** By frame: the link that it leaves by, that link's number when it was queued, and its RunKind. */
  readonly links: Int32Array;
  readonly numbers: Int32Array;
  readonly kinds: Uint8Array;
  /** By frame: 1 if it comes from a socket of this node, whose program is told to stop when too much waits (ts/memory/wire-backlogs.ts). */
  readonly ofSockets: Uint8Array;
  now = 0;

  constructor(cells: number) {
    this.store = new FrameStore(cells);
    this.next = new Int32Array(cells);
    this.since = new Float64Array(cells);
    this.links = new Int32Array(cells);
    this.numbers = new Int32Array(cells);
    this.kinds = new Uint8Array(cells);
    this.ofSockets = new Uint8Array(cells);
  }

  bytes(frame: number): number {
    return this.store.length(frame);
  }

  /** For how long the frame has waited, microseconds. */
  waited(frame: number): number {
    return ((this.now - (this.since[frame] as number)) * 1000) | 0;
  }

  /** Marks a frame whose sender understands marks; false: it does not. */
  mark(frame: number): boolean {
    const flags = this.store.byte(frame, OFFSET_FLAGS);
    if ((flags & ECN_BITS) === 0) return false;
    this.store.setByte(frame, OFFSET_FLAGS, flags | ECN_CE);
    return true;
  }
}

/** Who is told of frames that do not leave as they came. A dropped frame's cells are the sink's to give back. */
export interface EgressSink {
  codelDropped(frame: number): void;
  overflowed(frame: number): void;
  marked(frame: number): void;
}
