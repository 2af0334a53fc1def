/** Talks to a node's admin interface: HTTP over its unix socket, or over TCP where the node was told so. */
import { readdirSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { parseNodeId } from '../kit/node-id.js';
import type { AdminError } from '../node/admin.types.js';
import { adminDirectory, defaultAdminPath } from '../node/admin-path.js';
import { BadAnswerError, UsageError } from './errors.js';

/** Where an admin interface is: `path` of a unix socket, or host and port. */
export type AdminAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** A node that answers at its admin socket in this user's directory. */
export interface LocalNode {
  readonly id: string;
  readonly path: string;
}

/** Asks one node. */
export class AdminClient {
  readonly address: AdminAddress;

  constructor(address: AdminAddress) {
    this.address = address;
  }

  /** A JSON answer. Throws {@link BadAnswerError} when the node refuses and {@link UsageError} when nobody is there. */
  async get<T>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): Promise<T> {
    return JSON.parse(await readAll(await this.#send('GET', path + queryString(query)))) as T;
  }

  async send<T>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
    return JSON.parse(await readAll(await this.#send(method, path, body))) as T;
  }

  /** The lines of an answer in newline-delimited JSON, as they come. */
  async *lines<T>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): AsyncGenerator<T> {
    const response = await this.#send('GET', path + queryString(query));
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response) {
      const lines = (rest + (chunk as string)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line) yield JSON.parse(line) as T;
    }
    if (rest) yield JSON.parse(rest) as T;
  }

  async #send(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const response = await this.#open(method, path, body);
    if (response.statusCode === 200) return response;
    const text = await readAll(response);
    const reason = refusalOf(text) ?? `the node answered ${response.statusCode} to ${method} ${path}`;
    throw response.statusCode === 400 ? new UsageError(reason) : new BadAnswerError(reason);
  }

  #open(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const target = 'path' in this.address ? { socketPath: this.address.path } : this.address;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const sent = request({ ...target, method, path, headers, agent: false }, resolve);
      sent.on('error', (error: NodeJS.ErrnoException) => {
        reject(new UsageError(`no node answers at ${formatAdmin(this.address)} (${error.code ?? error.message})`));
      });
      sent.end(payload);
    });
  }
}

/** The node that `--admin` names, or else the only one that runs here. */
export async function openAdmin(admin: string | undefined): Promise<AdminClient> {
  if (admin !== undefined) return new AdminClient(parseAdminAddress(admin));
  const nodes = await localNodes();
  const only = nodes[0];
  if (!only)
    throw new UsageError(
      `no node of yours runs here (looked into ${adminDirectory()}).\nStart one with "portolan up --id 1.1.1.1 --listen udp://127.0.0.1:7000", or name one with --admin.`,
    );
  if (nodes.length > 1)
    throw new UsageError(
      `several nodes run here; say which one with --admin:\n${nodes.map((node) => `  --admin ${node.id}`).join('\n')}`,
    );
  return new AdminClient({ path: only.path });
}

/** The nodes of this user on this machine; sockets that nobody answers at any more are left out. */
export async function localNodes(directory: string = adminDirectory()): Promise<LocalNode[]> {
  const found = await Promise.all(
    socketNames(directory).map(async (name) => {
      const path = join(directory, name);
      return (await answers(path)) ? [{ id: basename(name, '.sock'), path }] : [];
    }),
  );
  return found.flat();
}

export function parseAdminAddress(text: string): AdminAddress {
  if (text.includes('/') || text.endsWith('.sock')) return { path: text };
  if (parseNodeId(text) !== undefined) return { path: defaultAdminPath(text) };
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text);
  if (!match)
    throw new UsageError(`--admin ${text}: expected the id of a local node, the path of a unix socket, or HOST:PORT`);
  return { host: match[1] as string, port: Number(match[2]) };
}

export function formatAdmin(address: AdminAddress): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}

function socketNames(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.sock'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function queryString(query: Readonly<Record<string, string | number | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) parameters.set(key, String(value));
  return parameters.size > 0 ? `?${parameters.toString()}` : '';
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
}

function refusalOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as Partial<AdminError>).error?.message;
  } catch {
    return undefined; // not a node's answer: the caller quotes the status
  }
}
