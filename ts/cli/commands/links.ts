/** `portolan links`. */
import type { LinkReport } from '../../node/admin.types.js';
import { openAdmin } from '../admin-client.js';
import { bandwidthOf } from '../output/bandwidth.js';
import { formatBitRate, formatCount, formatMillis, formatPercent } from '../output/numbers.js';
import { outputWidth, print, printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';
import { type Column, table } from '../output/table.js';
import type { QueryOptions } from './query.types.js';

export async function runLinks(options: QueryOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const links = await node.get<LinkReport[]>('/links');
  if (options.json) return printJson(links);
  if (links.length === 0)
    print('No links: nobody has dialled this node, and it has no peers to dial (--peer ID@udp://HOST:PORT).');
  else printLines(linksTable(links, outputWidth()));
}

/** The lines of the table; on a narrow terminal only with what is worth most. */
export function linksTable(links: readonly LinkReport[], width: number): string[] {
  return table(columnsFor(links), links, width);
}

const COLUMNS: readonly Column<LinkReport>[] = [
  { title: 'PEER', cell: (link) => style.bold(link.peer) },
  { title: 'ADDRESS', worth: 6, cell: (link) => link.address },
  { title: 'STATE', cell: (link) => colourState(link.state) },
  { title: 'ROLE', worth: 5, cell: (link) => (link.foreign ? style.yellow('leaf, foreign') : (link.role ?? '-')) },
  { title: 'KIND', worth: 4, cell: (link) => link.why },
  { title: 'RTT', worth: 12, align: 'right', cell: (link) => formatMillis(link.rttMs) },
  { title: '±', worth: 3, align: 'right', cell: (link) => formatMillis(link.rttVarianceMs) },
  { title: 'LOSS IN/OUT', worth: 11, align: 'right', cell: lossOf },
  { title: 'COST', worth: 8, align: 'right', cell: (link) => (link.cost === null ? '-' : String(link.cost)) },
  { title: 'BANDWIDTH', worth: 10, align: 'right', cell: bandwidthOf },
  { title: 'MTU', worth: 1, align: 'right', cell: mtuOf },
  { title: 'IN', worth: 2, align: 'right', cell: (link) => formatCount(link.rxFrames) },
  { title: 'OUT', worth: 2, align: 'right', cell: (link) => formatCount(link.txFrames) },
];

/** Only there when something is wrong with a link. */
const WHY: Column<LinkReport> = { title: 'WHY', cell: whyOf };

const QUEUE: Column<LinkReport> = {
  title: 'QUEUE',
  worth: 9,
  cell: ({ queue }) =>
    queue === null
      ? ''
      : `${formatBitRate(queue.bitsPerSecond)}: ${formatCount(queue.frames)} waiting, ${formatCount(queue.dropped)} dropped`,
};

/** Only there when a link has several sessions. */
const SESSIONS: Column<LinkReport> = {
  title: 'SESSIONS',
  cell: ({ members, state }) =>
    members.length === 0 || state !== 'up'
      ? ''
      : `${1 + members.filter((member) => member.state === 'up').length} of ${1 + members.length} up`,
};

/** Only there when a network is emulated for some link. */
const EMULATED: Column<LinkReport> = {
  title: 'EMULATED',
  worth: 7,
  cell: (link) => (link.emulation === null ? '' : style.yellow(link.emulation)),
};

/** A tilde: larger frames are still being tried. */
function mtuOf({ mtu, mtuState }: LinkReport): string {
  if (mtu === null) return '-';
  return mtuState === 'searching' ? `~${mtu}` : String(mtu);
}

function whyOf({ problem, detail }: LinkReport): string {
  return [problem, detail].filter(Boolean).join(': ');
}

/** Towards this node and away from it. */
function lossOf({ state, lossInPercent, lossOutPercent }: LinkReport): string {
  if (state !== 'up') return '-';
  if (lossInPercent === 0 && lossOutPercent === 0) return formatPercent(0);
  return `${formatPercent(lossInPercent).replace(' %', '')}/${formatPercent(lossOutPercent)}`;
}

/** What only some networks have is left out elsewhere. */
function columnsFor(links: readonly LinkReport[]): Column<LinkReport>[] {
  const columns = [...COLUMNS];
  if (links.some((link) => whyOf(link) !== '')) columns.push(WHY);
  if (links.some((link) => link.queue !== null)) columns.push(QUEUE);
  if (links.some((link) => link.members.length > 0)) columns.push(SESSIONS);
  if (links.some((link) => link.emulation !== null)) columns.push(EMULATED);
  return columns;
}

/** Green for what works, yellow for what is tried, red for what does not work. */
export function colourState(state: LinkReport['state']): string {
  if (state === 'up') return style.green(state);
  return state === 'down' ? style.red(state) : style.yellow(state);
}
