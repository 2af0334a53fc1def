/**
 * Notices workers that hang, and has them replaced. Every worker turns its loop within some tens of milliseconds, whether it has work or not,
 * and stamps each turn (ts/memory/worker-state.ts): a stamp that stands still for long is a thread that is caught somewhere.
 *
 * Time in which this thread did not run is not counted: whatever stopped it (a debugger, SIGSTOP, a machine that sleeps) may have stopped all.
 */
import type { WorkerStates } from '../memory/worker-state.js';
import type { WorkerSupervisor } from './worker-supervisor.js';

const LOOK_MS = 500;
/** A look that comes so much late was held up, ms. */
const STALL_MS = 250;
/** Fifty times the longest sleep of a worker; on a machine with more threads than cores one may wait long for its turn. */
const HANG_MS = 2_000;
/** For a thread that loads its code first. */
const START_MS = 15_000;
/** JavaScript ends within milliseconds of being told so; what has not by then is blocked outside of it. */
const END_MS = 2_000;

export class Watchdog {
  readonly #supervisors: readonly WorkerSupervisor[];
  readonly #states: WorkerStates;
  readonly #now: () => number;
  readonly #warn: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #lookedAt: number;
  #countFrom: number;

  constructor(
    supervisors: readonly WorkerSupervisor[],
    states: WorkerStates,
    now: () => number,
    warn: (message: string) => void,
  ) {
    this.#supervisors = supervisors;
    this.#states = states;
    this.#now = now;
    this.#warn = warn;
    this.#lookedAt = now();
    this.#countFrom = this.#lookedAt;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#now();
    if (now - this.#lookedAt > LOOK_MS + STALL_MS) this.#countFrom = now;
    this.#lookedAt = now;
    for (const [worker, supervisor] of this.#supervisors.entries()) {
      const since = supervisor.aliveSince;
      if (since === undefined) continue;
      const { lastLoop } = this.#states.read(worker);
      const still = now - Math.max(since, lastLoop, this.#countFrom);
      if (still <= (lastLoop === 0 ? START_MS : HANG_MS)) continue;
      const reason = `it hung: its loop had stood still for ${(still / 1000).toFixed(1)} s`;
      this.#warn(`worker ${worker} hangs: its loop has stood still for ${(still / 1000).toFixed(1)} s; it is replaced`);
      void supervisor.end(reason, END_MS);
    }
  }
}
