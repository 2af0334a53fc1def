/** The tables of the soak. */
import pc from 'picocolors';
import { formatCount, printTable } from '../lib/report.js';
import type { Interval, SoakReport } from '../soak.js';

export function printSoak({ intervals, growth, broken, seconds, seed }: SoakReport): void {
  printTable(
    `Where every packet went (${seconds.toFixed(0)} s, seed ${seed}; the laws: how many packets are missing)`,
    [
      'interval',
      's',
      'faults',
      'received',
      'started',
      'delivered',
      'dropped',
      'by kernel',
      'load lost',
      'node',
      'wire',
      'ends',
    ],
    intervals.map(({ isExact, seconds: took, faults, traffic, laws }, index) => [
      `${index + 1} ${isExact ? 'exact' : 'kills'}`,
      took.toFixed(0),
      Object.values(faults).reduce((sum, count) => sum + count, 0),
      formatCount(laws.received),
      formatCount(laws.originated),
      formatCount(laws.delivered),
      laws.drops,
      laws.kernelDrops,
      `${traffic.loadSent - traffic.loadReceived} of ${formatCount(traffic.loadSent)}`,
      laws.node,
      isExact ? laws.wire : `(${laws.wire})`,
      laws.ends,
    ]),
  );
  printTable('Faults', ['kind', 'times'], Object.entries(total(intervals, ({ faults }) => faults)));
  printTable(
    'Packets dropped, by reason',
    ['reason', 'packets'],
    byCount(total(intervals, ({ laws }) => laws.dropsByReason)),
  );
  printTable(
    'What the processes hold: the one that gained most in the second half',
    ['', 'node', 'from', 'to', 'an hour', '±', 'may gain', 'flat'],
    growth.map(({ metric, unit, node, first, last, perHour, perHourError, tolerance, isFlat }) => [
      metric + (unit && ` (${unit})`),
      node,
      first.toFixed(1),
      last.toFixed(1),
      perHour.toFixed(1),
      perHourError.toFixed(1),
      tolerance,
      isFlat ? 'yes' : 'no',
    ]),
  );
  if (broken.length === 0) console.log(`\n${pc.green('every packet is accounted for, and nothing grows')}`);
  for (const sentence of broken) console.log(pc.red(sentence));
}

function total(
  intervals: readonly Interval[],
  of: (interval: Interval) => Readonly<Record<string, number>>,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const interval of intervals)
    for (const [name, count] of Object.entries(of(interval))) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

const byCount = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts).sort(([, a], [, b]) => b - a);
