/**
 * Flows: from a key of a few words (who talks to whom) to a small number, with an end when nobody has talked for a while. Everything is O(1) and
 * nothing is allocated a packet: a chained hash table over arrays, and a list in the order of last use, whose head is the next to expire.
 *
 * ```
 *   heads[hash] ──> flow ──next──> flow ──> -1          a chain a bucket
 *   oldest ──newer──> flow ──newer──> ... ──> newest    the order of last use
 *   free: a queue, so that a number is used again as late as possible: late answers to its last owner do not reach the next
 * ```
 */
const NONE = -1;

export class FlowTable {
  /** The key that {@link find} and {@link add} use; the caller fills it. */
  readonly key: Int32Array;
  readonly capacity: number;
  /** Flows in use. */
  size = 0;
  readonly #keys: Int32Array;
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  readonly #usedAt: Float64Array;
  readonly #live: Uint8Array;
  readonly #free: Int32Array;
  #firstFree: number;
  #oldest = NONE;
  #newest = NONE;

  /** `capacity`: a power of two. `firstFlow`: which number is given out first, so that a successor does not repeat its predecessor's. */
  constructor(capacity: number, keyWords: number, firstFlow = 0) {
    this.capacity = capacity;
    this.key = new Int32Array(keyWords);
    this.#keys = new Int32Array(capacity * keyWords);
    this.#heads = new Int32Array(2 * capacity).fill(NONE);
    this.#next = new Int32Array(capacity);
    this.#newer = new Int32Array(capacity);
    this.#older = new Int32Array(capacity);
    this.#usedAt = new Float64Array(capacity);
    this.#live = new Uint8Array(capacity);
    this.#free = Int32Array.from({ length: capacity }, (_, flow) => flow);
    this.#firstFree = firstFlow % capacity;
  }

  /** The flow with the {@link key}, -1 when there is none. */
  find(): number {
    let flow = this.#heads[this.#hash(this.key, 0)] as number;
    while (flow !== NONE && !this.#hasKey(flow)) flow = this.#next[flow] as number;
    return flow;
  }

  /** Makes a flow with the {@link key}, which has none yet; -1 when the table is full. */
  add(now: number): number {
    if (this.size === this.capacity) return NONE;
    const flow = this.#free[this.#firstFree] as number;
    this.#firstFree = (this.#firstFree + 1) & (this.capacity - 1);
    this.size++;
    this.#keys.set(this.key, flow * this.key.length);
    const bucket = this.#hash(this.key, 0);
    this.#next[flow] = this.#heads[bucket] as number;
    this.#heads[bucket] = flow;
    this.#live[flow] = 1;
    this.#append(flow, now);
    return flow;
  }

  /** Says that the flow was used at `now`. */
  touch(flow: number, now: number): void {
    if (flow === this.#newest) {
      this.#usedAt[flow] = now;
      return;
    }
    this.#unlink(flow);
    this.#append(flow, now);
  }

  isLive(flow: number): boolean {
    return flow >= 0 && flow < this.capacity && this.#live[flow] === 1;
  }

  /** A word of the flow's key. */
  keyWord(flow: number, word: number): number {
    return this.#keys[flow * this.key.length + word] as number;
  }

  /** The flow that was not used since `before`, longest of all; -1 when there is none. */
  expired(before: number): number {
    return this.#oldest !== NONE && (this.#usedAt[this.#oldest] as number) < before ? this.#oldest : NONE;
  }

  remove(flow: number): void {
    const bucket = this.#hash(this.#keys, flow * this.key.length);
    if (this.#heads[bucket] === flow) this.#heads[bucket] = this.#next[flow] as number;
    else {
      let before = this.#heads[bucket] as number;
      while (this.#next[before] !== flow) before = this.#next[before] as number;
      this.#next[before] = this.#next[flow] as number;
    }
    this.#unlink(flow);
    this.#live[flow] = 0;
    this.#free[(this.#firstFree + this.capacity - this.size) & (this.capacity - 1)] = flow;
    this.size--;
  }

  #hasKey(flow: number): boolean {
    const at = flow * this.key.length;
    for (let i = 0; i < this.key.length; i++) if (this.#keys[at + i] !== this.key[i]) return false;
    return true;
  }

  /** FNV-1a over words, with a last mix, for clients' ports and addresses differ in few bits. */
  #hash(words: Int32Array, at: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.key.length; i++) hash = Math.imul(hash ^ (words[at + i] as number), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (hash ^ (hash >>> 12)) & (this.#heads.length - 1);
  }

  #append(flow: number, now: number): void {
    this.#usedAt[flow] = now;
    this.#older[flow] = this.#newest;
    this.#newer[flow] = NONE;
    if (this.#newest === NONE) this.#oldest = flow;
    else this.#newer[this.#newest] = flow;
    this.#newest = flow;
  }

  #unlink(flow: number): void {
    const older = this.#older[flow] as number;
    const newer = this.#newer[flow] as number;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
  }
}
