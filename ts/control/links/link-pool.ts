import { invariant } from '../../kit/assert.js';
import { LINK_INDEX_BITS, linkNumber } from '../../wire/link-header.js';

const GENERATIONS = 1 << (32 - LINK_INDEX_BITS);

/**
 * The link indexes 1 .. capacity - 1. An index is given out under a new generation each time, and only after whoever had it before has
 * given it back; the one that has rested longest comes first.
 */
export class LinkPool {
  readonly #free: number[] = [];
  readonly #generations: Uint32Array;
  readonly #taken: Uint8Array;

  /** `firstGeneration`: any number; a random one tells this life of the node from its last. */
  constructor(capacity: number, firstGeneration: number) {
    this.#generations = new Uint32Array(capacity).fill(firstGeneration % GENERATIONS);
    this.#taken = new Uint8Array(capacity);
    for (let index = 1; index < capacity; index++) this.#free.push(index);
  }

  /** Indexes in all, the unused 0 included. */
  get capacity(): number {
    return this.#taken.length;
  }

  /** Gives out an index; `undefined`: none is left. `number` is what the peer writes into its frames. */
  take(): { readonly index: number; readonly number: number } | undefined {
    const index = this.#free.shift();
    if (index === undefined) return undefined;
    const generation = ((this.#generations[index] as number) + 1) % GENERATIONS;
    this.#generations[index] = generation;
    this.#taken[index] = 1;
    return { index, number: linkNumber(index, generation) };
  }

  giveBack(index: number): void {
    invariant(this.#taken[index] === 1, `link ${index} is given back once`);
    this.#taken[index] = 0;
    this.#free.push(index);
  }
}
