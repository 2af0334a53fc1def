/**
 * Virtual time: actions wait in a heap and run in the order of their time; those of the same time in the order in which they were put
 * in. The clock jumps from one action to the next: nobody waits.
 *
 * The heap has four children a node, and its keys lie in arrays of numbers beside the actions: an entry costs no object, and sinking, which is
 * most of the work, takes half as many steps as with two. (So it is not the heap of ts/control/timer-queue.ts: one for both, of objects with a function that compares
 * them, takes a quarter to a half longer an event.)
 *
 * ```
 *   #times    12.5   13.0   14.2   12.9   ...     ms        children of i: 4i + 1 .. 4i + 4
 *   #orders   17     9      22     21     ...     which of the same time came first
 *   #actions  f      g      h      f      ...
 * ```
 */
import { invariant } from '../kit/assert.js';

const CHILDREN = 4;
const FIRST_CAPACITY = 1024;

export class EventQueue {
  #times = new Float64Array(FIRST_CAPACITY);
  #orders = new Float64Array(FIRST_CAPACITY);
  readonly #actions: (() => void)[] = [];
  #size = 0;
  #order = 0;
  #now = 0;
  #done = 0;

  /** Milliseconds since the run began. */
  get now(): number {
    return this.#now;
  }

  /** How many actions have run. */
  get done(): number {
    return this.#done;
  }

  get size(): number {
    return this.#size;
  }

  /** When the first action is to run, ms; Infinity: there is none. */
  get next(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
  }

  /** Runs `action` at `time` (ms; one that has passed means now, after what waits for now already). */
  at(time: number, action: () => void): void {
    invariant(!Number.isNaN(time), 'an action has a time');
    if (time === Infinity) return;
    if (this.#size === this.#times.length) this.#grow();
    this.#rise(Math.max(time, this.#now), this.#order++, action);
  }

  after(delay: number, action: () => void): void {
    this.at(this.#now + delay, action);
  }

  /** Runs everything up to and including `time`, then stands at `time`. */
  runUntil(time: number): void {
    while (this.#size > 0 && (this.#times[0] as number) <= time) this.#runFirst();
    this.#now = Math.max(this.#now, time);
  }

  /** Runs the first action, whenever it is; false: there is none. */
  runNext(): boolean {
    if (this.#size === 0) return false;
    this.#runFirst();
    return true;
  }

  #runFirst(): void {
    const action = this.#actions[0] as () => void;
    this.#now = this.#times[0] as number;
    this.#done++;
    const last = --this.#size;
    this.#sink(this.#times[last] as number, this.#orders[last] as number, this.#actions.pop() as () => void);
    action();
  }

  /** Puts a new entry at its place, from the end upwards. */
  #rise(time: number, order: number, action: () => void): void {
    const times = this.#times;
    const orders = this.#orders;
    const actions = this.#actions;
    let at = this.#size++;
    actions.push(action);
    while (at > 0) {
      const parent = (at - 1) >>> 2;
      const above = times[parent] as number;
      if (above <= time) break; // of the same time: the new entry comes last
      times[at] = above;
      orders[at] = orders[parent] as number;
      actions[at] = actions[parent] as () => void;
      at = parent;
    }
    times[at] = time;
    orders[at] = order;
    actions[at] = action;
  }

  /** Puts what was the last entry at its place, from the free root downwards. */
  #sink(time: number, order: number, action: () => void): void {
    const times = this.#times;
    const orders = this.#orders;
    const actions = this.#actions;
    const size = this.#size;
    if (size === 0) return;
    let at = 0;
    for (let child = 1; child < size; child = CHILDREN * at + 1) {
      let least = child;
      const end = Math.min(child + CHILDREN, size);
      for (let other = child + 1; other < end; other++) if (this.#isBefore(other, least)) least = other;
      const below = times[least] as number;
      if (below > time || (below === time && (orders[least] as number) > order)) break;
      times[at] = below;
      orders[at] = orders[least] as number;
      actions[at] = actions[least] as () => void;
      at = least;
    }
    times[at] = time;
    orders[at] = order;
    actions[at] = action;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.#times[a] as number) - (this.#times[b] as number);
    return difference < 0 || (difference === 0 && (this.#orders[a] as number) < (this.#orders[b] as number));
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#size);
    const orders = new Float64Array(2 * this.#size);
    times.set(this.#times);
    orders.set(this.#orders);
    this.#times = times;
    this.#orders = orders;
  }
}
