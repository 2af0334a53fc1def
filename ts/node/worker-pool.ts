/**
 * All workers of a node: their rings, their supervisors, and the pumps that bring what they hand up to the main thread.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ExposeRule, FaultCommand, ForwardRule, ListenSocket, WorkerStart } from '../data/worker-contract.js';
import { PortKind } from '../memory/link-table.js';
import { createQueue } from '../memory/sharedarraybuffer-queue/index.js';
import type { WorkerStates } from '../memory/worker-state.js';
import { pump } from './pump.js';
import { WorkerRings } from './worker-rings.js';
import { type CommandBody, type SupervisorEvents, WorkerSupervisor } from './worker-supervisor.js';
import { WorkerThreads } from './worker-threads.js';
import { Watchdog } from './worker-watchdog.js';

const HANDOVER_BYTES = 1 << 22;
/** How often a closing node looks whether its rings are empty, ms. */
const FLUSH_LOOK_MS = 2;

/** What is the same in every worker's start. */
export type CommonStart = Pick<
  WorkerStart,
  'self' | 'packetPath' | 'region' | 'load' | 'shellWakeFd' | 'gso' | 'gro' | 'faults' | 'emulation'
>;

/** What differs between workers, or changes between their lives. */
export interface WorkerResources {
  readonly sockets: (worker: number) => readonly ListenSocket[];
  readonly forwards: () => readonly ForwardRule[];
  readonly exposes: () => readonly ExposeRule[];
  /** The eventfd that wakes the worker; -1: by a message. */
  readonly wakeFd: (worker: number) => number;
  /** Writes to an eventfd. */
  readonly wakeByFd: (fd: number) => void;
}

export type FaultBody = Extract<CommandBody, { readonly type: FaultCommand['type'] }>;

export interface PoolHandlers extends SupervisorEvents {
  /** Handle a portion of what waits in a worker's ring; true: there may be more. */
  readonly drainControl: (rings: WorkerRings) => boolean;
  readonly drainData: (rings: WorkerRings) => boolean;
  readonly states: WorkerStates;
}

export class WorkerPool {
  readonly rings: readonly WorkerRings[];
  readonly #threads: WorkerThreads;
  readonly #now: () => number;
  #watchdog: Watchdog | undefined;
  readonly #supervisors: readonly WorkerSupervisor[];
  readonly #handlers: PoolHandlers;
  readonly #stopped = new AbortController();
  #pumps: Promise<void>[] = [];

  constructor(
    count: number,
    common: CommonStart,
    resources: WorkerResources,
    handlers: PoolHandlers,
    now: () => number,
  ) {
    this.#handlers = handlers;
    this.#now = now;
    const wake = (worker: number) => () => {
      const fd = resources.wakeFd(worker);
      if (fd >= 0) resources.wakeByFd(fd);
      else this.#supervisors[worker]?.poke();
    };
    const workers = Array.from({ length: count }, (_, worker) => worker);
    this.rings = workers.map((worker) => new WorkerRings(wake(worker)));
    // One more than there are UDP workers: the last ring is that of the worker that sends TCP links.
    const handover = Array.from({ length: count + 1 }, (_, worker) => ({
      ring: createQueue({ bytes: HANDOVER_BYTES, producers: 'many' }),
      wakeFd: resources.wakeFd(worker),
    }));
    this.#threads = new WorkerThreads({ packetPath: common.packetPath });
    this.#supervisors = workers.map((worker) => {
      const rings = this.rings[worker] as WorkerRings;
      const startData = (): WorkerStart => ({
        ...common,
        ...rings.shared,
        handover,
        worker,
        portKind: PortKind.Udp,
        sockets: resources.sockets(worker),
        wakeFd: resources.wakeFd(worker),
        // Port forwards and their flows are worker 0's; the others hand their packets over to it.
        forwards: worker === 0 ? resources.forwards() : [],
        exposes: worker === 0 ? resources.exposes() : [],
      });
      const takeThread = () => this.#threads.take();
      return new WorkerSupervisor(
        { worker, startData, takeThread, sendCommand: (command) => rings.command(command), now },
        {
          ...handlers,
          onReady: (...ready) => {
            rings.isServed = true;
            void this.#threads.keepSpare();
            handlers.onReady(...ready);
          },
          onStuck: () => {
            rings.isServed = false;
            handlers.onStuck(worker);
          },
        },
      );
    });
  }

  /** Resolves when all workers receive; rejects when one cannot start (the others are stopped by {@link stop}). */
  async start(): Promise<void> {
    const { states, onWarning } = this.#handlers;
    this.#watchdog = new Watchdog(this.#supervisors, states, this.#now, onWarning);
    this.#pumps = this.rings.flatMap((rings) => [
      pump(
        (signal) => rings.waitControl(signal),
        () => this.#handlers.drainControl(rings),
        this.#stopped.signal,
      ),
      pump(
        (signal) => rings.waitData(signal),
        () => this.#handlers.drainData(rings),
        this.#stopped.signal,
      ),
    ]);
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.start()));
  }

  /** Hands up what waits now, so that nothing of a link is left when its index is given out again. */
  drainControlNow(): void {
    for (const rings of this.rings) while (this.#handlers.drainControl(rings));
  }

  /** A command for the worker that has the port forwards. */
  command(body: CommandBody): Promise<number | undefined> {
    return this.commandTo(0, body);
  }

  commandTo(worker: number, body: CommandBody): Promise<number | undefined> {
    return (this.#supervisors[worker] as WorkerSupervisor).command(body);
  }

  async commandAll(body: CommandBody): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.command(body)));
  }

  /** Makes a worker fail, for tests; its supervisor does the rest. */
  fail(worker: number, fault: FaultBody): void {
    // The failure is the answer: nobody is left to give another.
    this.commandTo(worker, fault).catch(() => undefined);
  }

  /** Resolves when the workers have read everything that control and applications have sent. */
  async whenFlushed(): Promise<void> {
    while (!this.#stopped.signal.aborted && this.rings.some((rings) => !rings.controlIdle || !rings.dataIdle))
      await delay(FLUSH_LOOK_MS);
  }

  /** Stops all workers: asks, waits up to `graceMs`, then ends them. */
  async stop(graceMs: number): Promise<void> {
    this.#watchdog?.close();
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.stop(graceMs)));
    await this.#threads.close(graceMs);
    this.#stopped.abort();
    await Promise.all(this.#pumps);
  }
}
