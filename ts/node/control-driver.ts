/**
 * Drives the control plane: one input with the time, then all outputs in their order, then one timer until it wants to be called again.
 */
import type { Output } from '../control/io.js';
import type { ControlNode } from '../control/node.types.js';

/** A timer that comes so much late says that the process (or the machine) stood still, ms. */
const STALL_MS = 400;
/** The longest wait that `setTimeout` takes, ms. */
const MAX_WAIT_MS = 0x7fff_ffff;

export class ControlDriver {
  readonly #control: ControlNode;
  readonly #execute: (output: Output) => void;
  readonly #now: () => number;
  readonly #beforeTimeout: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off, ms. */
  #wakeAt = Infinity;
  #draining = false;
  #inBatch = false;
  #stopped = false;

  /**
   * `execute` acts on one output; `now` is the clock of the packet path. `beforeTimeout` is called when the timer has gone off, before control
   * hears of it: to give it what waits for just such an occasion.
   */
  constructor(
    control: ControlNode,
    execute: (output: Output) => void,
    now: () => number,
    beforeTimeout: () => void = () => undefined,
  ) {
    this.#control = control;
    this.#execute = execute;
    this.#now = now;
    this.#beforeTimeout = beforeTimeout;
  }

  /** Gives the control plane one input, acts on what it says, and sets the timer. */
  input(give: (control: ControlNode, now: number) => void): void {
    if (this.#stopped) return;
    give(this.#control, this.#now());
    this.#drain();
    if (!this.#inBatch) this.#schedule();
  }

  /** What `give` gives as inputs, one by one, is followed by its outputs as ever; but the timer is set once, after all. */
  batch(give: () => void): void {
    if (this.#inBatch) return give();
    this.#inBatch = true;
    try {
      give();
    } finally {
      this.#inBatch = false;
      if (!this.#stopped) this.#schedule();
    }
  }

  /** No input is taken from here on. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #drain(): void {
    // An output may cause an input at once (an event's listener gives a command): its outputs come behind those that wait.
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let output = this.#control.poll(); output !== undefined; output = this.#control.poll())
        this.#execute(output);
    } finally {
      this.#draining = false;
    }
  }

  #schedule(): void {
    const next = this.#control.nextTimeout();
    // A timer that goes off too early costs one look; setting it anew for every frame would cost more.
    if (next >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = next;
    const wait = Math.min(MAX_WAIT_MS, Math.max(0, Math.ceil(next - this.#now())));
    this.#timer = setTimeout(() => this.#onTimer(), wait);
  }

  #onTimer(): void {
    const expected = this.#wakeAt;
    this.#wakeAt = Infinity;
    const isLate = this.#now() - expected > STALL_MS;
    this.batch(() => {
      if (isLate) this.input((control, now) => control.handleCommand({ kind: 'resume' }, now));
      this.#beforeTimeout();
      this.input((control, now) => {
        if (control.nextTimeout() <= now) control.handleTimeout(now);
      });
    });
  }
}
