/** A broken promise of our own code, never of a peer's: says which, and stops what was going on. */
export class InvariantError extends Error {
  readonly code = 'ERR_PORTOLAN_INVARIANT';
}

/** Asserts what must hold in production too. `what` names the promise, as in "a live link has a session". */
export function invariant(holds: unknown, what: string): asserts holds {
  if (!holds) throw new InvariantError(`broken invariant: ${what}`);
}
