/** Several node processes with their admin sockets in one directory, which end together. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkReport, RouteReport } from '../../node/admin.types.js';
import { NodeProcess, type NodeProcessOptions } from './node-process.js';

export class Fleet {
  readonly nodes: NodeProcess[] = [];
  /** For the admin sockets: private, and apart from the user's own nodes. */
  readonly directory = mkdtempSync(join(tmpdir(), 'portolan-fleet-'));
  readonly #clean = () => rmSync(this.directory, { recursive: true, force: true });

  constructor() {
    process.once('exit', this.#clean);
  }

  /** Its admin socket is `ID.sock` in the fleet's directory unless the options say otherwise. */
  async start(options: Omit<NodeProcessOptions, 'adminPath'> & { readonly adminPath?: string }): Promise<NodeProcess> {
    const node = await NodeProcess.start({ adminPath: join(this.directory, `${options.id}.sock`), ...options });
    this.nodes.push(node);
    return node;
  }

  /** Ends all of them with a goodbye. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    process.off('exit', this.#clean);
    this.#clean();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** What was waited for did not come in time. */
export class WaitTimeout extends Error {}

/** Asks every 20 ms until `node` has a route to `destination` that `wanted` accepts; throws after `timeoutMs`. */
export async function waitForRoute(
  node: NodeProcess,
  destination: string,
  wanted: (route: RouteReport) => boolean = () => true,
  timeoutMs = 10_000,
): Promise<RouteReport> {
  return waitUntil(timeoutMs, `a route from ${node.id} to ${destination}`, async () => {
    const routes = await node.admin.get<RouteReport[]>('/routes', { destination });
    return routes.find(wanted);
  });
}

/** The same for a link that is up. */
export async function waitForLink(node: NodeProcess, peer: string, timeoutMs = 10_000): Promise<LinkReport> {
  return waitUntil(timeoutMs, `a link from ${node.id} to ${peer}`, async () => {
    const links = await node.admin.get<LinkReport[]>('/links');
    return links.find((link) => link.peer === peer && link.state === 'up');
  });
}

async function waitUntil<T>(timeoutMs: number, what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new WaitTimeout(`${what} did not appear within ${timeoutMs / 1000} s`);
    await sleep(20);
  }
}
