/** Real nodes over real loopback sockets, for tests: started, awaited by their events, and closed again. */
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { suite, type Test } from 'uvu';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { createNode, type Node, type NodeEvents, type NodeOptions } from '../../ts/index.js';
import { assertConserved } from './conservation.js';

export type Path = 'native' | 'portable';

/** The packet paths that run here: every behaviour is tested on each of them. */
export const PATHS: readonly Path[] = loadAddon().addon === undefined ? ['portable'] : ['native', 'portable'];

const suites: { run(): void }[] = [];

/** Defines the same tests for every packet path; {@link run} runs them. */
export function onEachPath<Context>(name: string, define: (test: Test<Context>, path: Path) => void): void {
  for (const path of PATHS) {
    const test = suite<Context>(`${name} (${path})`);
    define(test, path);
    suites.push(test);
  }
}

export function run(): void {
  for (const test of suites) test.run();
}

/** Far longer than anything takes on a busy machine; only a broken node reaches it. */
const PATIENCE_MS = 30_000;

const STATE_EVENTS = [
  'linkUp',
  'linkDown',
  'linkProblem',
  'routeChanged',
  'workerRestarted',
] as const satisfies (keyof NodeEvents)[];

/** Nodes that one test has started. */
export class TestNodes {
  readonly #nodes: Node[] = [];
  readonly #path: Path;

  constructor(path: Path) {
    this.#path = path;
  }

  /** Starts a node on a free port of 127.0.0.1, linked with `peers`. */
  async start(id: string, peers: readonly Node[] = [], options: Partial<NodeOptions> = {}): Promise<Node> {
    const node = await createNode({
      id,
      listen: ['udp://127.0.0.1:0'],
      packetPath: this.#path,
      workers: 1,
      peers: peers.map(peerOf),
      ...options,
    });
    this.#nodes.push(node);
    return node;
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
    this.#nodes.forEach(assertConserved);
  }
}

/** How others name this node among their peers. */
export function peerOf(node: Node): string {
  return `${node.id}@${node.addresses[0]}`;
}

/** Resolves when `holds`, looked at now and at every event of the node; rejects after a long time with what was wanted. */
export async function when(node: Node, what: string, holds: () => boolean): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      for (const event of STATE_EVENTS) node.off(event, look);
    };
    const look = () => {
      if (!holds()) return;
      end();
      resolve();
    };
    const timer = setTimeout(() => {
      end();
      const state = JSON.stringify({ links: node.links(), routes: node.routes(), status: node.status() }, undefined, 1);
      reject(new Error(`node ${node.id} never came to this: ${what}\n${state}`));
    }, PATIENCE_MS);
    for (const event of STATE_EVENTS) node.on(event, look);
  });
}

/** Resolves when `holds`, for what no event tells; throws after a long time with what is there instead. */
export async function eventually(holds: () => boolean, state: () => unknown): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`it never came to this: ${String(holds)}\n${inspect(state())}`);
    await delay(5);
  }
}

/** Resolves when `from` has a route to the node `to`. */
export function routed(from: Node, to: string): Promise<void> {
  return when(from, `a route to ${to}`, () => from.routes(to).length > 0);
}

/** Resolves when an echo request has been answered. */
export async function answered(from: Node, to: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while ((await from.ping(to, { count: 1, timeout: 500 })).received === 0)
    if (performance.now() > until) throw new Error(`${to} never answered ${from.id}`);
}

/** Sends again and again, as programs over UDP do, until `answer` has come: a link may be down just now. */
export async function insist<T>(send: () => void, answer: Promise<T>): Promise<T> {
  send();
  const timer = setInterval(send, 250);
  try {
    return await answer;
  } finally {
    clearInterval(timer);
  }
}

/** Resolves with the arguments of the emitter's next event; rejects after a long time. */
export function next<T extends unknown[]>(
  emitter: { once(event: string, listener: (...args: T) => void): unknown },
  event: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the event ${event} never came`)), PATIENCE_MS);
    emitter.once(event, (...args: T) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

/** Three nodes in a line, A and C knowing only B, once A and C have routes to each other. */
export async function line(path: Path, options: Partial<NodeOptions> = {}): Promise<LineOfThree> {
  const nodes = new TestNodes(path);
  const b = await nodes.start('1.1.1.2', [], options);
  const [a, c] = await Promise.all([nodes.start('1.1.1.1', [b], options), nodes.start('1.1.1.3', [b], options)]);
  await Promise.all([routed(a, c.id), routed(c, a.id)]);
  return { a, b, c, close: () => nodes.close() };
}

export interface LineOfThree {
  readonly a: Node;
  readonly b: Node;
  readonly c: Node;
  readonly close: () => Promise<void>;
}
