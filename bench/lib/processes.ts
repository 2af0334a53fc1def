/** Starts the processes of a bench, pinned to cores where there are several. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { availableParallelism } from 'node:os';
import { OwnedProcess } from '../../ts/cli/processes/owned-process.js';

/** Who runs where: the relay alone on one core, whatever drives it on another. */
export type Place = 'relay' | 'ends' | 'anywhere';

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

/** Starts a program; what it says is kept for the error message. */
export function start(place: Place, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const core = place === 'relay' ? availableParallelism() - 1 : 0;
  const cpus = place !== 'anywhere' && canPin() ? String(core) : undefined;
  return new Child(new OwnedProcess(program, args, { readsOutput: true, cpus, env }), `${program} ${args.join(' ')}`);
}

/** A started process. */
export class Child {
  readonly pid: number;
  readonly #process: OwnedProcess;
  readonly #command: string;
  #said = '';

  constructor(owned: OwnedProcess, command: string) {
    this.#process = owned;
    this.#command = command;
    this.pid = owned.pid;
    const listen = (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-4000);
    };
    owned.child.stdout?.on('data', listen);
    owned.child.stderr?.on('data', listen);
    owned.child.on('error', (error) => {
      this.#said += error.message;
    });
  }

  /** Throws, with what the process said last, when it has ended. */
  assertAlive(): void {
    const { end, pid } = this.#process;
    if (end === undefined && pid !== 0) return;
    throw new Error(`${this.#command}\nended early (${end}):\n${this.#said}`);
  }

  /** Waits until the process has printed `text`. */
  async line(text: string): Promise<void> {
    await until(`${this.#command} to say "${text}"`, () => {
      this.assertAlive();
      return this.#said.includes(text) || undefined;
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** Ends it: asks first, insists after three seconds. */
  async stop(): Promise<void> {
    await this.#process.stop();
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
