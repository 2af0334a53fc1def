/**
 * What a relay adds to a round trip: echo requests from node 1.1.1.1 to 1.1.1.3 and back, answered and timed in workers, through one relay;
 * at 1 000 a second (idle) and beside it at half of what the chain carries. The C relay in the same place is the baseline.
 */
import { Chain, type Flow, type RelayKind } from './lib/chain.js';
import { type BenchOptions, finish, formatRatio, printTable, progress } from './lib/report.js';
import { estimate, median, pairedRatios } from './lib/statistics.js';

export interface LatencyResult {
  readonly name: RelayKind;
  readonly load: 'idle' | 'half';
  /** Echo requests a second. */
  readonly rate: number;
  /** Microseconds, medians of the rounds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly ratioToC: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly ratioToCInterval: { readonly p50: readonly [number, number]; readonly p99: readonly [number, number] };
}

const SIZE = 512;
const IDLE_RATE = 1000;
const RELAYS: readonly RelayKind[] = ['c', 'portolan'];

export async function benchLatency(options: BenchOptions): Promise<number> {
  const chains = new Map<RelayKind, Chain>();
  const results: LatencyResult[] = [];
  try {
    for (const relay of RELAYS) chains.set(relay, await Chain.start({ relay, gso: true }));
    const half = await halfLoad(chains);
    for (const load of ['idle', 'half'] as const)
      results.push(...(await measure(chains, load, load === 'idle' ? IDLE_RATE : half, options)));
  } finally {
    await Promise.all([...chains.values()].map((chain) => chain.stop()));
  }
  finish(options, 'latency', results, () => print(results), [
    {
      title: 'Round trip through one relay',
      kind: 'bars',
      y: 'µs',
      x: ['p50', 'p99', 'p99.9'],
      series: results.map((row) => ({ name: `${row.name}, ${row.load}`, values: [row.p50, row.p99, row.p999] })),
    },
  ]);
  return 0;
}

/** Half of the echo rate that the slower chain carries. */
async function halfLoad(chains: ReadonlyMap<RelayKind, Chain>): Promise<number> {
  const full = [];
  for (const chain of chains.values()) full.push((await chain.echo(SIZE, 0, 0.7)).packetsPerSecond);
  return Math.round(Math.min(...full) / 2);
}

async function measure(
  chains: ReadonlyMap<RelayKind, Chain>,
  load: 'idle' | 'half',
  rate: number,
  options: BenchOptions,
): Promise<LatencyResult[]> {
  const flows = new Map<RelayKind, Flow[]>(RELAYS.map((relay) => [relay, []]));
  for (let round = 0; round < options.rounds; round++)
    for (const relay of round % 2 ? RELAYS.toReversed() : RELAYS) {
      progress(`latency, ${load}, round ${round + 1}/${options.rounds}: ${relay}`);
      flows.get(relay)?.push(await (chains.get(relay) as Chain).echo(SIZE, rate, options.smoke ? 0.7 : 3));
    }
  const delays = (relay: RelayKind, q: 'p50' | 'p99' | 'p999') =>
    (flows.get(relay) ?? []).map((flow) => flow.delayMicros?.[q] ?? Number.NaN);
  return RELAYS.map((name) => {
    const ratio = (q: 'p50' | 'p99' | 'p999') => estimate(pairedRatios(delays(name, q), delays('c', q)));
    const [p50, p99, p999] = [ratio('p50'), ratio('p99'), ratio('p999')];
    return {
      name,
      load,
      rate,
      p50: median(delays(name, 'p50')),
      p99: median(delays(name, 'p99')),
      p999: median(delays(name, 'p999')),
      ratioToC: { p50: p50.median, p99: p99.median, p999: p999.median },
      ratioToCInterval: { p50: [p50.low, p50.high], p99: [p99.low, p99.high] },
    };
  });
}

function print(results: readonly LatencyResult[]): void {
  const ratio = (row: LatencyResult, q: 'p50' | 'p99') =>
    formatRatio({ median: row.ratioToC[q], low: row.ratioToCInterval[q][0], high: row.ratioToCInterval[q][1] });
  printTable(
    `Round trip of ${SIZE} B through one relay, as a ratio to a plain C relay (median of the rounds, 95 % interval)`,
    ['relay', 'load', 'rate', 'p50 to C', 'p99 to C', 'p50 µs', 'p99 µs', 'p99.9 µs'],
    results.map((row) => [
      row.name,
      row.load,
      `${row.rate}/s`,
      ratio(row, 'p50'),
      ratio(row, 'p99'),
      row.p50.toFixed(0),
      row.p99.toFixed(0),
      row.p999.toFixed(0),
    ]),
  );
}
