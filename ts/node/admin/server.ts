/**
 * The admin interface: HTTP on a unix socket that only this user may open, or on loopback TCP when asked.
 */
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { AdminError } from '../admin.types.js';
import { defaultAdminPath } from '../admin-path.js';
import { PortolanError } from '../errors.js';
import type { AdminConfig } from '../options.js';
import { startError } from '../start-error.js';
import type { AdminNode } from './admin-node.js';
import { addCommandRoutes } from './command-routes.js';
import { addQueryRoutes } from './query-routes.js';
import { claimSocketPath, restrict } from './unix-socket.js';

export interface AdminServer {
  /** A path, or an address as in `127.0.0.1:7080`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Starts to listen; throws a PortolanError when the address is taken. */
export async function openAdmin(node: AdminNode, config: Exclude<AdminConfig, { kind: 'none' }>): Promise<AdminServer> {
  const server = build(node);
  try {
    const address =
      config.kind === 'tcp' ? await listenTcp(server, config) : await listenUnix(server, pathOf(node, config));
    return { address, close: () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}

function build(node: AdminNode): FastifyInstance {
  // Connections of clients that keep them alive, or read events, must not keep the node from closing.
  // The routes' schemas are constants: to check them against the schema of schemas at each start would take longer than all the rest of it.
  const customOptions = { removeAdditional: false, meta: false, validateSchema: false } as const;
  const server = fastify({ forceCloseConnections: true, ajv: { customOptions } });
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = statusOf(error);
    void reply.status(status).send(refusal(error instanceof PortolanError ? error.code : 'BAD_REQUEST', error.message));
  });
  server.setNotFoundHandler((request, reply) => {
    void reply.status(404).send(refusal('NOT_FOUND', `there is no ${request.method} ${request.url}`));
  });
  addQueryRoutes(server, node);
  addCommandRoutes(server, node);
  return server;
}

const refusal = (code: string, message: string): AdminError => ({ error: { code, message } });

function statusOf(error: FastifyError): number {
  if (error instanceof PortolanError) return error.code === 'INVALID_OPTION' ? 400 : 409;
  return error.statusCode ?? 500;
}

const pathOf = (node: AdminNode, config: { kind: 'default' } | { kind: 'path'; path: string }): string =>
  config.kind === 'path' ? config.path : defaultAdminPath(node.id);

async function listenUnix(server: FastifyInstance, path: string): Promise<string> {
  await claimSocketPath(path);
  await listen(server, { path }, path);
  await restrict(path);
  return path;
}

async function listenTcp(server: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  const shown = host.includes(':') ? `[${host}]` : host;
  await listen(server, { host, port }, `${shown}:${port}`);
  const bound = server.addresses()[0];
  return `${shown}:${bound?.port ?? port}`;
}

async function listen(
  server: FastifyInstance,
  where: { path: string } | { host: string; port: number },
  shown: string,
): Promise<void> {
  try {
    await server.listen(where);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new PortolanError('ADMIN_IN_USE', `admin: another program listens at ${shown}`, {
        option: 'admin',
        cause: error,
      });
    throw startError(code, `admin: cannot listen at ${shown}: ${message}`, 'admin');
  }
}
