/**
 * The threads that run one planet together. Each runs the same program, step by step, and gives its own part of what is known where all need the
 * whole: whoever gathers waits for the slowest, so that all go on with the same.
 *
 * ```
 *   thread 0   ── run ──┐ gather ┌── run ─┐ gather ┌──
 *   thread 1   ─ run ─┐ │        │        │        │
 *                     └─┴────────┴────────┴────────┴──
 * ```
 */

export interface Crew {
  /** Which of the threads this one is, from 0. */
  readonly me: number;
  readonly size: number;
  /** Gives `mine` (which can be cloned) to all: what each thread has given, by its number. All call this in the same order. */
  gather<T>(mine: T): T[];
}

/** A planet in one thread. */
export const ALONE: Crew = { me: 0, size: 1, gather: (mine) => [mine] };

/** Sums of the crew: name by name. */
export function sumUp<Name extends string>(crew: Crew, mine: Readonly<Record<Name, number>>): Record<Name, number> {
  const all = crew.gather(mine);
  const sums: Record<Name, number> = { ...mine };
  for (const name of Object.keys(mine) as Name[]) {
    sums[name] = 0;
    for (const one of all) sums[name] += one[name];
  }
  return sums;
}
