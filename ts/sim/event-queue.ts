/**
 * Virtual time: actions wait in a binary heap and run in the order of their time; those of the same time in the order in which they
 * were put in. The clock jumps from one action to the next: nobody waits.
 */
import { invariant } from '../kit/assert.js';

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly action: () => void;
}

export class EventQueue {
  readonly #heap: Entry[] = [];
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
    return this.#heap.length;
  }

  /** Runs `action` at `time` (ms; one that has passed means now, after what waits for now already). */
  at(time: number, action: () => void): void {
    invariant(!Number.isNaN(time), 'an action has a time');
    if (time === Infinity) return;
    const entry = { time: Math.max(time, this.#now), order: this.#order++, action };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
  }

  after(delay: number, action: () => void): void {
    this.at(this.#now + delay, action);
  }

  /** Runs everything up to and including `time`, then stands at `time`. */
  runUntil(time: number): void {
    for (let top = this.#heap[0]; top !== undefined && top.time <= time; top = this.#heap[0]) this.#runFirst(top);
    this.#now = Math.max(this.#now, time);
  }

  #runFirst(top: Entry): void {
    const last = this.#heap.pop() as Entry;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    this.#now = top.time;
    this.#done++;
    top.action();
  }

  #rise(index: number): void {
    const heap = this.#heap;
    const entry = heap[index] as Entry;
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  #sink(): void {
    const heap = this.#heap;
    const entry = heap[0] as Entry;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, entry)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = entry;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
