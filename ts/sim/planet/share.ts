/** A thread's share of a planet: which nodes are its own, what goes to those of others, and when. */
import type { Checker } from '../checker.js';
import type { EventQueue } from '../event-queue.js';
import type { Crew } from './crew.js';
import { OuterLayerNotes, readNotes, type Watch } from './outer-layer.js';
import { leastCrossing, partsOf } from './parts.js';
import type { Plan } from './plan.js';
import { type Parcel, Windows } from './windows.js';

export class Share {
  readonly crew: Crew;
  /** What the own nodes do is told to this. */
  readonly watch: Watch;
  readonly #queue: EventQueue;
  readonly #receive: (parcel: Parcel) => void;
  /** The thread of each node. */
  readonly #parts: Int8Array;
  readonly #leastCrossing: number;
  readonly #windows: Windows;

  constructor(plan: Plan, queue: EventQueue, checker: Checker, crew: Crew, receive: (parcel: Parcel) => void) {
    this.crew = crew;
    this.#queue = queue;
    this.#receive = receive;
    this.#parts = partsOf(plan, crew.size);
    this.#leastCrossing = leastCrossing(plan, this.#parts);
    const notes = crew.me === 0 ? undefined : new OuterLayerNotes(checker);
    this.watch = notes ?? checker;
    this.#windows = new Windows(queue, crew, this.#leastCrossing, {
      isOwn: (node) => this.isOwn(node),
      receive,
      takeNotes: () => notes?.take() ?? [],
      readNotes: (noted) => {
        if (crew.me === 0) readNotes(noted, checker);
      },
    });
  }

  /** Whether this thread has the node's router. */
  isOwn(node: number): boolean {
    return this.#parts[node] === this.crew.me;
  }

  /** Whether a link between these nodes may take this time: threads reckon with a least one between them. */
  mayTake(a: number, b: number, rtt: number): boolean {
    return this.#parts[a] === this.#parts[b] || rtt / 2 >= this.#leastCrossing;
  }

  /** The parcel is with the node, whosever it is, after `delay` ms. */
  carry(node: number, delay: number, parcel: Parcel): void {
    if (this.isOwn(node)) this.#queue.after(delay, () => this.#receive(parcel));
    else this.#windows.send(node, delay, parcel);
  }

  /** Runs everything up to and including `time` (virtual ms), in all threads. */
  runUntil(time: number): void {
    this.#windows.runUntil(time);
  }

  /** All threads tell each other what there is to tell. */
  exchange(): void {
    this.#windows.exchange();
  }
}
