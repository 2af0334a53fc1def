/** Starts the processes of a bench, pinned to cores where there are several, and ends them however the bench ends. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { availableParallelism } from 'node:os';

/** Who runs where: the relay alone on one core, whatever drives it on another. */
export type Place = 'relay' | 'ends' | 'anywhere';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

let taskset: boolean | undefined;
function canPin(): boolean {
  if (taskset === undefined) {
    try {
      execFileSync('taskset', ['--version'], { stdio: 'ignore' });
      taskset = availableParallelism() >= 2;
    } catch {
      taskset = false; // util-linux is missing: the scheduler decides, and the spread shows it
    }
  }
  return taskset;
}

/** Starts a program; what it says on standard error is kept for the error message. */
export function start(place: Place, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const pinned = place !== 'anywhere' && canPin();
  const core = place === 'relay' ? availableParallelism() - 1 : 0;
  const [file, argv] = pinned ? ['taskset', ['-c', String(core), program, ...args]] : [program, [...args]];
  const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  running.add(child);
  child.on('exit', () => running.delete(child));
  return new Child(child, `${program} ${args.join(' ')}`);
}

/** A started process. */
export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #command: string;
  #said = '';

  constructor(child: ChildProcess, command: string) {
    this.#process = child;
    this.#command = command;
    this.pid = child.pid ?? 0;
    const listen = (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-4000);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.on('error', (error) => {
      this.#said += error.message;
    });
  }

  /** Throws, with what the process said last, when it has ended. */
  assertAlive(): void {
    if (this.#process.exitCode === null && this.#process.signalCode === null && this.pid !== 0) return;
    throw new Error(
      `${this.#command}\nended early (${this.#process.exitCode ?? this.#process.signalCode}):\n${this.#said}`,
    );
  }

  /** Waits until the process has printed `text`. */
  async line(text: string): Promise<void> {
    await until(`${this.#command} to say "${text}"`, () => {
      this.assertAlive();
      return this.#said.includes(text) || undefined;
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it: asks first, insists after two seconds. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGCONT');
    this.#process.kill('SIGTERM');
    const insist = setTimeout(() => this.#process.kill('SIGKILL'), 2000);
    await gone;
    clearTimeout(insist);
  }
}

/** Waits until `condition` gives something, looking every few milliseconds; throws with `what` after `seconds`. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined> | T | undefined,
  seconds = 15,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await sleep(15);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A UDP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
