/** The routes that change something: the load tester, peers, faults, stop. */
import type { FastifyInstance } from 'fastify';
import type { TrafficClassName } from '../../wire/network-header.js';
import type { LoadSinkRequest, LoadSourceRequest } from '../admin.types.js';
import { invalidOption } from '../errors.js';
import type { WorkerFault } from '../faults.js';
import type { RouteLimits } from '../route-finder.js';
import type { AdminNode } from './admin-node.js';
import { faultBody, loadSinkBody, loadSourceBody, peerBody, peerQuery, pinBody, pinQuery } from './schemas.js';

export function addCommandRoutes(server: FastifyInstance, node: AdminNode): void {
  addLoadRoutes(server, node);
  server.post<{ Body: { peer: string } }>('/peers', { schema: { body: peerBody } }, (request) => {
    node.addPeer(request.body.peer);
    return node.links();
  });
  server.delete<{ Querystring: { id: string } }>('/peers', { schema: { querystring: peerQuery } }, (request) => {
    node.removePeer(request.query.id);
    return node.links();
  });
  server.post<{ Body: { destination: string; class: TrafficClassName; limits: RouteLimits } }>(
    '/pins',
    { schema: { body: pinBody } },
    ({ body }) => node.pinRoute(body.destination, { ...body.limits, class: body.class }).report,
  );
  server.delete<{ Querystring: { number: number } }>('/pins', { schema: { querystring: pinQuery } }, ({ query }) => {
    if (node.unpinRoute(query.number)) return {};
    throw invalidOption('number', 'that of a pin, as GET /pins tells', query.number);
  });
  server.post<{ Body: WorkerFault }>('/faults', { schema: { body: faultBody } }, (request) =>
    node.injectFault(request.body).then(() => ({})),
  );
  server.post('/stop', async (_request, reply) => {
    // Closing the node closes this server, which waits for its answers: so the answer goes first.
    reply.raw.once('finish', () => void node.close());
    return {};
  });
}

function addLoadRoutes(server: FastifyInstance, { load }: AdminNode): void {
  server.post<{ Body: LoadSourceRequest }>('/load/source', { schema: { body: loadSourceBody } }, (request) =>
    load.startSource(request.body),
  );
  server.get('/load/source', () => load.source());
  server.delete('/load/source', () => load.stopSource());
  server.post<{ Body: LoadSinkRequest }>('/load/sink', { schema: { body: loadSinkBody } }, (request) =>
    load.startSink(request.body),
  );
  server.get('/load/sink', () => load.sink());
  server.delete('/load/sink', () => load.stopSink());
}
