/**
 * Hosts: network namespaces inside the one that the test runs in, joined by virtual Ethernet, with nodes and programs in them. For what a
 * loopback cannot have: MTUs, and paths that change.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NodeOptions } from '../../ts/index.js';
import type { CountersReport, LinkReport } from '../../ts/node/admin.types.js';
import { ip } from '../native/namespace.js';

const CHILD = fileURLToPath(new URL('./child-node.js', import.meta.url));
/** Far longer than anything takes on a busy machine. */
const PATIENCE_MS = 30_000;
/** How often a node is asked for what no event tells, ms. */
const LOOK_MS = 50;

export class Host {
  readonly #keeper: ChildProcess;
  readonly #children: ChildProcess[] = [];

  private constructor(keeper: ChildProcess) {
    this.#keeper = keeper;
  }

  static async open(): Promise<Host> {
    // It keeps the namespace as long as this process has its other end.
    const keeper = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up && echo ready && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(keeper.stdout as NodeJS.ReadableStream, 'data');
    return new Host(keeper);
  }

  get pid(): number {
    return this.#keeper.pid as number;
  }

  /** Runs `ip` in this host. */
  ip(command: string): void {
    execFileSync('nsenter', [...this.#enter(), 'ip', ...command.split(' ')], { stdio: 'pipe' });
  }

  /** Starts a program in this host. */
  run(program: string, args: readonly string[], ipc = false): ChildProcess {
    const child = spawn('nsenter', [...this.#enter(), program, ...args], {
      stdio: ['ignore', ipc ? 'inherit' : 'pipe', 'inherit', ...(ipc ? (['ipc'] as const) : [])],
    });
    this.#children.push(child);
    return child;
  }

  async startNode(options: NodeOptions): Promise<HostNode> {
    const child = this.run(process.execPath, ['--enable-source-maps', CHILD, JSON.stringify(options)], true);
    const died = once(child, 'exit').then(([code]) => {
      throw new Error(`the node ended with ${code} before it was ready`);
    });
    const [{ forward }] = (await Promise.race([once(child, 'message'), died])) as [{ forward?: string }];
    died.catch(() => undefined);
    return new HostNode(child, Number(forward?.split(':').at(-1)));
  }

  async close(): Promise<void> {
    for (const child of [...this.#children, this.#keeper]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }

  #enter(): string[] {
    return ['-t', String(this.pid), '-n', '--'];
  }
}

/** A node in a host. */
export class HostNode {
  /** The port of its first forward. */
  readonly forwardPort: number;
  readonly #process: ChildProcess;

  constructor(child: ChildProcess, forwardPort: number) {
    this.#process = child;
    this.forwardPort = forwardPort;
  }

  async links(): Promise<readonly LinkReport[]> {
    return ((await this.#ask('links')) as { links: readonly LinkReport[] }).links;
  }

  async counters(): Promise<CountersReport> {
    return ((await this.#ask('counters')) as { counters: CountersReport }).counters;
  }

  /** Exchanges a datagram of `size` bytes with another node; how many had to be sent. */
  async exchange(to: string, size: number): Promise<number> {
    return ((await this.#ask({ to, size })) as { attempts: number }).attempts;
  }

  /** Asks again and again until `holds`; the last answer. Throws with it after a long time. */
  async until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await ask();
      if (holds(answer)) return answer;
      if (performance.now() > end) throw new Error(`never came true: ${JSON.stringify(answer)}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Resolves with the MTU of the link to `peer` when the search is over. */
  async settledMtu(peer: string, holds: (mtu: number) => boolean = () => true): Promise<number> {
    const of = (links: readonly LinkReport[]) => links.find((link) => link.peer === peer && link.state === 'up');
    const links = await this.until(
      () => this.links(),
      (answer) => of(answer)?.mtuState === 'complete' && holds(of(answer)?.mtu ?? 0),
    );
    return of(links)?.mtu ?? 0;
  }

  async #ask(question: string | object): Promise<unknown> {
    const answer = once(this.#process, 'message');
    this.#process.send(question);
    return (await answer)[0];
  }
}

/** Joins two hosts by a cable: device `name` at both, with one MTU, addresses 10.`net`.0.1 and 10.`net`.0.2. */
export function connect(a: Host, b: Host, name: string, net: number, mtu: number): void {
  const far = `${name}x`;
  ip(`link add ${name} type veth peer name ${far}`);
  for (const [host, device, address] of [
    [a, name, `10.${net}.0.1/24`],
    [b, far, `10.${net}.0.2/24`],
  ] as const) {
    ip(`link set ${device} netns ${host.pid}`);
    if (device !== name) host.ip(`link set ${device} name ${name}`);
    host.ip(`address add ${address} dev ${name}`);
    host.ip(`link set ${name} mtu ${mtu} up`);
  }
}
