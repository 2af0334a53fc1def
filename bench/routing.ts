/**
 * What routing makes of deaths, churn and noise, all four traffic classes running: how soon the dead are forgotten, how long pairs are cut off, what it costs on
 * the wire. Simulated with the real routers, so the same on every machine.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { UsageError } from '../ts/cli/errors.js';
import { type Distribution, type HardshipNetwork, measureHardships, parseRttMatrix } from '../ts/sim/index.js';
import type { DeathSummary, Hardship } from '../ts/sim/planet/hardship.js';
import { type BenchOptions, finish, printTable, progress } from './lib/report.js';

export interface RoutingBenchOptions extends BenchOptions {
  readonly seed: number;
  /** Files of round-trip times, each a network more. */
  readonly rtt: readonly string[];
  /** Of the usual networks the first so many; all without it. */
  readonly networks: number | undefined;
}

interface Named {
  readonly name: string;
  readonly network: HardshipNetwork;
}

/** An index is 1 to 254: so many nodes are a whole flat zone. */
const NETWORKS: readonly Named[] = [
  { name: '30 nodes of degree 5', network: { kind: 'mesh', nodes: 30, degree: 5 } },
  { name: '80 nodes of degree 8', network: { kind: 'mesh', nodes: 80, degree: 8 } },
  { name: '254 nodes of degree 8', network: { kind: 'mesh', nodes: 254, degree: 8 } },
  { name: '2000 nodes on 4 layers', network: { kind: 'planet', nodes: 2000, links: 16 } },
];
const SMOKE: readonly Named[] = [
  { name: '12 nodes of degree 4', network: { kind: 'mesh', nodes: 12, degree: 4 } },
  { name: '24 nodes on 4 layers', network: { kind: 'planet', nodes: 24, links: 6 } },
];
const MATRIX_LINKS = 32;
/** Churn and noise last so long, virtual seconds. */
const SECONDS = 30;
const SMOKE_SECONDS = 3;

export async function benchRouting(options: RoutingBenchOptions): Promise<number> {
  const { rounds, smoke, seed } = options;
  const usual = smoke ? SMOKE : NETWORKS.slice(0, options.networks);
  const named = [...usual, ...options.rtt.map(matrixNetwork)];
  const started = performance.now();
  const hardships = await measureHardships(
    named.map(({ network }) => ({ network, seed, deaths: rounds, seconds: smoke ? SMOKE_SECONDS : SECONDS })),
    availableParallelism(),
    (index, what) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      progress(`routing, ${seconds} s: ${named[index]?.name}, ${what}`);
    },
  );
  const results = hardships.map((hardship, i) => ({ name: named[i]?.name ?? '', ...hardship }));
  finish(options, 'routing', results, () => print(results));
  const isWell = results.every(
    ({ loops, labelInversions, deaths }) => loops + labelInversions === 0 && Number.isFinite(deaths.forgotten.max),
  );
  return isWell ? 0 : 1;
}

function matrixNetwork(file: string): Named {
  try {
    const { size, values } = parseRttMatrix(readFileSync(file, 'utf8'));
    return { name: `${size} nodes of ${file}`, network: { kind: 'matrix', size, values, links: MATRIX_LINKS } };
  } catch (error) {
    throw new UsageError(`--rtt ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const ms = ({ p50, p95 }: Distribution) => [p50, p95].map((value) => value.toFixed(0)).join(' / ');
const kilobytes = ({ p50, p95 }: Distribution) => [p50, p95].map((value) => (value / 1000).toFixed(0)).join(' / ');
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function deathCells({ forgotten, bytes, outages, within210, recoveries }: DeathSummary): (string | number)[] {
  return [
    ms(forgotten),
    kilobytes(bytes),
    outages.count,
    ms(outages),
    percent(within210),
    recoveries.count,
    ms(recoveries),
  ];
}

const DEATH_HEAD = ['forgotten', 'kB', 'pairs', 'outage', '<= 210 ms', 'routes missed', 'for'];

function print(results: readonly (Hardship & { readonly name: string })[]): void {
  printTable(
    'One node dies (simulated; milliseconds and kB of the whole network as p50 / p95, detection included)',
    ['network', 'deaths', ...DEATH_HEAD],
    results.map(({ name, deaths }) => [name, deaths.count, ...deathCells(deaths)]),
  );
  printTable(
    'A zone of the first layer dies',
    ['network', 'nodes', ...DEATH_HEAD],
    results.flatMap(({ name, zone }) => (zone ? [[name, zone.nodes, ...deathCells(zone)]] : [])),
  );
  printTable(
    'At rest, under churn of 10 % a minute, and with 20 % of noise on every round trip',
    [
      'network',
      'links',
      'entries',
      'with backup at start',
      'at rest',
      'churn: bit/s a link',
      'noise: changes/s',
      'lost',
    ],
    results.map((r) => [
      r.name,
      r.links,
      r.entries,
      percent(r.backupsAtStart),
      percent(r.backups),
      r.churnBitsPerLink.toFixed(0),
      r.noisyChanges.toFixed(1),
      r.noisyLosses,
    ]),
  );
}
