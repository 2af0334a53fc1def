/**
 * More than one core: a relay with one and with two workers between eight peers.
 *
 * ```
 *   1.1.2.1 ──┐            ┌── 1.1.3.1
 *   1.1.2.2 ──┤            ├── 1.1.3.2      four sources and four sinks, nodes in processes of their own, on the first core
 *   1.1.2.3 ──┼── relay ───┼── 1.1.3.3      the relay on the last core ("apart") or wherever there is room ("free")
 *   1.1.2.4 ──┘            └── 1.1.3.4
 * ```
 * The peers stay; the relay is a new process for each measurement, so links get new numbers in the order in which the peers happen to dial.
 * Without GSO and GRO a packet costs the relay ten times of what it costs the peers, so that the relay is the limit of the rate; with them
 * the peers are, and the CPU a packet is what counts.
 *
 * The spread over the workers is measured at a rate that leaves them idle time: two that are both overloaded get equal time of the core,
 * whatever each has to do.
 *
 * What two cores can show: two workers need two cores that nobody else wants, and here the peers want one. So "apart" shows what the second
 * worker costs where it has no core of its own, and "free" what is won from a core that the peers leave over. What more cores would
 * give is bounded by two things that are measured here: how evenly packets are spread over the workers (the fullest one is the limit),
 * and how much more CPU a packet costs with two. The last column puts them together.
 */
import { BenchNode } from './lib/bench-node.js';
import { threadNanoseconds } from './lib/cpu-time.js';
import { freePort, type Place, sleep } from './lib/processes.js';
import { type BenchOptions, finish, formatCount, formatRatio, printTable, progress } from './lib/report.js';
import { estimate, median, pairedRatios } from './lib/statistics.js';

const RELAY = '1.1.1.2';
const PAIRS = 4;
const SINK_PORT = 6000;
/** Packets a second of each source, while the spread over the workers is measured. */
const MODERATE_RATE = 4_000;
/** 1200 bytes on the wire. */
const PAYLOAD_BYTES = 1152;

