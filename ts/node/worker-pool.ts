/**
 * All workers of a node: their rings, their supervisors, and the pumps that bring what they hand up to the main thread.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type {
  EmulationStart,
  ExposeRule,
  FaultCommand,
  ForwardRule,
  ListenSocket,
  WorkerStart,
} from '../data/worker-contract.js';
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
  'self' | 'packetPath' | 'region' | 'backlogs' | 'flows' | 'load' | 'shellWakeFd' | 'gso' | 'gro' | 'faults'
>;

/** What differs between workers. */
type OwnStart = Pick<WorkerStart, 'portKind' | 'sockets' | 'wakeFd' | 'forwards' | 'exposes'>;

/** What differs between workers, or changes between their lives. */
export interface WorkerResources {
  readonly sockets: (worker: number) => readonly ListenSocket[];
  /** What the worker for TCP listens at. */
  readonly tcpSockets: () => readonly ListenSocket[];
  /** The option that asked for a listening address, by its number among those of its scheme. */
  readonly optionOf: (scheme: 'udp' | 'tcp', socket: number) => string;
  /** The network that is emulated for links of a scheme. */
  readonly emulation: (scheme: 'udp' | 'tcp') => EmulationStart | undefined;
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
  /** Of the workers for UDP. */
  readonly rings: readonly WorkerRings[];
  /** Of the worker for TCP, whose number follows theirs. What is written before {@link startTcp} waits. */
  readonly tcpRings: WorkerRings;
  readonly #threads: WorkerThreads;
  readonly #now: () => number;
  #watchdog: Watchdog | undefined;
  readonly #supervisors: readonly WorkerSupervisor[];
  readonly #tcp: WorkerSupervisor;
  readonly #handlers: PoolHandlers;
  readonly #stopped = new AbortController();
  readonly #pumps: Promise<void>[] = [];
  #tcpStarted: Promise<void> | undefined;

  /** `count`: workers for UDP. */
  constructor(
    count: number,
    common: CommonStart,
    resources: WorkerResources,
    handlers: PoolHandlers,
    now: () => number,
  ) {
    this.#handlers = handlers;
    this.#now = now;
    const workers = Array.from({ length: count }, (_, worker) => worker);
    const handover = [...workers, count].map((worker) => ({
      ring: createQueue({ bytes: HANDOVER_BYTES, producers: 'many' }),
      wakeFd: resources.wakeFd(worker),
    }));
    this.rings = workers.map(
      (worker) =>
        new WorkerRings('udp', () => {
          const fd = resources.wakeFd(worker);
          if (fd >= 0) resources.wakeByFd(fd);
          else this.#supervisors[worker]?.poke();
        }),
    );
    this.tcpRings = new WorkerRings('tcp', () => this.#tcp.poke());
    this.#threads = new WorkerThreads({ packetPath: common.packetPath });
    const supervise = (worker: number, rings: WorkerRings, own: () => OwnStart): WorkerSupervisor =>
      new WorkerSupervisor(
        {
          worker,
          startData: () => {
            const emulation = resources.emulation(rings.scheme);
            return { ...common, ...rings.shared, ...(emulation && { emulation }), handover, worker, ...own() };
          },
          optionOf: (socket) => resources.optionOf(rings.scheme, socket),
          takeThread: () => this.#threads.take(),
          sendCommand: (command) => rings.command(command),
          now,
        },
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
    this.#supervisors = this.rings.map((rings, worker) =>
      supervise(worker, rings, () => ({
        portKind: PortKind.Udp,
        sockets: resources.sockets(worker),
        wakeFd: resources.wakeFd(worker),
        // Port forwards and their flows are worker 0's; the others hand their packets over to it.
        forwards: worker === 0 ? resources.forwards() : [],
        exposes: worker === 0 ? resources.exposes() : [],
      })),
    );
    this.#tcp = supervise(count, this.tcpRings, () => ({
      portKind: PortKind.Tcp,
      sockets: resources.tcpSockets(),
      wakeFd: -1,
      forwards: [],
      exposes: [],
    }));
  }

  /** Resolves when all workers for UDP receive; rejects when one cannot start (the others are stopped by {@link stop}). */
  async start(): Promise<void> {
    const { states, onWarning } = this.#handlers;
    this.#watchdog = new Watchdog([...this.#supervisors, this.#tcp], states, this.#now, onWarning);
    for (const rings of this.rings) this.#pump(rings);
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.start()));
  }

  /** Starts the worker for TCP, once; resolves when it listens. */
  startTcp(): Promise<void> {
    if (this.#tcpStarted === undefined) this.#pump(this.tcpRings);
    this.#tcpStarted ??= this.#tcp.start();
    return this.#tcpStarted;
  }

  /** Whether there is a worker for TCP. */
  get hasTcp(): boolean {
    return this.#tcpStarted !== undefined;
  }

  /** Hands up what waits now, so that nothing of a link is left when its index is given out again. */
  drainControlNow(): void {
    for (const rings of this.allRings) while (this.#handlers.drainControl(rings));
  }

  /** A command for the worker that has the port forwards. */
  command(body: CommandBody): Promise<number | undefined> {
    return this.commandTo(0, body);
  }

  commandTo(worker: number, body: CommandBody): Promise<number | undefined> {
    return (this.#supervisors[worker] ?? this.#tcp).command(body);
  }

  async commandAll(body: CommandBody): Promise<void> {
    const supervisors = this.hasTcp ? [...this.#supervisors, this.#tcp] : this.#supervisors;
    await Promise.all(supervisors.map((supervisor) => supervisor.command(body)));
  }

  /** Makes a worker fail, for tests; its supervisor does the rest. */
  fail(worker: number, fault: FaultBody): void {
    // The failure is the answer: nobody is left to give another.
    this.commandTo(worker, fault).catch(() => undefined);
  }

  /** Resolves when the workers have read everything that control and applications have sent. */
  async whenFlushed(): Promise<void> {
    while (!this.#stopped.signal.aborted && this.allRings.some((rings) => !rings.controlIdle || !rings.dataIdle))
      await delay(FLUSH_LOOK_MS);
  }

  /** Stops all workers: asks, waits up to `graceMs`, then ends them. */
  async stop(graceMs: number): Promise<void> {
    this.#watchdog?.close();
    await Promise.all([...this.#supervisors, this.#tcp].map((supervisor) => supervisor.stop(graceMs)));
    await this.#threads.close(graceMs);
    this.#stopped.abort();
    await Promise.all(this.#pumps);
  }

  /** Those whose worker has been started. */
  get allRings(): readonly WorkerRings[] {
    return this.hasTcp ? [...this.rings, this.tcpRings] : this.rings;
  }

  /** Hands up what the worker has for the main thread, from now on. */
  #pump(rings: WorkerRings): void {
    this.#pumps.push(
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
    );
  }
}
