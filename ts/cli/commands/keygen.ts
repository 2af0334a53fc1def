/** `portolan keygen`. */
import { randomBytes } from 'node:crypto';
import { print, printJson } from '../output/print.js';

export function runKeygen(options: { readonly json?: boolean }): void {
  const networkKey = randomBytes(32).toString('hex');
  if (options.json) printJson({ networkKey });
  else print(networkKey);
}
