/**
 * What a packet costs a relay: CPU time of its process, beside a plain C relay and a dgram relay under the very same load, round by
 * round in turn; the light load of 8 000 packets/s; and the highest rate with at most 0.1 % loss.
 */
import { Chain, type Flow, type RelayKind } from './lib/chain.js';
import { type BenchOptions, finish, formatCount, formatRatio, printTable, progress } from './lib/report.js';
import { type Estimate, estimate, median, pairedRatios } from './lib/statistics.js';

/** One row of the result. */
export interface ForwardResult {
  readonly name: string;
  /** Bytes on the wire. */
  readonly size: number;
  readonly gso: boolean;
  /** Packets a second offered; null: as fast as the source goes. */
  readonly rate: number | null;
  readonly packetsPerSecond: number;
  readonly cpuMicrosPerPacket: number;
  /** Median of the rounds' ratios of CPU a packet to the C relay's. */
  readonly ratioToC: number;
  readonly ratioToCInterval: readonly [number, number];
  /** The same to the dgram relay, where it ran. */
  readonly ratioToDgram: number | null;
  readonly lossPercent: number;
  /** Highest rate with at most 0.1 % loss; null where it was not searched. */
  readonly highestRate: number | null;
}

interface Case {
  readonly size: number;
  readonly gso: boolean;
  readonly rate: number;
  readonly relays: readonly RelayKind[];
  readonly search: boolean;
}

const LIGHT_LOAD = 8_000;
const MAX_LOSS = 0.001;
/** What a relay costs once its code is compiled is measured: V8 takes a second or two of traffic for that. */
const WARM_UP_SECONDS = 2;

function cases(smoke: boolean): Case[] {
  if (smoke) return [{ size: 1200, gso: true, rate: 0, relays: ['c', 'portolan'], search: false }];
  const all: Case[] = [];
  for (const gso of [true, false])
    for (const size of [64, 512, 1200]) {
      const relays: RelayKind[] = size === 512 ? ['c', 'portolan'] : ['c', 'portolan', 'portolan, no tags'];
      // dgram knows no offload: it and the portable path are measured where datagrams come one a message.
      if (!gso && size === 1200) relays.push('dgram', 'portable');
      all.push({ size, gso, rate: 0, relays, search: size === 1200 });
    }
  all.push({ size: 1200, gso: true, rate: LIGHT_LOAD, relays: ['c', 'portolan', 'dgram'], search: false });
  return all;
}

export async function benchForward(options: BenchOptions): Promise<number> {
  const results: ForwardResult[] = [];
  for (const wanted of cases(options.smoke)) results.push(...(await measureCase(wanted, options)));
  finish(options, 'forward', results, () => print(results), [
    {
      title: 'CPU a packet of the relay',
      kind: 'bars',
      y: 'µs',
      x: [...new Set(results.map(label))],
      series: [...new Set(results.map(({ name }) => name))].map((name) => ({
        name,
        values: [...new Set(results.map(label))].map(
          (x) => results.find((row) => row.name === name && label(row) === x)?.cpuMicrosPerPacket ?? 0,
        ),
      })),
    },
  ]);
  return 0;
}

const label = ({ size, gso, rate }: ForwardResult) =>
  `${size} B${gso ? ' GSO' : ''}${rate ? ` ${rate / 1000} k/s` : ''}`;

async function measureCase(wanted: Case, options: BenchOptions): Promise<ForwardResult[]> {
  const { size, gso, relays } = wanted;
  const seconds = options.smoke ? 0.7 : 2;
  const flows = new Map<RelayKind, Flow[]>(relays.map((relay) => [relay, []]));
  const highest = new Map<RelayKind, number>();
  const chains = new Map<RelayKind, Chain>();
  try {
    for (const relay of relays) chains.set(relay, await Chain.start({ relay, gso }));
    for (const chain of chains.values()) await chain.flow(size, wanted.rate, options.smoke ? 0.5 : WARM_UP_SECONDS);
    for (let round = 0; round < options.rounds; round++) {
      for (const relay of rotated(relays, round)) {
        progress(`forward ${size} B ${gso ? 'with' : 'without'} GSO, round ${round + 1}/${options.rounds}: ${relay}`);
        flows.get(relay)?.push(await (chains.get(relay) as Chain).flow(size, wanted.rate, seconds));
      }
    }
    if (wanted.search)
      for (const [relay, chain] of chains) {
        progress(`forward ${size} B ${gso ? 'with' : 'without'} GSO, highest rate: ${relay}`);
        highest.set(
          relay,
          await highestRate(chain, size, Math.max(...(flows.get(relay) ?? []).map((f) => f.packetsPerSecond))),
        );
      }
  } finally {
    await Promise.all([...chains.values()].map((chain) => chain.stop()));
  }
  const cost = (relay: RelayKind) => (flows.get(relay) ?? []).map((flow) => flow.relayMicrosPerPacket);
  return relays.map((relay) => {
    const measured = flows.get(relay) ?? [];
    const toC: Estimate = estimate(pairedRatios(cost(relay), cost('c')));
    const toDgram = relays.includes('dgram') ? median(pairedRatios(cost(relay), cost('dgram'))) : null;
    return {
      name: relay,
      size,
      gso,
      rate: wanted.rate || null,
      packetsPerSecond: median(measured.map((flow) => flow.packetsPerSecond)),
      cpuMicrosPerPacket: median(cost(relay)),
      ratioToC: toC.median,
      ratioToCInterval: [toC.low, toC.high],
      ratioToDgram: toDgram,
      lossPercent: 100 * median(measured.map((flow) => flow.lossRatio)),
      highestRate: highest.get(relay) ?? null,
    };
  });
}

/** The list, started one further each round, so that none is always first. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/** Bisects for the highest offered rate of which at most 0.1 % is lost; `ceiling`: what came through at full blast. */
async function highestRate(chain: Chain, size: number, ceiling: number): Promise<number> {
  let good = 0;
  let bad = ceiling * 1.3;
  for (let step = 0; step < 7; step++) {
    const rate = (good + bad) / 2;
    const flow = await chain.flow(size, Math.round(rate), 1);
    const offered = flow.sent / flow.seconds;
    // A source that cannot offer the rate has shown only what it could send.
    if (flow.lossRatio <= MAX_LOSS && offered >= rate * 0.95) good = offered;
    else bad = Math.min(rate, bad);
  }
  return good;
}

function print(results: readonly ForwardResult[]): void {
  printTable(
    'CPU a packet of the relay, as a ratio to a plain C relay under the same load (median of the rounds, 95 % interval)',
    ['relay', 'size', 'GSO', 'load', 'ratio to C', 'CPU µs', 'packets/s', 'Gbit/s', 'loss %', 'highest ≤ 0.1 % loss'],
    results.map((row) => [
      row.name,
      `${row.size} B`,
      row.gso ? 'yes' : 'no',
      row.rate ? `${row.rate / 1000} k/s` : 'full',
      formatRatio({ median: row.ratioToC, low: row.ratioToCInterval[0], high: row.ratioToCInterval[1] }),
      row.cpuMicrosPerPacket.toFixed(3),
      formatCount(row.packetsPerSecond),
      ((row.packetsPerSecond * row.size * 8) / 1e9).toFixed(2),
      row.lossPercent.toFixed(2),
      row.highestRate === null ? '-' : formatCount(row.highestRate),
    ]),
  );
}
