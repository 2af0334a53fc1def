/**
 * Sleeping and waking. Each end has a flag word that says how it sleeps; the other end looks at it after each publish (or release)
 * and pays for a wake-up only when somebody sleeps.
 *
 * ```
 *        sleeper                                     waker
 *   1  flag |= Here (or Elsewhere)              a  publish (seq_cst store)
 *   2  look again: something to do? --> awake   b  flag ≠ 0?  no: done
 *   3  wait while flag has the value            c  old = exchange(flag, 0); Here: notify all; Elsewhere: call `wake`
 * ```
 * Proof. *Who writes*: the sleeper sets bits, the waker clears all of them; a consumer that is awake again may clear its own flag too.
 * *No lost wake-up*: 1, 2, a and b are sequentially consistent. If 2 does not see a, then 2 is before a, hence 1 before b, and b sees
 * the flag; then c changes the flag, and either 3 finds another value and does not sleep, or it sleeps already and is notified.
 * *Valid*: 0 -> bits -> more bits -> 0. A wake-up with nothing to do is allowed (several producers may wait for the same room): a
 * sleeper looks again. *Forbidden*: sleeping without having looked after setting the bit; publishing without looking at the flag
 * (a producer that publishes quietly has promised nobody a wake-up: it looks at the flag when it rouses).
 * A thread killed between exchange and notify loses that wake-up: who must survive this gives its waits a time-out.
 *
 * `Atomics.wait` keeps its list inside the JavaScript engine: native code can neither sleep on it nor wake it. So an end that sleeps
 * in a system call, or that is to be woken by native code, sleeps *Elsewhere* and is woken by a function (an eventfd, a message).
 */
import type { MemoryOperations, QueueMemory } from './layout.js';
import { QueueError } from './queue-error.js';

const SLEEPS_HERE = 1;
const SLEEPS_ELSEWHERE = 2;

export interface WaitOptions {
  /** Milliseconds; for ever when it is left out. */
  readonly timeout?: number;
}

export interface AsyncWaitOptions extends WaitOptions {
  /** Ends the wait early: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The end that sleeps. `ready` is "there is something to do"; it must look at shared memory each time. */
export class Sleeper {
  readonly #words: Int32Array;
  readonly #flag: number;
  readonly #atomics: MemoryOperations;
  readonly #ready: (length: number) => boolean;

  constructor(memory: QueueMemory, flag: number, atomics: MemoryOperations, ready: (length: number) => boolean) {
    this.#words = memory.words;
    this.#flag = flag;
    this.#atomics = atomics;
    this.#ready = ready;
  }

  /** Blocks until ready: true; false after the time-out. `length` is handed to `ready`. */
  wait(length: number, timeout: number): boolean {
    while (!this.#ready(length)) {
      const flag = this.#announce(SLEEPS_HERE);
      if (this.#ready(length)) return true;
      if (this.#atomics.wait(this.#words, this.#flag, flag, timeout) === 'timed-out') return this.#ready(length);
    }
    return true;
  }

  /** As {@link wait}, without blocking the thread. A pending wait does not keep the process alive. */
  async waitAsync(length: number, { timeout = Infinity, signal }: AsyncWaitOptions): Promise<boolean> {
    const rouse = () => this.#atomics.notify(this.#words, this.#flag);
    signal?.addEventListener('abort', rouse, { once: true });
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (this.#ready(length)) return true;
        const flag = this.#announce(SLEEPS_HERE);
        if (this.#ready(length)) return true;
        const pending = this.#atomics.waitAsync(this.#words, this.#flag, flag, timeout);
        if ((await pending.value) === 'timed-out') return this.#ready(length);
      }
    } finally {
      signal?.removeEventListener('abort', rouse);
    }
  }

  /** Says that this end is about to sleep where only `wake` reaches it. False: there is something to do, do not sleep. */
  sleepElsewhere(length: number): boolean {
    if (this.#ready(length)) return false;
    this.#announce(SLEEPS_ELSEWHERE);
    return !this.#ready(length);
  }

  /** Spares the other end a needless wake-up. Only for an end that has its flag to itself. */
  awake(): void {
    this.#atomics.store(this.#words, this.#flag, 0);
  }

  #announce(how: number): number {
    return this.#atomics.or(this.#words, this.#flag, how) | how;
  }
}

/** The end that wakes. */
export class Waker {
  readonly #words: Int32Array;
  readonly #flag: number;
  readonly #atomics: MemoryOperations;
  readonly #wake: (() => void) | undefined;

  constructor(memory: QueueMemory, flag: number, atomics: MemoryOperations, wake: (() => void) | undefined) {
    this.#words = memory.words;
    this.#flag = flag;
    this.#atomics = atomics;
    this.#wake = wake;
  }

  /** To be called after every publish or release. */
  wake(): void {
    if (this.#atomics.load(this.#words, this.#flag) !== 0) this.#rouse();
  }

  #rouse(): void {
    const how = this.#atomics.exchange(this.#words, this.#flag, 0);
    if (how & SLEEPS_HERE) this.#atomics.notify(this.#words, this.#flag);
    if (!(how & SLEEPS_ELSEWHERE)) return;
    if (!this.#wake)
      throw new QueueError('ERR_QUEUE_NO_WAKE', 'the other end sleeps elsewhere: pass a `wake` function');
    this.#wake();
  }
}
