/**
 * Messages of 64 bytes between two worker threads a second: the queue of `portolan/sharedarraybuffer-queue` beside MessagePort. Rounds are
 * interleaved, and each variant is compared with the MessagePort of its own round.
 */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { loadAddon } from '../ts/edge/native/addon.js';
import { createQueue } from '../ts/memory/sharedarraybuffer-queue/index.js';
import { type BenchOptions, finish, formatCount, printTable, progress } from './lib/report.js';
import { median, pairedRatios, quantile } from './lib/statistics.js';
import { MESSAGE_BYTES, type RingJob, type RingVariant } from './ring-job.js';

export interface RingResult {
  readonly name: string;
  readonly messageBytes: number;
  /** Records a publish; 1: each by itself. */
  readonly batch: number;
  readonly rounds: number;
  /** Median over the rounds. */
  readonly messagesPerSecond: number;
  /** Median ratio to the MessagePort of the same round; 1 for MessagePort itself. */
  readonly ratioToMessagePort: number;
  /** Quartiles of that ratio. */
  readonly ratioLow: number;
  readonly ratioHigh: number;
}

export interface RingOptions {
  readonly rounds: number;
  /** How long one variant sends in one round. */
  readonly seconds: number;
}

interface Variant {
  readonly name: string;
  readonly kind: RingVariant;
  readonly producers: 'one' | 'many';
  readonly writers: number;
  readonly batch: number;
}

const RING_BYTES = 1 << 18;
const VARIANTS: readonly Variant[] = [
  { name: 'MessagePort', kind: 'port', producers: 'one', writers: 1, batch: 1 },
  { name: 'one producer, published singly', kind: 'queue', producers: 'one', writers: 1, batch: 1 },
  { name: 'one producer, batches', kind: 'queue', producers: 'one', writers: 1, batch: 64 },
  { name: 'many producers, two of them, batches', kind: 'queue', producers: 'many', writers: 2, batch: 64 },
  { name: 'C++ producer, batches', kind: 'native', producers: 'one', writers: 1, batch: 64 },
];

export async function benchRing(options: BenchOptions): Promise<number> {
  progress('ring: every variant in turn, round by round');
  const results = await measureRing({ rounds: options.rounds, seconds: options.smoke ? 0.2 : 1 });
  finish(options, 'ring', results, () =>
    printTable(
      `Messages of ${MESSAGE_BYTES} B between two threads, as a ratio to MessagePort (median of the rounds, quartiles)`,
      ['', 'ratio to MessagePort', 'messages/s'],
      results.map(({ name, ratioToMessagePort, ratioLow, ratioHigh, messagesPerSecond }) => [
        name,
        `${ratioToMessagePort.toFixed(1)} (${ratioLow.toFixed(1)} .. ${ratioHigh.toFixed(1)})`,
        formatCount(messagesPerSecond),
      ]),
    ),
  );
  return 0;
}

/** Measures all variants (the native one where the addon is there). */
export async function measureRing({ rounds, seconds }: RingOptions): Promise<RingResult[]> {
  const variants = VARIANTS.filter(({ kind }) => kind !== 'native' || loadAddon().addon !== undefined);
  const rates = variants.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [index, variant] of variants.entries()) rates[index]?.push(await run(variant, seconds));
  return variants.map(({ name, batch }, index) => {
    const own = rates[index] ?? [];
    const ratios = pairedRatios(own, rates[0] ?? []);
    return {
      name,
      messageBytes: MESSAGE_BYTES,
      batch,
      rounds,
      messagesPerSecond: Math.round(median(own)),
      ratioToMessagePort: median(ratios),
      ratioLow: quantile(ratios, 0.25),
      ratioHigh: quantile(ratios, 0.75),
    };
  });
}

/** One round of one variant: messages a second, from the reader's first to its last. */
async function run({ kind, producers, writers, batch }: Variant, seconds: number): Promise<number> {
  const queue = createQueue({ bytes: RING_BYTES, producers });
  const channel = kind === 'port' ? new MessageChannel() : undefined;
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const threads: Worker[] = [];
  const start = (job: RingJob, port?: MessagePort) => {
    const worker = new Worker(new URL('./ring-worker.js', import.meta.url), {
      workerData: port ? { ...job, port } : job,
      transferList: port ? [port] : [],
    });
    threads.push(worker);
    return once(worker, 'message') as Promise<[number]>;
  };
  const reading = start({ kind, role: 'read', queue, writers, batch, seconds, stop }, channel?.port1);
  const writing = Array.from({ length: writers }, () =>
    start({ kind, role: 'write', queue, writers, batch, seconds, stop }, channel?.port2),
  );
  const exits = threads.map((worker) => once(worker, 'exit'));
  const [rate] = await reading;
  await Promise.all(writing);
  await Promise.all(exits);
  return rate;
}
