/**
 * How long packets are lost when the relay in use dies (SIGKILL) or falls silent (SIGSTOP): four real nodes in a ring, packets flow
 * from 1.1.1.1 to 1.1.1.3 by one of two relays; the sink measures the longest silence between two packets.
 */
import { BenchNode } from './lib/bench-node.js';
import { freePort, sleep, until } from './lib/processes.js';
import { type BenchOptions, finish, printTable, progress } from './lib/report.js';
import { quantile } from './lib/statistics.js';

export interface FailoverResult {
  readonly how: 'SIGKILL' | 'SIGSTOP';
  readonly rounds: number;
  /** Milliseconds from the last packet on the old path to the first on the new one. */
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly outages: readonly number[];
  /** How often the failed relay, back under the same id, was used again. */
  readonly cameBack: number;
}

const RATE = 2000;
const SINK_PORT = 6000;

export async function benchFailover(options: BenchOptions): Promise<number> {
  const results: FailoverResult[] = [];
  for (const how of ['SIGKILL', 'SIGSTOP'] as const) results.push(await measure(how, options));
  finish(options, 'failover', results, () => print(results), [
    {
      title: 'Outage after the relay in use fails',
      kind: 'lines',
      y: 'ms',
      x: (results[0]?.outages ?? []).map((_, i) => i + 1),
      series: results.map(({ how, outages }) => ({ name: how, values: outages })),
    },
  ]);
  return 0;
}

interface Ring {
  readonly source: BenchNode;
  readonly sink: BenchNode;
  readonly relays: readonly BenchNode[];
}

async function startRing(): Promise<Ring> {
  const [a, c] = [await freePort(), await freePort()];
  const ends = [
    { id: '1.1.1.1', port: a },
    { id: '1.1.1.3', port: c },
  ];
  const relays = await Promise.all(
    ['1.1.1.2', '1.1.1.4'].map((id) => BenchNode.start({ id, place: 'relay', peers: ends })),
  );
  const [source, sink] = await Promise.all([
    BenchNode.start({ id: '1.1.1.1', place: 'ends', port: a }),
    BenchNode.start({ id: '1.1.1.3', place: 'ends', port: c }),
  ]);
  return { source, sink, relays };
}

async function measure(how: 'SIGKILL' | 'SIGSTOP', options: BenchOptions): Promise<FailoverResult> {
  const { source, sink, relays } = await startRing();
  const outages: number[] = [];
  let cameBack = 0;
  try {
    for (let round = 0; round < options.rounds; round++) {
      progress(`failover by ${how}, round ${round + 1}/${options.rounds}`);
      await source.routeTo(sink.id, true);
      await sink.startSink(SINK_PORT);
      await source.startSource({ destination: sink.id, port: SINK_PORT, size: 200, rate: RATE });
      await sleep(2500); // hellos settle at their fast interval once data flows
      const { nextHop } = await source.routeTo(sink.id, true);
      const inUse = relays.find(({ id }) => id === nextHop) as BenchNode;
      const before = await sink.startSink(SINK_PORT);
      inUse.signal(how);
      await until('packets on the new path', async () => {
        const { received, longestGapMs } = await sink.sink();
        return (received > before.received && longestGapMs > 50) || undefined;
      });
      await sleep(300);
      outages.push((await sink.sink()).longestGapMs);
      await source.stopSource();
      if (how === 'SIGSTOP') inUse.signal('SIGCONT');
      else await inUse.restart();
      await source.routeTo(sink.id, true); // both relays again
      cameBack++;
    }
  } finally {
    await Promise.all([source, sink, ...relays].map((node) => node.stop()));
  }
  return {
    how,
    rounds: outages.length,
    p50: quantile(outages, 0.5),
    p95: quantile(outages, 0.95),
    max: Math.max(...outages),
    outages,
    cameBack,
  };
}

function print(results: readonly FailoverResult[]): void {
  printTable(
    'Outage from the last packet on the old path to the first on the new one (goal: p50 ≤ 200 ms, p95 ≤ 250 ms)',
    ['the relay in use', 'rounds', 'p50 ms', 'p95 ms', 'max ms', 'came back'],
    results.map((row) => [
      row.how === 'SIGKILL' ? 'is killed (SIGKILL)' : 'falls silent (SIGSTOP)',
      row.rounds,
      row.p50.toFixed(0),
      row.p95.toFixed(0),
      row.max.toFixed(0),
      `${row.cameBack}/${row.rounds}`,
    ]),
  );
}
