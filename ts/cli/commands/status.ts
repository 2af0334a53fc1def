/** `portolan status`. */
import type { StatusReport } from '../../node/admin.types.js';
import { openAdmin } from '../admin-client.js';
import { formatCount, formatUptime } from '../output/numbers.js';
import { packetPathReason, packetPathText } from '../output/packet-path.js';
import { printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';
import { pad } from '../output/table.js';
import type { QueryOptions } from './query.types.js';

export async function runStatus(options: QueryOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const status = await node.get<StatusReport>('/status');
  if (options.json) return printJson(status);
  printLines(statusLines(status));
}

export function statusLines(status: StatusReport): string[] {
  const { packetPath, counters } = status;
  const restarts = status.workerRestarts ? style.yellow(`, ${status.workerRestarts} restarted after a crash`) : '';
  return [
    line(
      'node',
      `${style.bold(status.id)}  up ${formatUptime(status.uptimeSeconds)}, ${status.role}, process ${status.pid}, version ${status.version}`,
    ),
    line('listens', status.listen.join(', ')),
    line('packet path', packetPathText(packetPath)),
    line('', style.dim(packetPathReason(packetPath))),
    line('workers', `${status.workers}${status.tcpWorker ? ', and one for TCP' : ''}${restarts}`),
    line('links', `${status.links} up, ${status.routes} ${status.routes === 1 ? 'route' : 'routes'}`),
    ...(status.neighbours.most === 0
      ? []
      : [line('neighbours', `${status.neighbours.chosen} of ${status.neighbours.most} chosen`)]),
    ...(status.role === 'leaf' ? [] : [line('leaves', `${status.leaves} of ${status.maxLeaves}`)]),
    ...status.emulation.map((network, index) => line(index === 0 ? 'emulates' : '', style.yellow(network))),
    line('packets', `${formatCount(counters.received)} received, ${formatCount(counters.sent)} sent`),
    line('', `${formatCount(counters.forwarded)} forwarded, ${formatCount(counters.delivered)} delivered`),
    ...dropLines(counters.dropped),
  ];
}

function dropLines(dropped: Readonly<Record<string, number>>): string[] {
  const reasons = Object.entries(dropped)
    .filter(([, n]) => n > 0)
    .sort((a, b) => b[1] - a[1]);
  if (reasons.length === 0) return [line('dropped', style.green('none'))];
  return reasons.map(([reason, n], index) =>
    line(index === 0 ? 'dropped' : '', `${style.yellow(formatCount(n))} ${reason}`),
  );
}

function line(name: string, text: string): string {
  return `${style.dim(pad(name, 12))}${text}`;
}
