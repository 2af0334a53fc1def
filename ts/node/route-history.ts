import type { RouteChangeReport } from './admin.types.js';
import type { RouteEvent } from './events.js';

/** Changes that are remembered; the oldest goes first. */
const MOST_CHANGES = 1000;

/** The latest changes of the forwarding table. */
export class RouteHistory {
  readonly #changes: RouteChangeReport[] = [];

  note(event: RouteEvent): void {
    if (this.#changes.length === MOST_CHANGES) this.#changes.shift();
    this.#changes.push({ at: new Date().toISOString(), ...event });
  }

  /** The oldest first. */
  changes(): readonly RouteChangeReport[] {
    return this.#changes;
  }
}
