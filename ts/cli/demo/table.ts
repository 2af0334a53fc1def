/** The live table of the demonstration: a line a second, which reads the same on a terminal and in a file. */
import { formatBitRate, formatCount, formatMicros, formatRate } from '../output/numbers.js';
import { style } from '../output/style.js';
import { pad } from '../output/table.js';
import type { FlowSample } from './flow.js';

export interface DemoRow {
  /** Seconds since the flow began. */
  readonly seconds: number;
  readonly flow: FlowSample;
  /** The relay in use, and what a packet costs it: microseconds of CPU time. */
  readonly relay: string;
  readonly relayMicros: number | undefined;
}

const COLUMNS: readonly (readonly [title: string, width: number])[] = [
  ['TIME', 6],
  ['PACKETS', 10],
  ['PAYLOAD', 13],
  ['ONE-WAY p50', 13],
  ['p99', 9],
  ['LOST', 8],
  ['RELAY', 10],
  ['ITS CPU A PACKET', 18],
];

export function headingLine(): string {
  return style.dim(COLUMNS.map(([title, width]) => pad(title, width, 'right')).join(''));
}

export function rowLine({ seconds, flow, relay, relayMicros }: DemoRow): string {
  const cells = [
    `${seconds.toFixed(0)} s`,
    formatRate(flow.packetsPerSecond),
    formatBitRate(flow.bitsPerSecond),
    formatMicros(flow.delayMicros?.p50),
    formatMicros(flow.delayMicros?.p99),
    flow.lost === 0 ? '0' : style.yellow(formatCount(flow.lost)),
    relay,
    relayMicros === undefined ? '-' : `${relayMicros.toFixed(3)} µs`,
  ];
  return cells.map((cell, index) => pad(cell, COLUMNS[index]?.[1] ?? 0, 'right')).join('');
}
