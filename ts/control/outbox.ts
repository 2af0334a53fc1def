import type { ControlCounter, ControlEvent, Output } from './io.js';

/** What the control plane wants done, in order, until somebody polls it. */
export class Outbox {
  #queue: Output[] = [];
  #next = 0;

  push(output: Output): void {
    this.#queue.push(output);
  }

  event(event: ControlEvent): void {
    this.push({ kind: 'event', event });
  }

  count(counter: ControlCounter): void {
    this.push({ kind: 'count', counter });
  }

  poll(): Output | undefined {
    const output = this.#queue[this.#next];
    if (output === undefined) {
      this.#queue = [];
      this.#next = 0;
      return undefined;
    }
    this.#next++;
    return output;
  }
}
