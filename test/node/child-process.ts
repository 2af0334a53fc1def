/** Starts nodes in processes of their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NodeOptions } from '../../ts/index.js';

const SCRIPT = fileURLToPath(new URL('./child-node.js', import.meta.url));

export interface ChildNode {
  readonly process: ChildProcess;
  readonly id: string;
  /** As in `udp://127.0.0.1:7000`. */
  readonly address: string;
  /** Asks it to close; resolves with its exit code when the process has ended by itself. */
  close(): Promise<number | null>;
  kill(): Promise<void>;
}

/** Resolves when the node listens. */
export async function startChild(options: NodeOptions): Promise<ChildNode> {
  const child = fork(SCRIPT, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the node's process ended with exit code ${code} before it was ready`);
  });
  const [{ address }] = (await Promise.race([once(child, 'message'), failed])) as [{ address: string }];
  failed.catch(() => undefined);
  return {
    process: child,
    id: options.id,
    address,
    async close() {
      const ended = once(child, 'exit');
      child.send('close');
      return (await ended)[0] as number | null;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
