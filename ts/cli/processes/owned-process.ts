/** A process that ends with the one that started it, however that one ends (but for SIGKILL). */
import { type ChildProcess, spawn } from 'node:child_process';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface OwnedProcessOptions {
  /** Whether its standard output is read; else it goes nowhere. Standard error is always read. */
  readonly readsOutput?: boolean;
  /** The cores that it may run on, as taskset writes them; undefined: all. */
  readonly cpus?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** How long a process has to end when it is asked to, ms. */
const PATIENCE_MS = 3000;

export class OwnedProcess {
  /** Of the program itself, with taskset or without; 0: it could not be started. */
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves with its exit code, null after a signal. */
  readonly exited: Promise<number | null>;

  constructor(program: string, args: readonly string[], options: OwnedProcessOptions = {}) {
    const { readsOutput = false, cpus, env } = options;
    const command = [...(cpus === undefined ? [] : ['taskset', '-c', cpus]), program, ...args];
    const child = spawn(command[0] as string, command.slice(1), {
      stdio: ['ignore', readsOutput ? 'pipe' : 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child = child;
    this.pid = child.pid ?? 0;
    running.add(child);
    this.exited = new Promise((resolve) => {
      const end = (code: number | null) => {
        running.delete(child);
        resolve(code);
      };
      child.once('exit', end);
      child.once('error', () => child.pid === undefined && end(null)); // it never began: it has no exit
    });
  }

  /** How it has ended, as far as it has: the code or the signal. */
  get end(): number | NodeJS.Signals | undefined {
    return this.child.exitCode ?? this.child.signalCode ?? undefined;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Asks it to end, and insists after 3 s. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGCONT'); // one that was stopped hears nothing else
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
