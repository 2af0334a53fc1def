/** `portolan up` in processes of their own, and how they are asked: HTTP over the unix socket of each one's admin interface. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from './places.js';

const PORTOLAN = join(packageRoot(), 'dist/ts/cli/main.js');

/** Clock ticks a second in /proc: the same on every Linux. */
const TICKS = 100;

/** The nodes of one run, their files in a private folder. However this process ends, but by SIGKILL, the nodes end before it. */
export class Processes {
  readonly nodes: NodeProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), `portolan-forty-${process.pid}-`));
  readonly #key = randomBytes(32).toString('hex');
  readonly #children = new Set<ChildProcess>();
  #isEnding = false;

  constructor() {
    process.once('exit', () => this.#end());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  }

  /** Resolves when the node listens. */
  async start(id: string, settings: object): Promise<NodeProcess> {
    const file = join(this.#folder, `${id}.json`);
    const admin = join(this.#folder, `${id}.sock`);
    const config = { id, listen: ['udp://127.0.0.1:0'], workers: 1, admin, networkKey: this.#key, ...settings };
    writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 });
    const child = spawn(process.execPath, [PORTOLAN, 'up', '--config', file, '--log-format', 'json'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    const node = new NodeProcess(id, await whenReady(id, child), admin, child);
    child.once('exit', (code) => {
      if (!this.#isEnding && !node.isKilled) throw new Error(`node ${id} ended with code ${code}`);
    });
    this.nodes.push(node);
    return node;
  }

  /** Those that have not been killed. */
  get alive(): NodeProcess[] {
    return this.nodes.filter((node) => !node.isKilled);
  }

  #end(): void {
    this.#isEnding = true;
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface CpuTime {
  readonly used: number;
  readonly at: number;
}

export class NodeProcess {
  isKilled = false;

  constructor(
    readonly id: string,
    /** Where it listens. */
    readonly url: string,
    /** The path of its admin socket. */
    readonly admin: string,
    readonly child: ChildProcess,
  ) {}

  get<T>(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<T> {
    return this.#ask('GET', path + queryString(query)).then((text) => JSON.parse(text) as T);
  }

  send<T>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
    return this.#ask(method, path, body).then((text) => JSON.parse(text) as T);
  }

  /** An answer of a JSON value a line. */
  async lines<T>(path: string, query: Readonly<Record<string, string | number>>): Promise<T[]> {
    const text = await this.#ask('GET', path + queryString(query));
    return text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as T] : []));
  }

  /** Without a word to its neighbours. */
  async kill(): Promise<void> {
    this.isKilled = true;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** Processor time so far, and when that was, both in seconds; undefined where the system has no /proc. */
  cpuTime(): CpuTime | undefined {
    const fields = this.#read('stat')
      ?.replace(/^.*\) /, '')
      .split(' ');
    return fields && { used: (Number(fields[11]) + Number(fields[12])) / TICKS, at: performance.now() / 1000 };
  }

  /** Bytes in memory, what processes share divided among them; undefined where the system has no /proc. (Linux counts for a while to know that.) */
  memory(): number | undefined {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(this.#read('smaps_rollup') ?? '')?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  }

  #read(file: string): string | undefined {
    return process.platform === 'linux' ? readFileSync(`/proc/${this.child.pid}/${file}`, 'utf8') : undefined;
  }

  #ask(method: string, path: string, body?: object): Promise<string> {
    const payload = body && JSON.stringify(body);
    const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      // A connection a request: one that was kept may be closed by the node just when it is used again.
      const asked = request({ socketPath: this.admin, agent: false, method, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`${this.id} answers ${response.statusCode} to ${method} ${path}: ${text}`));
        });
      });
      asked.on('error', reject);
      asked.end(payload);
    });
  }
}

function queryString(query: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

/** Where it listens, from the line of its log that says so. */
function whenReady(id: string, child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stderr) throw new Error('a process without standard error');
    const said: string[] = [];
    createInterface(child.stderr).on('line', (line) => {
      if (said.length < 20) said.push(line);
      if (!line.includes('"msg":"ready"')) return;
      resolve((JSON.parse(line) as { listen: [string] }).listen[0]);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`node ${id} ended with code ${code}:\n${said.join('\n')}`)));
  });
}

/** The command as people run it. Its output, and its exit code. */
export async function runPortolan(args: readonly string[]): Promise<{ output: string; code: number | null }> {
  const child = spawn(process.execPath, [PORTOLAN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { output: output.trimEnd(), code };
}

/** Calls `work` for each of them, at most `width` at a time. */
export async function each<T>(from: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < from.length) await work(from[next++] as T);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
