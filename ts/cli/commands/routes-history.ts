/** `portolan routes --history`: the latest changes of the forwarding table. */
import type { RouteChangeReport } from '../../node/admin.types.js';
import { openAdmin } from '../admin-client.js';
import { print, printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';
import { type Column, table } from '../output/table.js';
import type { RoutesOptions } from './routes.js';

export async function runRoutesHistory(destination: string | undefined, options: RoutesOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const changes = await node.get<RouteChangeReport[]>('/routes/history', { destination, class: options.class });
  if (options.json) printJson(changes);
  else if (changes.length > 0) printLines(table(COLUMNS, changes));
  else print('No route has changed.');
}

const COLUMNS: readonly Column<RouteChangeReport>[] = [
  { title: 'AT', cell: ({ at }) => at },
  { title: 'DESTINATION', cell: ({ destination }) => style.bold(destination) },
  { title: 'CLASS', cell: (change) => change.class },
  { title: 'NEXT HOP', cell: ({ nextHop }) => nextHop ?? style.yellow('none') },
  { title: 'BACKUP', cell: ({ backup }) => backup ?? style.dim('none') },
];
