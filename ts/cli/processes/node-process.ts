/**
 * A node in a process of its own, for the demonstration, the benches and the tests: `portolan up` with its log as JSON lines, of which
 * the one that says `ready` tells where it listens and how to ask it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AdminClient } from '../admin-client.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** Whoever started nodes takes them along, however it ends (but for SIGKILL). */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface NodeProcessOptions {
  readonly id: string;
  /** Default: `udp://127.0.0.1:0`. */
  readonly listen?: readonly string[];
  readonly peers?: readonly string[];
  /** Where its admin socket goes. */
  readonly adminPath: string;
  /** Further arguments of `portolan up`. */
  readonly args?: readonly string[];
  /** The cores that it may run on, as taskset writes them; undefined: all. */
  readonly cpus?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** One line of a node's log. */
export interface LogRecord {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export class NodeProcess {
  readonly id: string;
  readonly pid: number;
  /** Where it listens, as URLs with the ports that the system chose. */
  readonly listen: readonly string[];
  readonly admin: AdminClient;
  /** Whatever it has logged. */
  readonly log: readonly LogRecord[];
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  private constructor(
    options: NodeProcessOptions,
    child: ChildProcess,
    log: readonly LogRecord[],
    listen: readonly string[],
  ) {
    this.id = options.id;
    this.pid = child.pid as number;
    this.listen = listen;
    this.admin = new AdminClient({ path: options.adminPath });
    this.log = log;
    this.#child = child;
    this.#exited = exitOf(child);
  }

  /** Starts a node and waits until it says that it is ready. Rejects with what it said when it ends before. */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const child = spawnNode(options);
    running.add(child);
    child.once('exit', () => running.delete(child));
    const log: LogRecord[] = [];
    const listen = await new Promise<readonly string[]>((resolve, reject) => {
      if (!child.stderr) throw new Error('a node process without standard error');
      const unread: string[] = [];
      createInterface(child.stderr).on('line', (line) => {
        const record = readRecord(line);
        if (record) log.push(record);
        else unread.push(line);
        if (record?.msg === 'ready') resolve(record['listen'] as readonly string[]);
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        const said = [...unread, ...log.map((record) => record.msg)].join('\n');
        reject(new Error(`node ${options.id} ended before it was ready (${signal ?? `code ${code}`}):\n${said}`));
      });
    });
    return new NodeProcess(options, child, log, listen);
  }

  /** As a neighbour writes it: `1.1.1.1@udp://127.0.0.1:40001`. */
  get peer(): string {
    return `${this.id}@${this.listen[0]}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it with a goodbye, or with SIGKILL when that takes longer than 3 s. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGCONT'); // one that was stopped hears nothing else
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    const code = await this.#exited;
    clearTimeout(timer);
    return code;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  get exited(): Promise<number | null> {
    return this.#exited;
  }
}

function spawnNode(options: NodeProcessOptions): ChildProcess {
  const listen = options.listen ?? ['udp://127.0.0.1:0'];
  const args = [
    MAIN,
    'up',
    '--id',
    options.id,
    '--admin',
    options.adminPath,
    '--log-format',
    'json',
    ...listen.flatMap((url) => ['--listen', url]),
    ...(options.peers ?? []).flatMap((peer) => ['--peer', peer]),
    ...(options.args ?? []),
  ];
  const [command, prefix] =
    options.cpus === undefined ? [process.execPath, []] : ['taskset', ['-c', options.cpus, process.execPath]];
  return spawn(command, [...prefix, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...options.env },
  });
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

function readRecord(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return undefined; // a line that is no record is kept as text by the caller
  }
}
