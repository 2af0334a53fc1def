/** `portolan route`: a path that keeps to limits, or why there is none. */
import type { RouteAnswerReport, WayReport } from '../../node/admin.types.js';
import { openAdmin } from '../admin-client.js';
import { BadAnswerError } from '../errors.js';
import { formatBitRate, formatMillis, formatPercent } from '../output/numbers.js';
import { print, printJson } from '../output/print.js';
import { style } from '../output/style.js';
import type { QueryOptions } from './query.types.js';

/** Limits of a path as the command line names them, in the units of the API. */
export interface LimitOptions {
  readonly rtt?: number;
  readonly cost?: number;
  readonly bandwidth?: number;
  readonly loss?: number;
  readonly hops?: number;
}

export type RouteOptions = QueryOptions & LimitOptions;

export function limitsOf({ rtt, cost, bandwidth, loss, hops }: LimitOptions) {
  return { rttMs: rtt, cost, mbps: bandwidth, lossPercent: loss, hops };
}

export async function runRoute(destination: string, options: RouteOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const answer = await node.get<RouteAnswerReport>('/route', { destination, ...limitsOf(options) });
  const way = await node.get<WayReport>('/way', { destination, class: 'lowLatency' });
  if (options.json) printJson({ ...answer, way });
  if (!answer.route) throw new BadAnswerError(options.json ? '' : (answer.reason ?? 'no path'));
  if (options.json) return;
  const { path, rttMs, mbps, lossPercent, hops: links } = answer.route;
  print(path.map((id) => style.bold(id)).join(' > '));
  const width = mbps === null ? 'no bandwidth known to be limited' : formatBitRate(mbps * 1e6);
  print(
    `${links} ${links === 1 ? 'hop' : 'hops'}, ${formatMillis(rttMs)}, a cost of ${answer.route.cost}, ${width}, ${formatPercent(lossPercent)} lost`,
  );
  print(style.dim(`Packets go ${way.by === 'none' ? 'nowhere: ' : ''}${way.why}.`));
}