interface Variant {
  readonly name: string;
  readonly workers: number;
  readonly place: Place;
  readonly gso: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

const HASH = { PORTOLAN_NO_STEERING: '1' };
/** The first of those with or without GSO is what the others are compared with. */
const VARIANTS: readonly Variant[] = [
  { name: '1 worker, apart', workers: 1, place: 'relay', gso: false },
  { name: '2 workers, apart', workers: 2, place: 'relay', gso: false },
  { name: "2 workers, apart, kernel's hash", workers: 2, place: 'relay', gso: false, env: HASH },
  { name: '1 worker, free', workers: 1, place: 'anywhere', gso: false },
  { name: '2 workers, free', workers: 2, place: 'anywhere', gso: false },
  { name: '1 worker, apart, GSO', workers: 1, place: 'relay', gso: true },
  { name: '2 workers, apart, GSO', workers: 2, place: 'relay', gso: true },
];

/** What one stretch of load has shown of the relay. */
interface Sample {
  readonly packetsPerSecond: number;
  readonly microsPerPacket: number;
  /** CPU of each worker as a part of all workers' at a moderate rate, the largest first. */
  readonly shares: readonly number[];
  /** CPU seconds a second. */
  readonly cores: number;
}

/** One row of the result; ratios are those of the rounds to one worker apart, with GSO or without. */
export interface CoresResult {
  readonly name: string;
  readonly workers: number;
  readonly packetsPerSecond: number;
  readonly throughputRatio: readonly [median: number, low: number, high: number];
  readonly cpuMicrosPerPacket: number;
  readonly cpuRatio: readonly [median: number, low: number, high: number];
  readonly coresUsed: number;
  /** Median of the rounds. */
  readonly shares: readonly number[];
  readonly largestShareWorst: number;
  /** Throughput, as a multiple of one worker's, if each worker had a core of its own: 1 / (largest share x CPU ratio), median of the rounds. */
  readonly boundByWorkers: number;
}

export async function benchCores(options: BenchOptions): Promise<number> {
  const variants = options.smoke ? VARIANTS.slice(0, 2) : VARIANTS;
  const samples = new Map<string, Sample[]>(variants.map(({ name }) => [name, []]));
  const port = await freePort();
  const peers = await startPeers(port);
  try {
    for (let round = 0; round < options.rounds; round++)
      for (const variant of [
        ...variants.slice(round % variants.length),
        ...variants.slice(0, round % variants.length),
      ]) {
        progress(`cores, round ${round + 1}/${options.rounds}: ${variant.name}`);
        samples.get(variant.name)?.push(await measure(variant, port, peers, options.smoke ? 0.5 : 2));
      }
  } finally {
    await Promise.all([...peers.sources, ...peers.sinks].map((node) => node.stop()));
  }
  const results = variants.map((variant) => resultOf(variant, samples));
  finish(options, 'cores', results, () => print(results), [
    {
      title: 'A relay with one and with two workers',
      kind: 'bars',
      y: 'packets/s',
      x: results.map(({ name }) => name),
      series: [{ name: 'forwarded', values: results.map(({ packetsPerSecond }) => packetsPerSecond) }],
    },
  ]);
  return 0;
}

interface Peers {
  readonly sources: readonly BenchNode[];
  readonly sinks: readonly BenchNode[];
}

/** Eight nodes that dial a relay which is not there yet. */
async function startPeers(relayPort: number): Promise<Peers> {
  const peers = [{ id: RELAY, port: relayPort }];
  const group = (byte: number) =>
    Promise.all(
      Array.from({ length: PAIRS }, (_, i) =>
        BenchNode.start({ id: `1.1.${byte}.${i + 1}`, place: 'ends', peers, args: ['--workers', '1'] }),
      ),
    );
  return { sources: await group(2), sinks: await group(3) };
}

async function measure(variant: Variant, port: number, peers: Peers, seconds: number): Promise<Sample> {
  const { sources, sinks } = peers;
  const { workers, place, gso, env = {} } = variant;
  const args = ['--workers', String(workers), ...(gso ? [] : ['--no-gso', '--no-gro'])];
  const relay = await BenchNode.start({ id: RELAY, place, port, env, args });
  try {
    await Promise.all(sources.map((source, i) => source.routeTo((sinks[i] as BenchNode).id)));
    await Promise.all(sinks.map((sink) => sink.startSink(SINK_PORT)));
    await underLoad(relay, peers, 0, 0.4); // warm: JIT, buffers
    const moderate = await underLoad(relay, peers, MODERATE_RATE, seconds / 2);
    const full = await underLoad(relay, peers, 0, seconds);
    const took = (full.after.at - full.before.at) / 1000;
    const packets = full.after.forwarded - full.before.forwarded;
    const spent = sum(spentBy(full).values());
    return {
      packetsPerSecond: packets / took,
      microsPerPacket: spent / 1000 / packets,
      shares: sharesOf(moderate, relay.pid, workers),
      cores: spent / 1e9 / took,
    };
  } finally {
    await relay.stop();
  }
}

/** Two looks at the relay, with so many packets a second of each source in between (0: as fast as they go). */
interface Stretch {
  readonly before: Look;
  readonly after: Look;
}

async function underLoad(relay: BenchNode, { sources, sinks }: Peers, rate: number, seconds: number): Promise<Stretch> {
  await Promise.all(
    sources.map((source, i) =>
      source.startSource({ destination: (sinks[i] as BenchNode).id, port: SINK_PORT, size: PAYLOAD_BYTES, rate }),
    ),
  );
  const before = await lookAt(relay);
  await sleep(seconds * 1000);
  const after = await lookAt(relay);
  await Promise.all(sources.map((source) => source.stopSource()));
  return { before, after };
}

interface Look {
  readonly at: number;
  readonly forwarded: number;
  readonly threads: ReadonlyMap<number, number>;
}

async function lookAt(relay: BenchNode): Promise<Look> {
  const { counters } = await relay.status();
  return { at: performance.now(), forwarded: counters.forwarded, threads: threadNanoseconds(relay.pid) };
}

/** Nanoseconds of CPU that each thread has spent in between. */
function spentBy({ before, after }: Stretch): Map<number, number> {
  return new Map([...after.threads].map(([thread, total]) => [thread, total - (before.threads.get(thread) ?? 0)]));
}

/** Of all threads but the main one the workers are those that have worked most. */
function sharesOf(stretch: Stretch, pid: number, workers: number): number[] {
  const busiest = [...spentBy(stretch)]
    .filter(([thread]) => thread !== pid)
    .map(([, spent]) => spent)
    .sort((a, b) => b - a)
    .slice(0, workers);
  return busiest.map((spent) => spent / sum(busiest));
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function resultOf({ name, workers, gso }: Variant, samples: ReadonlyMap<string, readonly Sample[]>): CoresResult {
  const own = samples.get(name) ?? [];
  const base = samples.get(VARIANTS.find((variant) => variant.gso === gso)?.name ?? '') ?? [];
  const ratios = (of: (sample: Sample) => number) => pairedRatios(own.map(of), base.map(of));
  const cpuRatios = ratios(({ microsPerPacket }) => microsPerPacket);
  const largest = own.map(({ shares }) => shares[0] ?? 1);
  return {
    name,
    workers,
    packetsPerSecond: median(own.map(({ packetsPerSecond }) => packetsPerSecond)),
    throughputRatio: triple(ratios(({ packetsPerSecond }) => packetsPerSecond)),
    cpuMicrosPerPacket: median(own.map(({ microsPerPacket }) => microsPerPacket)),
    cpuRatio: triple(cpuRatios),
    coresUsed: median(own.map(({ cores }) => cores)),
    shares: Array.from({ length: workers }, (_, i) => median(own.map(({ shares }) => shares[i] ?? 0))),
    largestShareWorst: Math.max(...largest),
    boundByWorkers: median(largest.map((share, i) => 1 / (share * (cpuRatios[i] as number)))),
  };
}

function triple(values: readonly number[]): readonly [median: number, low: number, high: number] {
  const { median: middle, low, high } = estimate(values);
  return [middle, low, high];
}

const asRatio = ([middle, low, high]: readonly [number, number, number]) => formatRatio({ median: middle, low, high });
const percent = (part: number) => `${(100 * part).toFixed(0)} %`;

function print(results: readonly CoresResult[]): void {
  printTable(
    'A relay between 4 sources and 4 sinks at full load, 1200 B (ratios to one worker apart: median of the rounds, 95 % interval)',
    [
      'relay',
      'packets/s',
      'ratio',
      'CPU µs a packet',
      'ratio',
      'cores used',
      'CPU by worker',
      'worst',
      'bound on more cores',
    ],
    results.map((row) => [
      row.name,
      formatCount(row.packetsPerSecond),
      asRatio(row.throughputRatio),
      row.cpuMicrosPerPacket.toFixed(3),
      asRatio(row.cpuRatio),
      row.coresUsed.toFixed(2),
      row.shares.map(percent).join(' / '),
      percent(row.largestShareWorst),
      row.boundByWorkers.toFixed(2),
    ]),
  );
}
