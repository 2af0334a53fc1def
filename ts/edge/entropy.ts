/** The one door to randomness that nobody can guess: from the operating system. */
import { randomFillSync } from 'node:crypto';

export function entropy(bytes: number): Uint8Array<ArrayBuffer> {
  return randomFillSync(new Uint8Array(bytes));
}
