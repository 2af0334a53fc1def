/** What a simulated planet has shown: a table for people, and plots. */
import type { Distribution, OptimisedReport, PathReport, PlanetOutcome } from '../../sim/index.js';
import type { Chart } from './chart.js';
import { formatBitRate, formatCount, formatMillis, formatPercent } from './numbers.js';
import { style } from './style.js';
import { type Column, table } from './table.js';

interface Row {
  readonly name: string;
  readonly values: Distribution;
  readonly digits: number;
}

const cell = (of: (values: Distribution) => number) => (row: Row) => of(row.values).toFixed(row.digits);

const COLUMNS: readonly Column<Row>[] = [
  { title: '', cell: ({ name }) => name },
  { title: 'mean', align: 'right', cell: cell(({ mean }) => mean) },
  { title: 'p50', align: 'right', cell: cell(({ p50 }) => p50) },
  { title: 'p95', align: 'right', cell: cell(({ p95 }) => p95) },
  { title: 'p99', align: 'right', cell: cell(({ p99 }) => p99) },
  { title: 'max', align: 'right', cell: cell(({ max }) => max) },
];

/** By class. */
const CLASS_NAMES = ['low latency', 'low cost', 'reliable', 'high bandwidth'];

const PLANETS: readonly Column<PlanetOutcome>[] = [
  { title: 'seed', align: 'right', cell: ({ seed }) => String(seed) },
  { title: 'nodes', align: 'right', cell: ({ nodes }) => String(nodes) },
  { title: 'loops', align: 'right', cell: ({ loops }) => String(loops) },
  {
    title: 'inversions',
    align: 'right',
    cell: ({ labelInversions, escapes }) => String(labelInversions + escapes),
  },
  { title: 'wrong slots', align: 'right', cell: ({ unconverged }) => String(unconverged) },
  { title: 'right after', align: 'right', cell: ({ convergedAfter }) => formatMillis(convergedAfter) },
  { title: 'hops', align: 'right', cell: ({ calm }) => calm.hops.mean.toFixed(1) },
  { title: 'stretch p50', align: 'right', cell: ({ calm }) => calm.stretch.p50.toFixed(2) },
  { title: 'p95', align: 'right', cell: ({ calm }) => calm.stretch.p95.toFixed(2) },
  { title: 'routing a link', align: 'right', cell: ({ controlBitsPerLink }) => formatBitRate(controlBitsPerLink) },
];

/** A line a planet, and what went wrong in them. */
export function planetsLines(planets: readonly PlanetOutcome[], wallSeconds: number): string[] {
  return [
    `${planets.length} planets in ${wallSeconds.toFixed(0)} s`,
    ...table(PLANETS, planets),
    ...planets.flatMap(({ seed, problems }) => problems.map((problem) => style.red(`seed ${seed}: ${problem}`))),
  ];
}

export function planetLines(outcome: PlanetOutcome, wallSeconds: number): string[] {
  const { nodes, links, classes, seed, tables, calm, optimised, after, packets, cost, problems } = outcome;
  const hasFaults = outcome.moments.length > 0;
  const spares = tables.backups.map((share, i) => `layer ${i + 1} ${formatPercent(100 * share)}`).join(', ');
  const others = CLASS_NAMES.slice(1, classes)
    .map((name, i) => `${name} ${formatPercent(100 * (tables.otherWays[i + 1] ?? 0))}`)
    .join(', ');
  return [
    `${nodes} nodes, ${formatCount(links)} links, ${classes} ${classes === 1 ? 'class' : 'classes'}, seed ${seed}: ${outcome.virtualSeconds.toFixed(1)} s of virtual time in ${wallSeconds.toFixed(0)} s (processor ${cost.cpuSeconds.toFixed(0)} s, memory ${(cost.residentMegabytes / 1000).toFixed(2)} GB)`,
    [
      verdict('loops', outcome.loops),
      verdict('label inversions', outcome.labelInversions + outcome.escapes),
      verdict('wrong slots', outcome.unconverged),
    ].join(', '),
    `all tables right ${formatMillis(outcome.startedAfter)} after the start${hasFaults ? `, ${formatMillis(outcome.convergedAfter)} after the faults` : ''}`,
    ...outcome.happened.map((what) => style.dim(what)),
    '',
    ...table(COLUMNS, [
      { name: 'links a node', values: tables.links, digits: 0 },
      { name: 'occupied slots a node', values: tables.slots, digits: 0 },
      ...pathRows(calm, ''),
      ...(optimised ? optimisedRows(optimised) : []),
      ...(hasFaults ? pathRows(after, ', after the faults') : []),
    ]),
    '',
    `routes with a backup: ${spares}`,
    ...(classes > 1 ? [`routes by another next hop than with low latency: ${others}`] : []),
    `pairs worse than direct by more than 5 %: ${formatPercent(100 * calm.worseThanDirect)}; that do not arrive: ${calm.broken} of ${formatCount(calm.pairs)}`,
    ...(optimised ? [optimisedLine(optimised)] : []),
    ...(hasFaults
      ? [
          `under faults: ${formatBitRate(outcome.controlBitsPerLink)} of routing a link, ${outcome.changesPerSecondAndNode.toFixed(2)} changes of next hops a second and node`,
          `packets: ${packets.sent} sent, ${packets.arrived} arrived, ${packets.lost} lost by links and nodes, ${packets.noRoute} without a route, ${packets.revisits} revisits`,
        ]
      : []),
    ...problems.map((problem) => style.red(problem)),
  ];
}

