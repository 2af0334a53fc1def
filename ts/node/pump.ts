/**
 * Runs a drain function whenever a ring has something: sleeps on the ring, drains in portions, lets the event loop turn between them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * `wait` resolves when there is something; `drain` handles a portion and says whether there may be more. What a drain throws (a listener of
 * the application did) goes to the process as an uncaught exception, as from any emitter; the pump goes on.
 */
export async function pump(
  wait: (signal: AbortSignal) => Promise<unknown>,
  drain: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await wait(signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    while (!signal.aborted && drainGuarded(drain)) await nextTurn();
  }
}

function drainGuarded(drain: () => boolean): boolean {
  try {
    return drain();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
    return true;
  }
}
