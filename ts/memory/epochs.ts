/**
 * Epochs: how control learns that no worker can still be using what it has taken out of a table (quiescent-state reclamation).
 *
 * ```
 *   control                                   worker, each turn of its loop
 *   take it out of the tables                 quiescent(): seen = epoch      it holds nothing from the turn before
 *   e = advance()                             read tables, use what they say
 *   ...                                       before it sleeps: offline()    afterwards: online()
 *   passed(e)? -> nobody has it: use it anew
 * ```
 * Proof. *Who writes*: control alone the epoch, each worker its own word (0 while offline); control clears that of a worker whose thread has
 * ended. All by sequentially consistent stores. *passed(e) is safe*: for each worker it finds either seen >= e, stored by the worker after it
 * had loaded an epoch that control stored after taking the thing out, so all its later reads miss the thing, and its earlier uses are over; or
 * 0: its uses are over, and before it reads a table again it stores its word, which then comes after control's look, hence after
 * the taking out. *Numbers* are 32 bits, wrap, and leave out 0; `seen >= e` is meant modulo 2^32, so at most 2^31 epochs may lie
 * between a worker's word and an epoch that is asked for. *Forbidden*: a link index or pointer kept over `quiescent` or `offline`;
 * sleeping online (it holds up reclamation, for ever if nothing comes).
 */
import { invariant } from '../kit/assert.js';
import { HEADER_WORD_EPOCH, type Region } from './region.js';
import { type StateOperations, WORKER_EPOCH, workerStateWord } from './worker-state.js';

const OFFLINE = 0;

/** Control's end. One object a region. */
export class Epochs {
  readonly #words: Int32Array;
  readonly #seen: readonly number[];
  readonly #atomics: StateOperations;

  constructor(region: Region, atomics: StateOperations = Atomics) {
    this.#words = new Int32Array(region.buffer);
    this.#seen = Array.from(
      { length: region.layout.workers },
      (_, worker) => workerStateWord(region, worker) + WORKER_EPOCH,
    );
    this.#atomics = atomics;
    // Workers may go online before the first advance, and must find a number that does not mean offline.
    if (atomics.load(this.#words, HEADER_WORD_EPOCH) === OFFLINE) atomics.store(this.#words, HEADER_WORD_EPOCH, 1);
  }

  /** Begins a new epoch. What was taken out of the tables before is nobody's once {@link passed} is true for it. */
  advance(): number {
    const next = (this.#atomics.load(this.#words, HEADER_WORD_EPOCH) + 1) | 0;
    const epoch = next === OFFLINE ? 1 : next;
    this.#atomics.store(this.#words, HEADER_WORD_EPOCH, epoch);
    return epoch;
  }

  /** Whether every worker is offline or has seen `epoch`, a number that {@link advance} gave. */
  passed(epoch: number): boolean {
    for (const word of this.#seen) {
      const seen = this.#atomics.load(this.#words, word);
      if (seen !== OFFLINE && ((seen - epoch) | 0) < 0) return false;
    }
    return true;
  }

  /** Counts out a worker whose thread has ended. */
  leave(worker: number): void {
    const word = this.#seen[worker];
    invariant(word !== undefined, 'a worker has a number below the number of workers');
    this.#atomics.store(this.#words, word, OFFLINE);
  }
}

/** A worker's end. Offline until it says otherwise. */
export class WorkerEpoch {
  readonly #words: Int32Array;
  readonly #seen: number;
  readonly #atomics: StateOperations;

  constructor(region: Region, worker: number, atomics: StateOperations = Atomics) {
    this.#words = new Int32Array(region.buffer);
    this.#seen = workerStateWord(region, worker) + WORKER_EPOCH;
    this.#atomics = atomics;
  }

  /** Before it reads a table for the first time, or again after {@link offline}. */
  online(): void {
    const epoch = this.#atomics.load(this.#words, HEADER_WORD_EPOCH);
    invariant(epoch !== OFFLINE, 'control has opened the epochs of this region');
    this.#atomics.store(this.#words, this.#seen, epoch);
  }

  /** Between two batches: nothing of what tables said before is used any more. */
  quiescent(): void {
    const epoch = this.#atomics.load(this.#words, HEADER_WORD_EPOCH);
    if (epoch !== this.#words[this.#seen]) this.#atomics.store(this.#words, this.#seen, epoch);
  }

  /** Before it sleeps or ends. */
  offline(): void {
    this.#atomics.store(this.#words, this.#seen, OFFLINE);
  }
}
