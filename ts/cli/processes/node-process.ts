/**
 * A node in a process of its own, for the demonstration, the benches and the tests: `portolan up` with its log as JSON lines, of which
 * the one that says `ready` tells where it listens and how to ask it.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AdminClient } from '../admin-client.js';
import { OwnedProcess } from './owned-process.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

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
  readonly #process: OwnedProcess;

  private constructor(
    options: NodeProcessOptions,
    process: OwnedProcess,
    log: readonly LogRecord[],
    listen: readonly string[],
  ) {
    this.id = options.id;
    this.pid = process.pid;
    this.listen = listen;
    this.admin = new AdminClient({ path: options.adminPath });
    this.log = log;
    this.#process = process;
  }

  /** Starts a node and waits until it says that it is ready. Rejects with what it said when it ends before. */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const started = startNode(options);
    const { child } = started;
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
    return new NodeProcess(options, started, log, listen);
  }

  /** As a neighbour writes it: `1.1.1.1@udp://127.0.0.1:40001`. */
  get peer(): string {
    return `${this.id}@${this.listen[0]}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** Ends it with a goodbye, or with SIGKILL when that takes longer than 3 s. Resolves with its exit code. */
  stop(): Promise<number | null> {
    return this.#process.stop();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  get exited(): Promise<number | null> {
    return this.#process.exited;
  }
}

function startNode(options: NodeProcessOptions): OwnedProcess {
  const { id, adminPath, listen = ['udp://127.0.0.1:0'], peers = [], args = [], cpus, env } = options;
  const words = [MAIN, 'up', '--id', id, '--admin', adminPath, '--log-format', 'json'];
  for (const url of listen) words.push('--listen', url);
  for (const peer of peers) words.push('--peer', peer);
  return new OwnedProcess(process.execPath, [...words, ...args], { cpus, ...(env && { env }) });
}

function readRecord(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return undefined; // a line that is no record is kept as text by the caller
  }
}
