/**
 * What a light flow feels of another one that overloads a link twofold. Four real nodes; the link from the relay to 1.1.1.3 is emulated to be a wire of
 * 50 Mbit/s with a plain queue of 50 ms before it, as a modem is:
 *
 * ```
 *   1.1.1.1  light: echo requests ──┐
 *                                   ├── 1.1.1.2 ──[ 50 Mbit/s, FIFO of 50 ms ]── 1.1.1.3
 *   1.1.1.4  heavy: 100 Mbit/s ─────┘
 *
 *   unmanaged   the relay sends as packets come: they wait in that queue
 *   managed     the relay was told a rate a little below (--peer ...?rate=48Mbit): they wait in the relay, a queue a flow
 * ```
 */
import { BenchNode } from './lib/bench-node.js';
import { sleep } from './lib/processes.js';
import { type BenchOptions, finish, printTable, progress } from './lib/report.js';
import { median } from './lib/statistics.js';

type Variant = 'unmanaged' | 'managed';

export interface QueueResult {
  readonly name: Variant;
  readonly load: 'idle' | 'twofold';
  /** Round trips of the light flow, microseconds, medians of the rounds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Its p99 as a multiple of the idle p99 of the same round, median. */
  readonly toIdle: number;
  /** Of the light flow's requests, per cent that were not answered. */
  readonly lightLossPercent: number;
  /** Of the heavy flow, Mbit/s of payload that arrived. */
  readonly heavyMbit: number;
  /** What the relay dropped a second, by reason. */
  readonly dropsPerSecond: Readonly<Record<string, number>>;
}

const LINK = 50;
const MANAGED = 48;
const FIFO = '50ms';
const SIZE = 1152;
const HEAVY_RATE = Math.round((2 * LINK * 1e6) / (8 * 1200));
const LIGHT_SIZE = 152;
const LIGHT_RATE = 200;
const SINK_PORT = 6000;
const ECHO_PORT = 6001;
const VARIANTS: readonly Variant[] = ['unmanaged', 'managed'];
const REASONS = ['codelDropped', 'egressFull', 'emulatedFull'];

interface Sample {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly lightLossPercent: number;
  readonly heavyMbit: number;
  readonly drops: Readonly<Record<string, number>>;
}

class Bottleneck {
  readonly #light: BenchNode;
  readonly #heavy: BenchNode;
  readonly #relay: BenchNode;
  readonly #far: BenchNode;

  private constructor(light: BenchNode, heavy: BenchNode, relay: BenchNode, far: BenchNode) {
    this.#light = light;
    this.#heavy = heavy;
    this.#relay = relay;
    this.#far = far;
  }

  static async start(variant: Variant): Promise<Bottleneck> {
    const far = await BenchNode.start({ id: '1.1.1.3', place: 'ends' });
    const rate = variant === 'managed' ? `?rate=${MANAGED}Mbit` : '';
    const relay = await BenchNode.start({
      id: '1.1.1.2',
      place: 'relay',
      args: [
        '--peer',
        `1.1.1.3@udp://127.0.0.1:${far.port}${rate}`,
        '--emulate',
        `1.1.1.3 rate=${LINK}Mbit queue=${FIFO}`,
      ],
    });
    const peers = [{ id: '1.1.1.2', port: relay.port }];
    const light = await BenchNode.start({ id: '1.1.1.1', place: 'ends', peers });
    const heavy = await BenchNode.start({ id: '1.1.1.4', place: 'ends', peers });
    await Promise.all([light.routeTo(far.id), heavy.routeTo(far.id), far.routeTo(light.id)]);
    return new Bottleneck(light, heavy, relay, far);
  }

