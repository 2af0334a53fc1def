/** The routes that ask: status, links, routes, counters, metrics, ping, trace, events. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { COUNTERS } from '../../memory/counter-names.js';
import type { TrafficClassName } from '../../wire/network-header.js';
import type { FoundRoute, RouteAnswerReport } from '../admin.types.js';
import { PortolanError } from '../errors.js';
import type { NodeEvents } from '../events.js';
import { createMetrics } from '../metrics.js';
import type { RouteLimits } from '../route-finder.js';
import type { AdminNode } from './admin-node.js';
import { streamLines } from './ndjson.js';
import { pingQuery, routeQuery, routesQuery, traceQuery, whyQuery } from './schemas.js';

const EVENTS = [
  'linkUp',
  'linkDown',
  'linkProblem',
  'routeChanged',
  'duplicateId',
  'workerRestarted',
  'warning',
] as const satisfies (keyof NodeEvents)[];

export function addQueryRoutes(server: FastifyInstance, node: AdminNode): void {
  const metrics = createMetrics(node);
  server.get('/status', () => node.status());
  server.get('/resources', () => node.resources());
  server.get('/links', () => node.links());
  server.get<{ Querystring: { destination?: string; class: TrafficClassName | 'all' } }>(
    '/routes',
    { schema: { querystring: routesQuery } },
    (request) => node.routes(request.query.destination, { class: request.query.class }),
  );
  server.get<{ Querystring: { destination: string; class: TrafficClassName } }>(
    '/routes/why',
    { schema: { querystring: whyQuery } },
    ({ query: { destination, class: name } }) => {
      const why = node.explainRoute(destination, { class: name });
      if (why) return why;
      const reason =
        destination === node.id ? 'that is this node itself' : 'a leaf sends everything to its nearest relay';
      throw new PortolanError('INVALID_OPTION', `destination: ${reason}`, { option: 'destination' });
    },
  );
  server.get<{ Querystring: { destination?: string; class: TrafficClassName | 'all' } }>(
    '/routes/history',
    { schema: { querystring: routesQuery } },
    (request) => node.routeHistory(request.query.destination, { class: request.query.class }),
  );
  server.get('/pins', () => node.pins());
  server.get<{ Querystring: { destination: string; class: TrafficClassName } }>(
    '/way',
    { schema: { querystring: whyQuery } },
    ({ query: { destination, class: name } }) => node.way(destination, { class: name }),
  );
  server.get('/counters', () => {
    const { dropped, ...counts } = node.status().counters;
    const values: Readonly<Record<string, unknown>> = { ...counts, ...dropped };
    return COUNTERS.map(({ name, kind, sentence }) => ({ name, kind, sentence, value: values[name] }));
  });
  server.get('/metrics', async (_request, reply) => {
    void reply.header('content-type', metrics.contentType);
    return metrics.scrape();
  });
  addProbeRoutes(server, node);
  server.get('/events', (request, reply) =>
    streamLines(request, reply, async ({ write, signal }) => {
      const listeners = EVENTS.map((event) => [event, (detail: object) => write({ event, ...detail })] as const);
      for (const [event, listener] of listeners) node.on(event, listener);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
        node.once('close', resolve);
      });
      for (const [event, listener] of listeners) node.off(event, listener);
    }),
  );
}

function addProbeRoutes(server: FastifyInstance, node: AdminNode): void {
  server.get<{ Querystring: { destination: string; timeoutMs: number; size: number; class: TrafficClassName } }>(
    '/ping',
    { schema: { querystring: pingQuery } },
    (request) => {
      const { destination, timeoutMs, size, class: name } = request.query;
      return node.probe(destination, { timeout: timeoutMs, size, class: name, signal: goneSignal(request) });
    },
  );
  server.get<{ Querystring: { destination: string } & RouteLimits }>(
    '/route',
    { schema: { querystring: routeQuery } },
    (request) => {
      const { destination, ...limits } = request.query;
      return routeAnswer(node.route(destination, { ...limits, signal: goneSignal(request) }));
    },
  );
  server.get<{ Querystring: { destination: string; timeoutMs: number; maxHops: number; class: TrafficClassName } }>(
    '/trace',
    { schema: { querystring: traceQuery } },
    (request, reply) =>
      streamLines(request, reply, ({ write, signal }) => {
        const { destination, timeoutMs, maxHops, class: name } = request.query;
        return node.trace(destination, { maxHops, timeout: timeoutMs, class: name, signal, onHop: write });
      }),
  );
}

/** Aborted when the client has gone. */
function goneSignal(request: FastifyRequest): AbortSignal {
  const gone = new AbortController();
  request.raw.socket.once('close', () => gone.abort());
  return gone.signal;
}

/** That there is no path is an answer too. */
async function routeAnswer(asked: Promise<FoundRoute>): Promise<RouteAnswerReport> {
  try {
    return { route: await asked, reason: null };
  } catch (error) {
    if (error instanceof PortolanError && error.code === 'NO_PATH') return { route: null, reason: error.message };
    throw error;
  }
}
