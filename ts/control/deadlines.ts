/**
 * One table for all timers: each owner has at most one deadline. A binary heap; a deadline that was moved or cleared stays in it until its
 * turn comes and is then passed over, so that moving one costs no search.
 */

/** Whoever waits for a time. */
export interface Timed {
  handleTimeout(now: number): void;
}

interface Entry {
  readonly at: number;
  readonly owner: Timed;
}

export class Deadlines {
  readonly #heap: Entry[] = [];
  readonly #current = new Map<Timed, Entry>();

  /** Sets or moves the owner's deadline. */
  set(owner: Timed, at: number): void {
    if (this.#current.get(owner)?.at === at) return;
    const entry = { at, owner };
    this.#current.set(owner, entry);
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
  }

  clear(owner: Timed): void {
    this.#current.delete(owner);
  }

  /** The earliest deadline; Infinity: none. */
  next(): number {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return Infinity;
      if (this.#current.get(first.owner) === first) return first.at;
      this.#drop();
    }
  }

  /** Calls every owner whose deadline has come, once: a deadline that an owner sets meanwhile waits for the next call. */
  run(now: number): void {
    const due: Timed[] = [];
    while (this.next() <= now) {
      const { owner } = this.#heap[0] as Entry;
      this.#current.delete(owner);
      this.#drop();
      due.push(owner);
    }
    for (const owner of due) owner.handleTimeout(now);
  }

  #rise(start: number): void {
    const heap = this.#heap;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if ((heap[parent] as Entry).at <= (heap[at] as Entry).at) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Removes the first entry. */
  #drop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      let least = at;
      if (left < heap.length && (heap[left] as Entry).at < (heap[least] as Entry).at) least = left;
      if (left + 1 < heap.length && (heap[left + 1] as Entry).at < (heap[least] as Entry).at) least = left + 1;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a] as Entry;
    this.#heap[a] = this.#heap[b] as Entry;
    this.#heap[b] = entry;
  }
}
