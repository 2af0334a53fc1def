/** A real node of a bench: `portolan up` in a process of its own, driven through its admin interface as a user would. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AdminClient } from '../../ts/cli/admin-client.js';
import type {
  LinkReport,
  LoadSinkReport,
  LoadSourceReport,
  LoadSourceRequest,
  RouteReport,
  StatusReport,
} from '../../ts/node/admin.types.js';
import { type Child, freePort, type Place, start, until } from './processes.js';

const MAIN = fileURLToPath(new URL('../../ts/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A network key for nodes that live for a minute on loopback. */
const NETWORK_KEY = 'b7'.repeat(32);

const PATIENCE_S = 15;

export interface BenchNodeOptions {
  readonly id: string;
  readonly place: Place;
  /** Further arguments of `portolan up`. */
  readonly args?: readonly string[];
  readonly peers?: readonly { readonly id: string; readonly port: number }[];
  readonly port?: number;
  readonly env?: NodeJS.ProcessEnv;
}

export class BenchNode {
  readonly id: string;
  readonly port: number;
  readonly #options: BenchNodeOptions;
  readonly #admin: string;
  #child: Child;

  private constructor(options: BenchNodeOptions, port: number) {
    this.id = options.id;
    this.port = port;
    this.#options = options;
    this.#admin = join(folder, `${options.id}-${port}.sock`);
    this.#child = this.#start();
  }

  /** Starts a node's process, and waits for nothing. */
  static launch(options: BenchNodeOptions, port: number): BenchNode {
    return new BenchNode(options, port);
  }

  /** Starts a node and waits until it answers. */
  static async start(options: BenchNodeOptions, patienceSeconds = PATIENCE_S): Promise<BenchNode> {
    const node = BenchNode.launch(options, options.port ?? (await freePort()));
    await node.answers(patienceSeconds);
    return node;
  }

  #start(): Child {
    const peers = (this.#options.peers ?? []).flatMap(({ id, port }) => ['--peer', `${id}@udp://127.0.0.1:${port}`]);
    const args = ['up', '--id', this.id, '--listen', `udp://127.0.0.1:${this.port}`, '--admin', this.#admin, ...peers];
    return start(this.#options.place, process.execPath, [MAIN, ...args, ...(this.#options.args ?? [])], {
      PORTOLAN_NETWORK_KEY: NETWORK_KEY,
      ...this.#options.env,
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get admin(): AdminClient {
    return new AdminClient({ path: this.#admin });
  }

  async answers(patienceSeconds = PATIENCE_S): Promise<StatusReport> {
    const ask = async () => {
      this.#child.assertAlive();
      try {
        return await this.status();
      } catch {
        return undefined; // not listening yet: asked again until the time is up
      }
    };
    return until(`node ${this.id} to answer`, ask, patienceSeconds);
  }

  status(): Promise<StatusReport> {
    return this.admin.get<StatusReport>('/status');
  }

  links(): Promise<LinkReport[]> {
    return this.admin.get<LinkReport[]>('/links');
  }

  /** Waits for a route to `destination` (with a backup, when asked for) and returns it. */
  routeTo(destination: string, withBackup = false): Promise<RouteReport> {
    return until(`a route from ${this.id} to ${destination}`, async () => {
      this.#child.assertAlive();
      const routes = await this.admin.get<RouteReport[]>('/routes', { destination });
      return routes.find((route) => !withBackup || route.backup !== null);
    });
  }

  startSource(request: LoadSourceRequest): Promise<LoadSourceReport> {
    return this.admin.send('POST', '/load/source', request);
  }

  source(): Promise<LoadSourceReport> {
    return this.admin.get('/load/source');
  }

  stopSource(): Promise<LoadSourceReport> {
    return this.admin.send('DELETE', '/load/source');
  }

  startSink(port: number): Promise<LoadSinkReport> {
    return this.admin.send('POST', '/load/sink', { port });
  }

  sink(): Promise<LoadSinkReport> {
    return this.admin.get('/load/sink');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal);
  }

  /** Starts the node's process again, under the same id and port. */
  async restart(patienceSeconds = PATIENCE_S): Promise<void> {
    this.#child = this.#start();
    await this.answers(patienceSeconds);
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
