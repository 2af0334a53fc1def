/**
 * Keeps one worker running: starts it, answers its crashes with a successor, and stops it. Its sockets, rings and counters outlive it.
 *
 * ```
 *   starting ──ready──> running ──crash──> waiting ──> starting (again)
 *      │                   │                  how long: not at all, unless it crashes again and again: then doubling
 *   startFailed          stop()
 *      ▼                   ▼
 *   failed             stopping ──exit──> stopped
 * ```
 * A worker that hangs (worker-watchdog.ts notices) is ended: then it has crashed.
 */
import type { WorkerCommand, WorkerMessage, WorkerStart } from '../data/worker-contract.js';
import { PortolanError } from './errors.js';
import { startError } from './start-error.js';
import type { WorkerThread } from './worker-thread.js';

/** A worker that has run for so long starts anew with a clean record, ms. */
const GOOD_RUN_MS = 10_000;
/** So many crashes in a row are answered at once; then a worker waits, twice as long each time, so that it does not eat the machine. */
const CRASHES_AT_ONCE = 3;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;
/** Crashes in a row after which people are told that this will not get better by itself. */
const CRASHES_TO_WARN = 5;
const COMMAND_TIMEOUT_MS = 5_000;

export type ReadyMessage = Extract<WorkerMessage, { type: 'ready' }>;
type StartFailedMessage = Extract<WorkerMessage, { type: 'startFailed' }>;
/** A command without its number, which the supervisor gives. */
export type CommandBody = WorkerCommand extends infer C ? (C extends WorkerCommand ? Omit<C, 'id'> : never) : never;

export interface SupervisorEvents {
  readonly onReady: (worker: number, ready: ReadyMessage) => void;
  readonly onMessage: (worker: number, message: WorkerMessage) => void;
  /** The worker is dead, by a crash, and touches nothing shared any more; its successor is on its way. */
  readonly onCrash: (worker: number) => void;
  readonly onRestarted: (worker: number, reason: string, afterMs: number) => void;
  /** The worker hangs outside of JavaScript, where nothing ends it: it is lost until it comes back by itself, and crashes then. */
  readonly onStuck: (worker: number) => void;
  readonly onWarning: (message: string) => void;
}

export interface SupervisedWorker {
  readonly worker: number;
  /** The option that asked for one of its sockets, as in `listen[0]`. */
  readonly optionOf: (socket: number) => string;
  /** What the next life is started with: read at each start, for ports become known and rules change. */
  readonly startData: () => WorkerStart;
  /** A thread for the next life. */
  readonly takeThread: () => WorkerThread;
  readonly sendCommand: (command: WorkerCommand) => boolean;
  readonly now: () => number;
}

export class WorkerSupervisor {
  readonly #worker: SupervisedWorker;
  readonly #events: SupervisorEvents;
  readonly #commands = new Map<number, { done: (port: number | undefined) => void; fail: (error: Error) => void }>();
  #thread: WorkerThread | undefined;
  #state: 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped' = 'stopped';
  #started: { resolve: () => void; reject: (error: PortolanError) => void } | undefined;
  #startFailure: StartFailedMessage | undefined;
  #startedAt = 0;
  #crashedAt = 0;
  #crashes = 0;
  #reason = '';
  /** Set while a worker that hangs is being ended. */
  #hang: string | undefined;
  #backoff: NodeJS.Timeout | undefined;
  #onStopped: (() => void) | undefined;
  #nextCommand = 1;

  constructor(worker: SupervisedWorker, events: SupervisorEvents) {
    this.#worker = worker;
    this.#events = events;
  }

