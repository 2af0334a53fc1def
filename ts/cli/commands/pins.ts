/** `portolan pin`, `pins` and `unpin`: routes that the node keeps to a path within limits. */
import type { PinReport } from '../../node/admin.types.js';
import type { TrafficClassName } from '../../node/datagram-socket.js';
import { openAdmin } from '../admin-client.js';
import { formatMillis } from '../output/numbers.js';
import { print, printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';
import { type Column, table } from '../output/table.js';
import type { QueryOptions } from './query.types.js';
import { type LimitOptions, limitsOf } from './route.js';

export interface PinOptions extends QueryOptions, LimitOptions {
  readonly class: TrafficClassName;
}

export async function runPin(destination: string, options: PinOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const pin = await node.send<PinReport>('POST', '/pins', {
    destination,
    class: options.class,
    limits: limitsOf(options),
  });
  if (options.json) printJson(pin);
  else print(`pin ${pin.number}: ${stateText(pin)}`);
}

export async function runPins(options: QueryOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const pins = await node.get<PinReport[]>('/pins');
  if (options.json) printJson(pins);
  else if (pins.length > 0) printLines(table(COLUMNS, pins));
  else print('No route is pinned.');
}

export async function runUnpin(number: number, options: QueryOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  await node.send('DELETE', `/pins?number=${number}`);
  if (options.json) printJson({ number });
  else print(`pin ${number} has ended: packets take the way of their class again`);
}

function stateText({ state, route, reason }: PinReport): string {
  const why = reason === null ? '' : style.dim(`  ${reason}`);
  if (route) return `${state === 'pinned' ? '' : 'asking for '}${route.path.join(' > ')}${why}`;
  return reason ?? 'searching for a path';
}

const COLUMNS: readonly Column<PinReport>[] = [
  { title: 'PIN', align: 'right', cell: ({ number }) => String(number ?? style.dim('-')) },
  { title: 'OWNER', cell: ({ owner }) => owner },
  { title: 'DESTINATION', cell: ({ destination }) => style.bold(destination) },
  { title: 'CLASS', cell: (pin) => pin.class },
  { title: 'STATE', cell: ({ state }) => (state === 'pinned' ? style.green(state) : style.yellow(state)) },
  { title: 'RTT', align: 'right', cell: ({ route }) => (route ? formatMillis(route.rttMs) : style.dim('-')) },
  { title: 'PATH', cell: stateText },
];
