/**
 * Frames in the order in which they are due: a binary heap over arrays, by tick (32 bits, compared by difference, see channel.ts) and then by the order
 * in which they were pushed.
 */
export class ReleaseHeap {
  size = 0;
  readonly #frames: Int32Array;
  readonly #ticks: Int32Array;
  readonly #orders: Int32Array;
  #order = 0;

  constructor(capacity: number) {
    this.#frames = new Int32Array(capacity);
    this.#ticks = new Int32Array(capacity);
    this.#orders = new Int32Array(capacity);
  }

  get isFull(): boolean {
    return this.size === this.#frames.length;
  }

  /** The tick at which the first frame is due. To be asked only while there is one. */
  get firstTick(): number {
    return this.#ticks[0] as number;
  }

  /** The frame that is due first, of those in it. */
  get first(): number {
    return this.#frames[0] as number;
  }

  push(frame: number, tick: number): void {
    const order = this.#order;
    this.#order = (order + 1) | 0;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(tick, order, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, frame, tick, order);
  }

  /** Takes the first frame out. */
  pop(): number {
    const first = this.first;
    const last = --this.size;
    const frame = this.#frames[last] as number;
    const tick = this.#ticks[last] as number;
    const order = this.#orders[last] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (
        child + 1 < last &&
        this.#isBefore(this.#ticks[child + 1] as number, this.#orders[child + 1] as number, child)
      )
        child++;
      if (this.#isBefore(tick, order, child)) break;
      this.#move(child, at);
      at = child;
    }
    if (last > 0) this.#put(at, frame, tick, order);
    return first;
  }

  #isBefore(tick: number, order: number, other: number): boolean {
    const difference = (tick - (this.#ticks[other] as number)) | 0;
    if (difference !== 0) return difference < 0;
    return ((order - (this.#orders[other] as number)) | 0) < 0;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#frames[from] as number, this.#ticks[from] as number, this.#orders[from] as number);
  }

  #put(at: number, frame: number, tick: number, order: number): void {
    this.#frames[at] = frame;
    this.#ticks[at] = tick;
    this.#orders[at] = order;
  }
}