  /** Starts the first life; rejects when it cannot start. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.#spawn();
    });
  }

  /** Since when a thread has been starting or working as this worker, and nobody is ending it, ms; undefined: none is. */
  get aliveSince(): number | undefined {
    const isAlive = (this.#state === 'starting' || this.#state === 'running') && this.#hang === undefined;
    return isAlive ? this.#startedAt : undefined;
  }

  /** Ends a worker that hangs, so that a successor takes its place. */
  async end(reason: string, graceMs: number): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#hang = reason;
    const patience = setTimeout(() => this.#events.onStuck(this.#worker.worker), graceMs);
    await thread.terminate();
    clearTimeout(patience);
  }

  /** Wakes the worker where it sleeps on its event loop. */
  poke(): void {
    this.#thread?.poke();
  }

  /** Gives a command; resolves with the port that the worker bound for it, if any. */
  command(body: CommandBody): Promise<number | undefined> {
    const id = this.#nextCommand++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#commands.delete(id);
        reject(new PortolanError('WORKER_FAILED', `worker ${this.#worker.worker} does not answer`));
      }, COMMAND_TIMEOUT_MS);
      const end = () => {
        clearTimeout(timer);
        this.#commands.delete(id);
      };
      this.#commands.set(id, {
        done: (port) => {
          end();
          resolve(port);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      });
      if (!this.#worker.sendCommand({ ...body, id }))
        this.#commands.get(id)?.fail(new PortolanError('WORKER_FAILED', `worker ${this.#worker.worker} is too busy`));
    });
  }

  /** Asks the worker to end, waits up to `graceMs`, then ends it. */
  async stop(graceMs: number): Promise<void> {
    clearTimeout(this.#backoff);
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#state = 'stopping';
    const stopped = new Promise<void>((resolve) => (this.#onStopped = resolve));
    this.command({ type: 'stop' }).catch(() => undefined); // its exit is the answer that counts
    // A thread that is blocked outside of JavaScript does not even end then: nobody waits for it any longer.
    let end: NodeJS.Timeout | undefined;
    const blocked = new Promise<void>((resolve) => (end = setTimeout(resolve, 2 * graceMs)));
    const timer = setTimeout(() => void thread.terminate(), graceMs);
    await Promise.race([stopped, blocked]);
    clearTimeout(timer);
    clearTimeout(end);
    for (const { fail } of this.#commands.values()) fail(new PortolanError('CLOSED', 'the node is closed'));
  }

  #spawn(): void {
    this.#state = 'starting';
    this.#startFailure = undefined;
    this.#startedAt = this.#worker.now();
    let data: WorkerStart;
    try {
      data = this.#worker.startData();
    } catch (error) {
      return this.#onEnd(error as Error); // what it needs cannot be opened just now
    }
    this.#thread = this.#worker.takeThread();
    this.#thread.start(data, {
      onMessage: (message) => this.#onMessage(message),
      onEnd: (error) => this.#onEnd(error),
    });
  }

  #onMessage(message: WorkerMessage): void {
    switch (message.type) {
      case 'ready':
        return this.#onReady(message);
      case 'startFailed':
        this.#startFailure = message;
        return;
      case 'done':
        return this.#commands.get(message.id)?.done(message.port);
      case 'failed':
        return this.#commands.get(message.id)?.fail(startError(message.code, message.message));
      default:
        this.#events.onMessage(this.#worker.worker, message);
    }
  }

  #onReady(message: ReadyMessage): void {
    if (this.#state !== 'starting') return;
    this.#state = 'running';
    this.#events.onReady(this.#worker.worker, message);
    if (this.#started) this.#started.resolve();
    else this.#events.onRestarted(this.#worker.worker, this.#reason, this.#worker.now() - this.#crashedAt);
    this.#started = undefined;
  }

  #onEnd(error: Error | undefined): void {
    this.#thread = undefined;
    if (this.#state === 'stopping') {
      this.#state = 'stopped';
      this.#onStopped?.();
      return;
    }
    const failure = this.#startFailure;
    const reason = this.#hang ?? failure?.message ?? error?.message ?? 'the thread ended by itself';
    this.#hang = undefined;
    if (this.#started) {
      this.#state = 'stopped';
      this.#started.reject(
        failure ? openError(failure, this.#worker.optionOf) : new PortolanError('WORKER_FAILED', `worker: ${reason}`),
      );
      return;
    }
    this.#restart(reason);
  }

  #restart(reason: string): void {
    const now = this.#worker.now();
    const hadGoodRun = this.#state === 'running' && now - this.#startedAt > GOOD_RUN_MS;
    this.#crashes = hadGoodRun ? 1 : this.#crashes + 1;
    if (this.#state === 'running') this.#crashedAt = now;
    this.#reason = reason;
    this.#state = 'waiting';
    this.#events.onCrash(this.#worker.worker);
    const more = this.#crashes - CRASHES_AT_ONCE;
    const wait = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (more - 1));
    if (this.#crashes === CRASHES_TO_WARN)
      this.#events.onWarning(
        `worker ${this.#worker.worker} crashes again and again (${reason}); it is started anew every ${MAX_BACKOFF_MS / 1000} s at most`,
      );
    if (more <= 0) this.#spawn();
    else this.#backoff = setTimeout(() => this.#spawn(), wait);
  }
}

/** What a worker could not open, by the option that asked for it. */
function openError(
  { code, message, socket, forward }: StartFailedMessage,
  optionOf: (socket: number) => string,
): PortolanError {
  if (socket !== undefined) return startError(code, `${optionOf(socket)}: ${message}`, optionOf(socket));
  if (forward !== undefined) return startError(code, `forwards[${forward}]: ${message}`, `forwards[${forward}]`);
  return startError(code, message);
}
