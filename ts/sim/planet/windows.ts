/**
 * Virtual time in several threads. What a node does is felt in another thread after the least crossing time L at the earliest, so each may run for L
 * beyond the earliest thing that any of them has still to do, and then all exchange what goes across (Chandy and Misra, 1979; here with barriers).
 *
 * ```
 *   thread 0   ─x──x────────x─┤ exchange ├─...     from the earliest x on: a window of L
 *   thread 1   ────────x──x───┤          ├─...     what leaves within it arrives behind its end
 * ```
 * Within a window one thread does not see what the others do. That is one more order in which independent things may happen, as good as that of the clock.
 */
import type { RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import type { Vertex } from '../checker.js';
import type { EventQueue } from '../event-queue.js';
import type { Crew } from './crew.js';
import type { End } from './link.js';

/** A packet on its way to a node. */
export interface PacketUnderWay {
  readonly at: number;
  readonly destination: number;
  readonly trafficClass: number;
  readonly ttl: number;
  /** Incarnations where it was. */
  readonly seen: readonly Vertex[];
}

/** What goes from a node of one thread to a node of another. */
export type Parcel =
  | {
      readonly kind: 'sync';
      /** The number of the link, and its session. */
      readonly link: number;
      readonly session: number;
      readonly to: End;
      readonly message: RoutingSync;
    }
  | { readonly kind: 'packet'; readonly packet: PacketUnderWay };

interface Crossing {
  readonly time: number;
  /** The node that it goes to. */
  readonly node: number;
  readonly parcel: Parcel;
}

/** What a thread gives at the end of a window. */
interface Exchanged {
  readonly crossings: readonly Crossing[];
  /** What the checker of thread 0 is to know (outer-layer.ts). */
  readonly notes: readonly number[];
  /** When something is next to do because of this thread, ms. */
  readonly next: number;
}

export interface WindowsHost {
  isOwn(node: number): boolean;
  receive(parcel: Parcel): void;
  /** What was noted since it was last asked. */
  takeNotes(): number[];
  readNotes(notes: readonly number[]): void;
}

export class Windows {
  readonly #queue: EventQueue;
  readonly #crew: Crew;
  readonly #length: number;
  readonly #host: WindowsHost;
  #crossings: Crossing[] = [];

  /** @param length L, ms: more than 0. */
  constructor(queue: EventQueue, crew: Crew, length: number, host: WindowsHost) {
    this.#queue = queue;
    this.#crew = crew;
    this.#length = length;
    this.#host = host;
  }

  /** Something is to arrive at a node of another thread, not before the window's end. */
  send(node: number, delay: number, parcel: Parcel): void {
    this.#crossings.push({ time: this.#queue.now + delay, node, parcel });
  }

  /** Runs everything up to and including `time`, in all threads. */
  runUntil(time: number): void {
    if (this.#crew.size === 1) return this.#queue.runUntil(time);
    for (let next = this.exchange(); next <= time; next = this.exchange())
      this.#queue.runUntil(Math.min(time, next + this.#length));
    this.#queue.runUntil(time);
  }

  /** All give what there is for others, and learn when something is next to do in any of them: ms. */
  exchange(): number {
    if (this.#crew.size === 1) return this.#queue.next;
    const crossings = this.#crossings;
    this.#crossings = [];
    const next = crossings.reduce((least, { time }) => Math.min(least, time), this.#queue.next);
    const all = this.#crew.gather<Exchanged>({ crossings, notes: this.#host.takeNotes(), next });
    for (const [thread, given] of all.entries()) {
      if (thread === this.#crew.me) continue;
      this.#host.readNotes(given.notes);
      for (const { time, node, parcel } of given.crossings)
        if (this.#host.isOwn(node)) this.#queue.at(time, () => this.#host.receive(parcel));
    }
    return all.reduce((least, given) => Math.min(least, given.next), Number.POSITIVE_INFINITY);
  }
}
