/** The ways in which a worker can fail, on command: what tests show that a node survives is done for real. */
import { readFileSync } from 'node:fs';
import type { FaultCommand, WorkerCommand } from '../../ts/data/worker-contract.js';

export function isFault(command: WorkerCommand): command is FaultCommand {
  return ['crash', 'hang', 'exhaust', 'block'].includes(command.type);
}

/** Does not return, but from `block`, when the pipe has been written. */
export function fail(command: FaultCommand): void {
  switch (command.type) {
    case 'crash':
      throw new Error('crashed on command');
    case 'hang':
      for (let turns = 0; ; turns++) void turns;
    case 'exhaust':
      for (const hoard: unknown[] = []; ; ) hoard.push(Array.from({ length: 20_000 }, () => 0.5)); // in small steps: docs/architecture.md says why
    case 'block':
      readFileSync(command.file);
  }
}