function pathRows({ hops, otherHops, stretch, linkStretch, overDirect }: PathReport, when: string): Row[] {
  return [
    { name: `hops${when}`, values: hops, digits: 1 },
    ...otherHops.map((values, i) => ({ name: `hops of ${CLASS_NAMES[i + 1]}${when}`, values, digits: 1 })),
    { name: `round trip over the best relays${when}`, values: stretch, digits: 2 },
    { name: `the same of the best way over the links${when}`, values: linkStretch, digits: 2 },
    { name: `round trip over the direct one${when}`, values: overDirect, digits: 2 },
  ];
}

function optimisedRows({ tables, stretch, linkStretch, overDirect, messages }: OptimisedReport): Row[] {
  return [
    { name: 'flows: round trip over the best relays, by the tables', values: tables, digits: 2 },
    { name: 'the same with the optimiser', values: stretch, digits: 2 },
    { name: 'the same of the best way over the links', values: linkStretch, digits: 2 },
    { name: 'flows: round trip over the direct one, with the optimiser', values: overDirect, digits: 2 },
    { name: 'messages of the optimiser a flow', values: messages, digits: 0 },
  ];
}

function optimisedLine({ flows, served, linked, worseThanDirect, tablesWorseThanDirect }: OptimisedReport): string {
  return `${flows} flows, of which the optimiser found a better path for ${formatPercent(100 * served)}, and made a link for ${formatPercent(100 * linked)}: worse than direct by more than 5 % are ${formatPercent(100 * worseThanDirect)}, by the tables ${formatPercent(100 * tablesWorseThanDirect)}`;
}

/** By file name. */
export function planetCharts({ nodes, calm, optimised, moments }: PlanetOutcome): Readonly<Record<string, Chart>> {
  const percents = Array.from({ length: 101 }, (_, i) => i);
  // The last per cents would flatten the rest.
  const most = 99;
  const shown = percents.slice(0, most + 1);
  const cut = (curve: readonly number[]) => curve.slice(0, most + 1);
  const charts: Record<string, Chart> = {
    stretch: {
      title: `Round trip over that by the best relays, ${nodes} nodes`,
      xName: 'per cent of pairs',
      yName: 'stretch',
      x: shown,
      lines: [
        { name: 'by the tables', y: cut(calm.stretchCurve) },
        { name: 'best way over the links', y: cut(calm.linkStretchCurve) },
      ],
    },
    hops: {
      title: `Hops, ${nodes} nodes`,
      xName: 'per cent of pairs',
      yName: 'hops',
      x: percents,
      lines: [{ name: 'by the tables', y: calm.hopsCurve }],
    },
  };
  if (optimised)
    charts['optimised'] = {
      title: `Round trip of ${optimised.flows} flows over that by the best relays, ${nodes} nodes`,
      xName: 'per cent of flows',
      yName: 'stretch',
      x: shown,
      lines: [
        { name: 'by the tables', y: cut(optimised.tablesCurve) },
        { name: 'with the path optimiser', y: cut(optimised.stretchCurve) },
        { name: 'best way over the links', y: cut(optimised.linkStretchCurve) },
      ],
    };
  if (moments.length > 0)
    charts['timeline'] = {
      title: `Routing under faults, ${nodes} nodes`,
      xName: 'virtual seconds',
      yName: 'a second',
      x: moments.map(({ second }) => second),
      lines: [
        { name: 'bits of routing a link', y: moments.map(({ bitsPerLink }) => bitsPerLink) },
        { name: 'changes of next hops', y: moments.map(({ changes }) => changes) },
        { name: 'live nodes', y: moments.map(({ live }) => live) },
      ],
    };
  return charts;
}

/** `0 loops` in green, anything else in red. */
function verdict(what: string, n: number): string {
  return n === 0 ? style.green(`0 ${what}`) : style.red(`${n} ${what}`);
}
