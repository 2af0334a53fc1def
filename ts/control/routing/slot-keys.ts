/**
 * Keys of slots in rising order, for tables that hold a few of the 4096: two bytes a key, found by halving. A node has such tables for each
 * neighbour, and a hash table would take most of its memory.
 *
 * ```
 *   keys   12  13  256  257  600   -   -          size 5, capacity 7
 *   column  v   v    v    v    v   -   -          whoever owns the keys keeps what belongs to them at the same places
 * ```
 */
const FIRST_CAPACITY = 4;

export class SlotKeys {
  #keys = new Uint16Array(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many keys there is room for: it grows by half. */
  get capacity(): number {
    return this.#keys.length;
  }

  at(place: number): number {
    return this.#keys[place] as number;
  }

  /** The place of the key; where it is not, the one's complement (so, below 0) of the place where it would be. */
  find(key: number): number {
    const keys = this.#keys;
    let low = 0;
    let high = this.#size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const there = keys[middle] as number;
      if (there === key) return middle;
      if (there < key) low = middle + 1;
      else high = middle - 1;
    }
    return ~low;
  }

  /** Puts the key at the place where {@link find} says that it would be. */
  insert(place: number, key: number): void {
    if (this.#size === this.#keys.length) {
      const keys = new Uint16Array(grown(this.#size));
      keys.set(this.#keys);
      this.#keys = keys;
    }
    this.#keys.copyWithin(place + 1, place, this.#size);
    this.#keys[place] = key;
    this.#size++;
  }

  remove(place: number): void {
    this.#keys.copyWithin(place, place + 1, this.#size);
    this.#size--;
  }
}

function grown(capacity: number): number {
  return Math.ceil(1.5 * capacity);
}

/** A map from slots' keys to objects, in rising order of the keys. */
export class SlotMap<T> {
  readonly #keys = new SlotKeys();
  readonly #values: T[] = [];

  get(key: number): T | undefined {
    const place = this.#keys.find(key);
    return place < 0 ? undefined : this.#values[place];
  }

  has(key: number): boolean {
    return this.#keys.find(key) >= 0;
  }

  set(key: number, value: T): void {
    const place = this.#keys.find(key);
    if (place >= 0) {
      this.#values[place] = value;
      return;
    }
    this.#keys.insert(~place, key);
    this.#values.splice(~place, 0, value);
  }

  delete(key: number): void {
    const place = this.#keys.find(key);
    if (place < 0) return;
    this.#keys.remove(place);
    this.#values.splice(place, 1);
  }

  /** In rising order; what is iterated over may be deleted meanwhile, nothing may be added. */
  *keys(): Generator<number> {
    for (const [key] of this) yield key;
  }

  *[Symbol.iterator](): Generator<[number, T]> {
    for (let place = 0; place < this.#keys.size; ) {
      const key = this.#keys.at(place);
      yield [key, this.#values[place] as T];
      if (this.#keys.at(place) === key && place < this.#keys.size) place++;
    }
  }
}
