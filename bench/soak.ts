/**
 * The endurance test: a network of real processes under mixed traffic, with links that go and come, workers that crash and hang, and a relay that is
 * killed. It ends in three tables: where every packet went, why packets were dropped, and whether anything grew. docs/benchmarks.md tells how to read them.
 *
 * An interval: all links are opened, traffic and faults run, traffic stops, all links are closed, everything is counted (soak/census.ts)
 * and judged (soak/laws.ts). Meanwhile, all processes are looked at every second (soak/samples.ts).
 */

import { sleep } from './lib/processes.js';
import { finish, progress } from './lib/report.js';
import { type Census, takeCensus } from './soak/census.js';
import { type FaultCounts, Faults } from './soak/faults.js';
import { judge, type Verdicts } from './soak/laws.js';
import { SoakNetwork } from './soak/network.js';
import { Program } from './soak/program.js';
import { printSoak } from './soak/report.js';
import { type Growth, Sampler } from './soak/samples.js';
import { Traffic, type TrafficTotals } from './soak/traffic.js';

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly json: boolean;
  readonly out: string;
}

export interface Interval {
  /** Whether every packet must be accounted for: nobody was killed. */
  readonly isExact: boolean;
  readonly seconds: number;
  readonly faults: FaultCounts;
  readonly traffic: TrafficTotals;
  readonly laws: Verdicts;
}

export interface SoakReport {
  readonly seed: number;
  readonly seconds: number;
  readonly intervals: readonly Interval[];
  readonly growth: readonly Growth[];
  /** What is wrong, a sentence each; empty: all is well. */
  readonly broken: readonly string[];
}

/** The first interval; each further one is twice as long, so that short and long sessions both come to be. Seconds. */
const FIRST_SECONDS = 12;
const LONGEST_SECONDS = 240;
/** What an interval with kills takes, and what opening, closing and counting take. */
const KILL_SECONDS = 4;
const OVERHEAD_SECONDS = 8;
/** Shorter runs do not tell whether memory grows. */
const SETTLE_FROM_SECONDS = 120;
/** Between the last packet that is started and the closing of links: what is under way arrives. */
const DRAIN_MS = 500;

/** The exit code: 1 when a law is broken or something grows. */
export async function soak(options: SoakOptions): Promise<number> {
  const [client, service] = [await Program.open(), await Program.open()];
  const network = await SoakNetwork.start(service.port);
  try {
    const report = await run(options, network, client, service);
    finish({ ...options, rounds: 1, smoke: false }, 'soak', report, () => printSoak(report));
    return report.broken.length === 0 ? 0 : 1;
  } finally {
    await network.stop();
    client.close();
    service.close();
  }
}

async function run(
  { seconds, seed }: SoakOptions,
  network: SoakNetwork,
  client: Program,
  service: Program,
): Promise<SoakReport> {
  const traffic = new Traffic(network, client, service, seed);
  const faults = new Faults(network, traffic, seed + 1);
  const sampler = new Sampler(network);
  if (seconds >= SETTLE_FROM_SECONDS) {
    progress('soak: every native worker crashes a few times, so that memory has reached its level');
    await faults.settleMemory();
  }
  const started = performance.now();
  const end = started + seconds * 1000;
  const left = () => (end - performance.now()) / 1000;
  const intervals: Interval[] = [];
  let census: Census | undefined;
  sampler.start();
  for (let length = FIRST_SECONDS; ; length = Math.min(2 * length, LONGEST_SECONDS)) {
    for (const isExact of [true, false]) {
      const time = isExact ? Math.min(length, Math.max(1, left() - OVERHEAD_SECONDS)) : KILL_SECONDS;
      progress(`soak: ${Math.max(0, left()).toFixed(0)} s left, ${describe(intervals, isExact, time)}`);
      const begun = performance.now();
      await network.dial();
      await traffic.start();
      const counts = isExact ? await faults.surviveFor(time) : await faults.killFor(time);
      await network.routed();
      await traffic.stop();
      await sleep(DRAIN_MS);
      await network.hangUp();
      const after = await takeCensus(network);
      const totals = await traffic.totals();
      const laws = judge(census, after, totals, isExact);
      intervals.push({
        isExact,
        seconds: (performance.now() - begun) / 1000,
        faults: counts,
        traffic: totals,
        laws,
      });
      census = after;
      if (isExact && left() < KILL_SECONDS + 2 * OVERHEAD_SECONDS && intervals.length > 1) {
        await sampler.stop();
        return summary(seed, started, intervals, sampler);
      }
    }
  }
}

function summary(seed: number, started: number, intervals: readonly Interval[], sampler: Sampler): SoakReport {
  const now = performance.now();
  const growth = sampler.growth(started, now);
  const broken = intervals.flatMap(({ laws }, index) => laws.broken.map((text) => `interval ${index + 1}: ${text}`));
  for (const { isFlat, metric, node, perHour, unit } of growth)
    if (!isFlat) broken.push(`${metric} of node ${node} grows by ${perHour.toFixed(1)} ${unit} an hour`);
  return { seed, seconds: (now - started) / 1000, intervals, growth, broken };
}

function describe(intervals: readonly Interval[], isExact: boolean, seconds: number): string {
  const broken = intervals.reduce((sum, { laws }) => sum + laws.broken.length, 0);
  const what = isExact ? 'faults that lose nothing uncounted' : 'kills';
  return `interval ${intervals.length + 1}: ${seconds.toFixed(0)} s of ${what}; laws broken so far: ${broken}`;
}
