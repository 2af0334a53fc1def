/**
 * The threads of a node's workers, and one that waits for the day when a worker crashes.
 *
 * A thread takes 30 ms to start on an idle machine, and several times that on a busy one; a peer takes a link for dead after 150 ms of
 * silence. So a spare thread is kept that has started and loaded its code: it becomes a worker within a few milliseconds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ThreadData } from '../data/worker-contract.js';
import { WorkerThread } from './worker-thread.js';

/** The spare is made when the node, or a worker's successor, has had time for more urgent things, ms. */
const SPARE_AFTER_MS = 250;

export class WorkerThreads {
  readonly #data: ThreadData;
  readonly #living = new Set<WorkerThread>();
  #spare: WorkerThread | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(data: ThreadData) {
    this.#data = data;
  }

  /** A thread to start as a worker: the spare one if there is one. */
  take(): WorkerThread {
    const thread = this.#spare ?? this.#make();
    this.#spare = undefined;
    return thread;
  }

  /** A worker has started: soon there will be a spare for the next. Resolves when it has loaded its code, if no later call is made before. */
  keepSpare(): Promise<void> {
    clearTimeout(this.#timer);
    return new Promise((resolve) => {
      this.#timer = setTimeout(() => {
        this.#spare ??= this.#make();
        void this.#spare.loaded.then(resolve);
      }, SPARE_AFTER_MS);
    });
  }

  /** Ends all threads that are left; waits up to `graceMs` for one that is blocked outside of JavaScript. */
  async close(graceMs: number): Promise<void> {
    clearTimeout(this.#timer);
    const blocked = new AbortController();
    const ended = Array.from(this.#living, (thread) => thread.terminate());
    await Promise.race([Promise.all(ended), delay(graceMs, undefined, blocked)]);
    blocked.abort();
  }

  #make(): WorkerThread {
    const thread = new WorkerThread(this.#data);
    this.#living.add(thread);
    void thread.exited.finally(() => {
      this.#living.delete(thread);
      if (this.#spare === thread) this.#spare = undefined;
    });
    return thread;
  }
}
