import type { FaultBody } from './worker-pool.js';

/**
 * A fault to inject; see the option `allowFaults`. The worker throws an error, turns for ever, runs out of memory, or reads `file` (a pipe
 * blocks it outside of JavaScript, until somebody writes).
 */
export type Fault = WorkerFault | { readonly kind: 'blockWorker'; readonly worker: number; readonly file: string };

/** What can be asked for by the admin interface, too. */
export interface WorkerFault {
  readonly kind: 'crashWorker' | 'hangWorker' | 'exhaustWorker';
  readonly worker: number;
}

const COMMANDS = { crashWorker: 'crash', hangWorker: 'hang', exhaustWorker: 'exhaust' } as const;

export function faultCommand(fault: Fault): FaultBody {
  if (fault.kind === 'blockWorker') return { type: 'block', file: fault.file };
  return { type: COMMANDS[fault.kind] };
}
