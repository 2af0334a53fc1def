/** `portolan routes`. */
import type { RouteReport } from '../../node/admin.types.js';
import type { TrafficClassName } from '../../node/datagram-socket.js';
import { openAdmin } from '../admin-client.js';
import { BadAnswerError } from '../errors.js';
import { formatMillis, formatPercent } from '../output/numbers.js';
import { print, printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';
import { type Column, table } from '../output/table.js';
import type { QueryOptions } from './query.types.js';

export interface RoutesOptions extends QueryOptions {
  readonly class: TrafficClassName | 'all';
}

export async function runRoutes(destination: string | undefined, options: RoutesOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const routes = await node.get<RouteReport[]>('/routes', { destination, class: options.class });
  if (options.json) printJson(routes);
  else if (routes.length > 0) printLines(table(COLUMNS, routes));
  else if (destination === undefined) print('No routes: no link is up (see "portolan links").');
  if (destination !== undefined && routes.length === 0)
    throw new BadAnswerError(options.json ? '' : `no route to ${destination}`);
}

/** What the class counts. */
export function costText({
  rttMs,
  cost,
  lossPercent,
  bandwidthMbit,
}: Pick<RouteReport, 'rttMs' | 'cost' | 'lossPercent' | 'bandwidthMbit'>): string {
  if (cost !== null) return cost.toFixed(1);
  if (lossPercent !== null) return `${formatPercent(lossPercent)} lost`;
  const time = formatMillis(rttMs);
  return bandwidthMbit === null ? time : `${bandwidthMbit} Mbit/s, ${time}`;
}

const COLUMNS: readonly Column<RouteReport>[] = [
  { title: 'DESTINATION', cell: (route) => style.bold(route.destination) },
  { title: 'LAYER', align: 'right', cell: (route) => String(route.layer) },
  { title: 'NEXT HOP', cell: (route) => route.nextHop },
  { title: 'BACKUP', cell: (route) => route.backup ?? style.dim('none') },
  { title: 'CLASS', cell: (route) => route.class },
  { title: 'COSTS', align: 'right', cell: costText },
  { title: 'HOPS', align: 'right', cell: (route) => String(route.hops) },
];
