/**
 * What a worker and the others know of each other: 256 bytes a worker in the region.
 *
 * ```
 *   0 +- the worker writes, anybody reads ----------------------------+
 *     |  0 epoch seen, 0: offline (epochs.ts)      4 state             |
 *     |  8 time of the last turn of its loop, ms, f64                  |
 *     | 16 batches that brought something, f64 (exact up to 2^53)      |
 *     | 24 blocks of its slab, f64; 0: it has none                     |
 *     | 32 blocks that are free, f64: as of a second ago at most       |
 * 128 +- the worker and those who wake or stop it --------------------+
 *     |128 sleeping flag                         132 stop flag         |
 *     +----------------------------------------------------------------+
 * ```
 * Proof. *Sleeping*: the worker sets the flag, looks at everything that may hold work (rings, stop flag), and only then sleeps on its
 * sockets and eventfd; others make their work visible, then take the flag (exchange with 0), and whoever got 1 writes the eventfd. All
 * are sequentially consistent, so either the worker sees the work or the other one sees the flag; and at most one of them pays for
 * the wake-up. *Stop*: 0 -> 1 by control, back to 0 by control before a successor starts. *State*: its worker alone, but for `reset`,
 * which control calls when the thread has ended. *Forbidden*: sleeping with the flag set before the last look; two threads as one worker.
 */
import { type Region, WORKER_STATE_BYTES } from './region.js';

/** Words of a worker's state. */
export const WORKER_EPOCH = 0;
export const WORKER_STATE = 1;
export const WORKER_SLEEPING = 32;
export const WORKER_STOP = 33;
/** 64-bit floats of a worker's state. */
export const WORKER_LAST_LOOP = 1;
export const WORKER_BATCHES = 2;
export const WORKER_BLOCKS = 3;
export const WORKER_FREE_BLOCKS = 4;

export const WorkerPhase = { None: 0, Starting: 1, Running: 2, Stopping: 3 } as const;
export type WorkerPhase = (typeof WorkerPhase)[keyof typeof WorkerPhase];

/** The shared operations that this file and epochs.ts are made of. `Atomics`, but for tests that explore interleavings. */
export type StateOperations = Pick<typeof Atomics, 'load' | 'store' | 'add' | 'exchange'>;

/** The first word of a worker's state in an Int32Array over the whole region. */
export function workerStateWord(region: Region, worker: number): number {
  return (region.layout.workerStates + worker * WORKER_STATE_BYTES) / 4;
}

/** The worker's end. */
export class WorkerState {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #word: number;
  readonly #atomics: StateOperations;

  constructor(region: Region, worker: number, atomics: StateOperations = Atomics) {
    this.#words = new Int32Array(region.buffer);
    this.#floats = new Float64Array(region.buffer, region.layout.workerStates + worker * WORKER_STATE_BYTES, 16);
    this.#word = workerStateWord(region, worker);
    this.#atomics = atomics;
  }

  setPhase(phase: WorkerPhase): void {
    this.#atomics.store(this.#words, this.#word + WORKER_STATE, phase);
  }

  /** To be called once a turn of the loop; `now` in ms of the monotonic clock. */
  turned(now: number, broughtSomething: boolean): void {
    this.#floats[WORKER_LAST_LOOP] = now;
    if (broughtSomething) this.#floats[WORKER_BATCHES] = (this.#floats[WORKER_BATCHES] as number) + 1;
  }

  setBlocks(blocks: number, free: number): void {
    this.#floats[WORKER_BLOCKS] = blocks;
    this.#floats[WORKER_FREE_BLOCKS] = free;
  }

  /** Says that the worker is about to sleep. False: it is to stop, do not sleep. Look for work once more in between. */
  fallAsleep(): boolean {
    this.#atomics.store(this.#words, this.#word + WORKER_SLEEPING, 1);
    if (!this.stopRequested) return true;
    this.awake();
    return false;
  }

  /** Spares the others needless wake-ups. */
  awake(): void {
    this.#atomics.store(this.#words, this.#word + WORKER_SLEEPING, 0);
  }

  get stopRequested(): boolean {
    return this.#atomics.load(this.#words, this.#word + WORKER_STOP) !== 0;
  }
}

/** What {@link WorkerStates.read} tells of a worker. */
export interface WorkerStatus {
  readonly phase: WorkerPhase;
  readonly online: boolean;
  readonly sleeping: boolean;
  /** Milliseconds of the monotonic clock; 0: it has not turned yet. */
  readonly lastLoop: number;
  readonly batches: number;
  /** 0: its slab is not cut into blocks (portable path), or it has not told yet. */
  readonly blocks: number;
  readonly freeBlocks: number;
}

/** The others' end. */
export class WorkerStates {
  readonly #region: Region;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #atomics: StateOperations;

  constructor(region: Region, atomics: StateOperations = Atomics) {
    this.#region = region;
    this.#words = new Int32Array(region.buffer);
    this.#floats = new Float64Array(region.buffer);
    this.#atomics = atomics;
  }

  read(worker: number): WorkerStatus {
    const word = workerStateWord(this.#region, worker);
    return {
      phase: this.#atomics.load(this.#words, word + WORKER_STATE) as WorkerPhase,
      online: this.#atomics.load(this.#words, word + WORKER_EPOCH) !== 0,
      sleeping: this.#atomics.load(this.#words, word + WORKER_SLEEPING) !== 0,
      lastLoop: this.#floats[word / 2 + WORKER_LAST_LOOP] as number,
      batches: this.#floats[word / 2 + WORKER_BATCHES] as number,
      blocks: this.#floats[word / 2 + WORKER_BLOCKS] as number,
      freeBlocks: this.#floats[word / 2 + WORKER_FREE_BLOCKS] as number,
    };
  }

  /** To be called after work was made visible. True: the worker sleeps, and it is on the caller to wake it. */
  takeSleeping(worker: number): boolean {
    const word = workerStateWord(this.#region, worker) + WORKER_SLEEPING;
    if (this.#atomics.load(this.#words, word) === 0) return false;
    return this.#atomics.exchange(this.#words, word, 0) !== 0;
  }

  /** Asks a worker to stop. True: it sleeps, and it is on the caller to wake it. */
  requestStop(worker: number): boolean {
    this.#atomics.store(this.#words, workerStateWord(this.#region, worker) + WORKER_STOP, 1);
    return this.takeSleeping(worker);
  }

  /** Control, when the thread has ended: nothing of it is left for its successor. */
  reset(worker: number): void {
    const word = workerStateWord(this.#region, worker);
    for (const field of [WORKER_EPOCH, WORKER_STATE, WORKER_SLEEPING, WORKER_STOP])
      this.#atomics.store(this.#words, word + field, 0);
    this.#floats[word / 2 + WORKER_LAST_LOOP] = 0;
  }
}
