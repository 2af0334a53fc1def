/**
 * A thread that becomes a worker: first it loads its code, then it lives one life of one worker. What it says, and its end.
 *
 * ```
 *   new ──loads code──> spare ──start──> a worker ──crashed (its last words) or exit──> onEnd ... exit
 * ```
 */
import { Worker } from 'node:worker_threads';
import type { ThreadData, WorkerMessage, WorkerStart } from '../data/worker-contract.js';

const FORWARDER = new URL('../../bundle/forwarder.js', import.meta.url);

/** Of JavaScript objects, which the packet path makes none of: what a worker needs, many times over. A worker that leaks ends alone. */
const HEAP_MB = 256;

export interface WorkerThreadEvents {
  readonly onMessage: (message: WorkerMessage) => void;
  /**
   * The life is over, the thread touches nothing shared any more; it may still be on its way out. `error`: what it died of;
   * `undefined` when it ended by itself with code 0.
   */
  readonly onEnd: (error: Error | undefined) => void;
}

export class WorkerThread {
  /** Resolves when the thread has loaded its code. */
  readonly loaded: Promise<void>;
  /** Resolves when nothing of the thread is left. */
  readonly exited: Promise<void>;
  readonly #worker: Worker;
  #events: WorkerThreadEvents | undefined;
  #error: Error | undefined;
  #isLoaded = false;
  #onLoaded: () => void = () => undefined;

  constructor(data: ThreadData) {
    this.#worker = new Worker(FORWARDER, {
      workerData: data,
      name: 'forwarder',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.loaded = new Promise((resolve) => (this.#onLoaded = resolve));
    this.#worker.on('message', (message: WorkerMessage) => this.#onMessage(message));
    this.#worker.on('messageerror', (cause) => (this.#error ??= cause));
    this.#worker.on('error', (cause) => (this.#error ??= cause instanceof Error ? cause : new Error(String(cause))));
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        if (code !== 0) this.#error ??= new Error(`the thread ended with exit code ${code}`);
        this.#end(this.#error);
        resolve();
      });
    });
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Makes it a worker. Once, and before that it says nothing. */
  start(start: WorkerStart, events: WorkerThreadEvents): void {
    this.#events = events;
    this.#worker.postMessage(start);
  }

  /** Wakes a worker that sleeps on its event loop. */
  poke(): void {
    this.#worker.postMessage('wake');
  }

  /** The last resort: the thread ends wherever it is, unless it is blocked outside of JavaScript. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #onMessage(message: WorkerMessage): void {
    if (message.type === 'loaded') {
      this.#isLoaded = true;
      this.#onLoaded();
    } else if (message.type === 'crashed') this.#end(new Error(message.message));
    else this.#events?.onMessage(message);
  }

  #end(error: Error | undefined): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onEnd(error);
  }
}