  /** Lets the light flow run for some seconds, beside the heavy one if `load` says so. */
  async measure(load: 'idle' | 'twofold', seconds: number): Promise<Sample> {
    const destination = this.#far.id;
    if (load === 'twofold') {
      await this.#heavy.startSource({ destination, port: SINK_PORT, size: SIZE, rate: HEAVY_RATE });
      await sleep(700); // until the queues are as they will stay
    }
    await this.#far.startSink(SINK_PORT);
    await this.#light.startSink(ECHO_PORT);
    const echo = { echo: true, sourcePort: ECHO_PORT, port: SINK_PORT };
    const before = await this.#dropped();
    await this.#light.startSource({ destination, size: LIGHT_SIZE, rate: LIGHT_RATE, ...echo });
    const started = performance.now();
    await sleep(seconds * 1000);
    const heavy = await this.#far.sink();
    const took = (performance.now() - started) / 1000;
    const { sent } = await this.#light.stopSource();
    const after = await this.#dropped();
    await sleep(200); // answers that are still on their way
    if (load === 'twofold') await this.#heavy.stopSource();
    const { received, delayMicros } = await this.#light.sink();
    await sleep(200); // the queues empty
    return {
      p50: delayMicros?.p50 ?? Number.NaN,
      p99: delayMicros?.p99 ?? Number.NaN,
      max: delayMicros?.max ?? Number.NaN,
      lightLossPercent: (100 * (sent - received)) / sent,
      heavyMbit: (8 * heavy.receivedBytes) / took / 1e6,
      drops: Object.fromEntries(REASONS.map((name) => [name, ((after[name] ?? 0) - (before[name] ?? 0)) / took])),
    };
  }

  async #dropped(): Promise<Readonly<Record<string, number>>> {
    return (await this.#relay.status()).counters.dropped;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#light, this.#heavy, this.#relay, this.#far].map((node) => node.stop()));
  }
}

export async function benchQueue(options: BenchOptions): Promise<number> {
  const networks = new Map<Variant, Bottleneck>();
  const samples = new Map<string, Sample[]>();
  try {
    for (const variant of VARIANTS) networks.set(variant, await Bottleneck.start(variant));
    for (let round = 0; round < options.rounds; round++)
      for (const variant of round % 2 ? VARIANTS.toReversed() : VARIANTS)
        for (const load of ['idle', 'twofold'] as const) {
          progress(`queue, round ${round + 1}/${options.rounds}: ${variant}, ${load}`);
          const sample = await (networks.get(variant) as Bottleneck).measure(load, options.smoke ? 1.5 : 5);
          samples.set(`${variant} ${load}`, [...(samples.get(`${variant} ${load}`) ?? []), sample]);
        }
  } finally {
    await Promise.all([...networks.values()].map((network) => network.stop()));
  }
  const results = VARIANTS.flatMap((name) =>
    (['idle', 'twofold'] as const).map((load) =>
      summarise(name, load, samples.get(`${name} ${load}`) ?? [], samples.get(`${name} idle`) ?? []),
    ),
  );
  finish(options, 'queue', results, () => print(results), [
    {
      title: `A light flow's round trip over ${LINK} Mbit/s`,
      kind: 'bars',
      y: 'µs',
      x: ['p50', 'p99', 'max'],
      series: results.map((row) => ({ name: `${row.name}, ${row.load}`, values: [row.p50, row.p99, row.max] })),
    },
  ]);
  return results.every(({ p99 }) => Number.isFinite(p99)) ? 0 : 1;
}

function summarise(
  name: Variant,
  load: 'idle' | 'twofold',
  samples: readonly Sample[],
  idle: readonly Sample[],
): QueueResult {
  const of = (value: (sample: Sample) => number) => median(samples.map(value));
  return {
    name,
    load,
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    max: of(({ max }) => max),
    toIdle: median(samples.map(({ p99 }, round) => p99 / (idle[round]?.p99 ?? Number.NaN))),
    lightLossPercent: of((sample) => sample.lightLossPercent),
    heavyMbit: of((sample) => sample.heavyMbit),
    dropsPerSecond: Object.fromEntries(REASONS.map((reason) => [reason, of(({ drops }) => drops[reason] ?? 0)])),
  };
}

function print(results: readonly QueueResult[]): void {
  const drops = (row: QueueResult) =>
    Object.entries(row.dropsPerSecond)
      .filter(([, perSecond]) => perSecond >= 0.5)
      .map(([reason, perSecond]) => `${reason} ${perSecond.toFixed(0)}`)
      .join(', ');
  printTable(
    `A light flow (${LIGHT_RATE} round trips a second) beside one that overloads a link of ${LINK} Mbit/s twofold (medians of the rounds)`,
    ['queue', 'load', 'p50 ms', 'p99 ms', 'max ms', 'p99 to idle', 'lost %', 'heavy Mbit/s', 'drops a second'],
    results.map((row) => [
      row.name,
      row.load,
      (row.p50 / 1000).toFixed(2),
      (row.p99 / 1000).toFixed(2),
      (row.max / 1000).toFixed(2),
      row.toIdle.toFixed(2),
      row.lightLossPercent.toFixed(1),
      row.heavyMbit.toFixed(1),
      drops(row),
    ]),
  );
}
