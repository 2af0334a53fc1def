/**
 * One life of one worker: the thread, what it says, and its end.
 */
import { Worker } from 'node:worker_threads';
import type { WorkerMessage, WorkerStart } from '../data/worker-contract.js';

const FORWARDER = new URL('../../bundle/forwarder.js', import.meta.url);

export interface WorkerThreadEvents {
  readonly onMessage: (message: WorkerMessage) => void;
  /** The thread is gone. `error`: what it died of; `undefined` when it ended by itself with code 0. */
  readonly onExit: (error: Error | undefined) => void;
}

export class WorkerThread {
  readonly #worker: Worker;

  constructor(start: WorkerStart, { onMessage, onExit }: WorkerThreadEvents) {
    let error: Error | undefined;
    this.#worker = new Worker(FORWARDER, { workerData: start, name: `forwarder ${start.worker}` });
    this.#worker.on('message', onMessage);
    this.#worker.on('messageerror', (cause) => (error ??= cause));
    this.#worker.on('error', (cause) => (error ??= cause instanceof Error ? cause : new Error(String(cause))));
    this.#worker.on('exit', (code) => {
      if (code !== 0) error ??= new Error(`the thread ended with exit code ${code}`);
      onExit(error);
    });
  }

  /** Wakes a worker that sleeps on its event loop. */
  poke(): void {
    this.#worker.postMessage('wake');
  }

  /** The last resort: the thread ends wherever it is. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
