/**
 * Which of many objects wants to be woken first: a binary heap with lazy deletion. Each object has one deadline; moving it to a
 * later time costs nothing, for the entry in the heap is put right when its time comes.
 */

/** What can be queued. Only {@link TimerQueue} writes these fields. */
export interface Timed {
  /** When the object wants to be woken; Infinity: never. */
  due: number;
  /** The time of the object's valid entry in the heap; Infinity: it has none. Entries of other times are dead. */
  queued: number;
}

interface Entry<T> {
  readonly at: number;
  readonly item: T;
}

export class TimerQueue<T extends Timed> {
  readonly #heap: Entry<T>[] = [];

  /** Sets the deadline of `item`, earlier or later than before. */
  schedule(item: T, due: number): void {
    item.due = due;
    if (due >= item.queued) return;
    item.queued = due;
    this.#push({ at: due, item });
  }

  /** The earliest deadline; Infinity when there is none. */
  next(): number {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (top.at === top.item.queued && top.item.due === top.at) return top.at;
      this.#dropTop();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Takes one object whose deadline has come; it then has none. */
  pop(now: number): T | undefined {
    if (this.next() > now) return undefined;
    const { item } = this.#heap[0] as Entry<T>;
    item.due = Number.POSITIVE_INFINITY;
    this.#dropTop();
    return item;
  }

  #dropTop(): void {
    const { at, item } = this.#popHeap();
    if (at !== item.queued) return;
    item.queued = Number.POSITIVE_INFINITY;
    this.schedule(item, item.due);
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as Entry<T>;
      if (above.at <= entry.at) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #popHeap(): Entry<T> {
    const heap = this.#heap;
    const top = heap[0] as Entry<T>;
    const last = heap.pop() as Entry<T>;
    if (heap.length === 0) return top;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < heap.length && (heap[right] as Entry<T>).at < (heap[child] as Entry<T>).at) child = right;
      const below = heap[child] as Entry<T>;
      if (last.at <= below.at) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
