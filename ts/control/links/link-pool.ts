import { invariant } from '../../kit/assert.js';
import { LINK_INDEX_BITS, linkNumber } from '../../wire/link-header.js';

const GENERATIONS = 1 << (32 - LINK_INDEX_BITS);

/**
 * The link indexes `first` .. `first + count - 1`. An index is given out under a new generation each time, and only after whoever had it before has
 * given it back; the one that has rested longest comes first.
 */
export class LinkPool {
  readonly #first: number;
  readonly #free: number[] = [];
  readonly #generations: Uint32Array;
  readonly #taken: Uint8Array;

  /** `firstGeneration`: any number; a random one tells this life of the node from its last. */
  constructor(first: number, count: number, firstGeneration: number) {
    this.#first = first;
    this.#generations = new Uint32Array(count).fill(firstGeneration % GENERATIONS);
    this.#taken = new Uint8Array(count);
    for (let index = first; index < first + count; index++) this.#free.push(index);
  }

  /** Indexes in all. */
  get capacity(): number {
    return this.#taken.length;
  }

  /** Indexes that are given out. */
  get used(): number {
    return this.#taken.length - this.#free.length;
  }

  /** Whether the index is one of this pool's. */
  holds(index: number): boolean {
    return index >= this.#first && index < this.#first + this.#taken.length;
  }

  /** Gives out an index; `undefined`: none is left. `number` is what the peer writes into its frames. */
  take(): { readonly index: number; readonly number: number } | undefined {
    const index = this.#free.shift();
    if (index === undefined) return undefined;
    const at = index - this.#first;
    const generation = ((this.#generations[at] as number) + 1) % GENERATIONS;
    this.#generations[at] = generation;
    this.#taken[at] = 1;
    return { index, number: linkNumber(index, generation) };
  }

  giveBack(index: number): void {
    const at = index - this.#first;
    invariant(this.#taken[at] === 1, `link ${index} is given back once`);
    this.#taken[at] = 0;
    this.#free.push(index);
  }
}
