/** A worker's incoming hand-over ring: how the worker sleeps on it, and what becomes of it when one that writes into it dies. */
import type { HandoverRing } from '../../ts/data/worker-contract.js';
import { QueueConsumer } from '../../ts/memory/sharedarraybuffer-queue/index.js';

/** Between two looks for what a dead worker had claimed, ms: no living one takes so long to publish. */
const UNBLOCK_INTERVAL_MS = 1_000;

export class HandoverInbox {
  readonly ring: QueueConsumer;
  /** The worker sleeps in a system call, which an eventfd ends; else on its event loop, which the ring's own wait ends. */
  readonly #blocking: boolean;
  readonly #onRecord: () => void;
  #waiting = false;
  #closed = false;
  #lookedAt = 0;

  /** `onRecord`: there is something, for a worker that sleeps on its event loop. */
  constructor({ ring, wakeFd }: HandoverRing, onRecord: () => void) {
    this.ring = new QueueConsumer(ring);
    this.#blocking = wakeFd >= 0;
    this.#onRecord = onRecord;
  }

  /** Announces that the worker sleeps; false: there is a record already. */
  fallAsleep(): boolean {
    if (this.#blocking) return this.ring.sleepElsewhere();
    if (!this.#waiting) void this.#wait();
    return true;
  }

  awake(): void {
    if (this.#blocking) this.ring.awake();
  }

  /** To be called now and then, while no record of the ring is in hand. */
  watch(now: number): void {
    if (now - this.#lookedAt < UNBLOCK_INTERVAL_MS) return;
    this.#lookedAt = now;
    this.ring.unblock();
  }

  close(): void {
    this.#closed = true;
  }

  async #wait(): Promise<void> {
    this.#waiting = true;
    await this.ring.waitAsync();
    this.#waiting = false;
    if (!this.#closed) this.#onRecord();
  }
}
