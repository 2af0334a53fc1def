/** `portolan trace`: the nodes on the way, a line each as soon as it is known. */
import type { TraceHop, WayReport } from '../../node/admin.types.js';
import type { TrafficClassName } from '../../node/datagram-socket.js';
import { openAdmin } from '../admin-client.js';
import { BadAnswerError } from '../errors.js';
import { formatMillis } from '../output/numbers.js';
import { print, printJson } from '../output/print.js';
import { style } from '../output/style.js';
import type { QueryOptions } from './query.types.js';

export interface TraceOptions extends QueryOptions {
  readonly maxHops: number;
  /** Milliseconds a hop. */
  readonly timeout: number;
  readonly class: TrafficClassName;
}

export async function runTrace(destination: string, options: TraceOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const way = await node.get<WayReport>('/way', { destination, class: options.class });
  if (!options.json) print(`TRACE ${destination}: at most ${options.maxHops} hops, ${way.why}`);
  const hops: TraceHop[] = [];
  const query = { destination, maxHops: options.maxHops, timeoutMs: options.timeout, class: options.class };
  for await (const hop of node.lines<TraceHop>('/trace', query)) {
    hops.push(hop);
    if (!options.json) print(hopLine(hop, hops.length));
  }
  if (options.json) printJson({ destination, way, hops });
  const last = hops.at(-1);
  if (last?.id !== destination || last.error !== undefined)
    throw new BadAnswerError(
      options.json ? '' : `${destination} was not reached${last?.error ? `: ${last.error}` : ''}`,
    );
}

function hopLine(hop: TraceHop, number: number): string {
  const place = String(number).padStart(2);
  if (hop.id === null) return `${place}  ${style.dim('no answer')}`;
  const error = hop.error === undefined ? '' : style.yellow(`  ${hop.error}`);
  const label = hop.labelled ? style.dim('  by the label of the pin') : '';
  return `${place}  ${style.bold(hop.id.padEnd(15))}  ${formatMillis(hop.rttMs)}${label}${error}`;
}
