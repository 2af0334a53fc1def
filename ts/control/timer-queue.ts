/**
 * Which of many objects wants to be woken first: a binary heap of the objects themselves. Each has at most one deadline and knows its place in
 * the heap, so that a deadline is moved or cleared where it is, and nothing stale is ever in the way.
 */

/** What can be queued. Only {@link TimerQueue} writes these fields. */
export interface Timed {
  /** When the object wants to be woken; Infinity: never. */
  due: number;
  /** Its place in the heap; -1: it has none, and no deadline. */
  place: number;
}

/** Whoever is woken by a call. */
export interface Timer extends Timed {
  handleTimeout(now: number): void;
}

export class TimerQueue<T extends Timed> {
  readonly #heap: T[] = [];

  /** Sets the deadline of `item`, earlier or later than before; Infinity clears it. */
  schedule(item: T, due: number): void {
    const before = item.due;
    if (due === before) return;
    item.due = due;
    if (due === Number.POSITIVE_INFINITY) this.#remove(item);
    else if (item.place < 0) this.#rise(item, this.#heap.length);
    else if (due < before) this.#rise(item, item.place);
    else this.#sink(item, item.place);
  }

  clear(item: T): void {
    this.schedule(item, Number.POSITIVE_INFINITY);
  }

  /** The earliest deadline; Infinity when there is none. */
  next(): number {
    return this.#heap[0]?.due ?? Number.POSITIVE_INFINITY;
  }

  /** Takes one object whose deadline has come; it then has none. */
  pop(now: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.due > now) return undefined;
    this.clear(first);
    return first;
  }

  /** Takes all objects whose deadlines have come, the earliest first: what is scheduled from here on is not among them. */
  popAll(now: number): T[] {
    const due: T[] = [];
    for (let item = this.pop(now); item; item = this.pop(now)) due.push(item);
    return due;
  }

  #remove(item: T): void {
    const at = item.place;
    item.place = -1;
    const last = this.#heap.pop() as T;
    if (last === item) return;
    if (at > 0 && last.due < (this.#heap[(at - 1) >>> 1] as T).due) this.#rise(last, at);
    else this.#sink(last, at);
  }

  /** Puts `item` at `at` or above. */
  #rise(item: T, start: number): void {
    const heap = this.#heap;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as T;
      if (above.due <= item.due) break;
      heap[at] = above;
      above.place = at;
      at = parent;
    }
    heap[at] = item;
    item.place = at;
  }

  /** Puts `item` at `at` or below. */
  #sink(item: T, start: number): void {
    const heap = this.#heap;
    let at = start;
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < heap.length && (heap[right] as T).due < (heap[child] as T).due) child = right;
      const below = heap[child] as T;
      if (item.due <= below.due) break;
      heap[at] = below;
      below.place = at;
      at = child;
    }
    heap[at] = item;
    item.place = at;
  }
}
