/** The end of a long-running command: the first signal asks for it, the second insists. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends the process on the first signal, by way of its `exit` handlers: whoever has started others takes them along. */
export function exitOnSignals(): void {
  for (const signal of SIGNALS) process.once(signal, () => process.exit(1));
}

/** Resolves with the first signal; a second one ends the process at once, with exit code 1. Call it before there is anything to lose. */
export function waitForEnd(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of SIGNALS)
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve(signal);
      });
  });
}
