/**
 * How fast a network forgets a node that died without a word, how long the pairs whose packets went through it are cut off, and what
 * routing sends for it: simulated, so the same on every machine.
 */
import { seededRandom } from '../ts/kit/random.js';
import { randomMesh } from '../ts/sim/topology.js';
import { keepBusy, measureWithdrawal, type Withdrawal } from '../ts/sim/withdrawal.js';
import { World } from '../ts/sim/world.js';
import { type BenchOptions, finish, printTable, progress } from './lib/report.js';
import { quantile } from './lib/statistics.js';

export interface ConvergeOptions {
  /** Deaths a network. */
  readonly rounds: number;
  /** A few seconds that only show that it works. */
  readonly smoke?: boolean;
  readonly onProgress?: (text: string) => void;
}

/** Milliseconds, but for `pairs`. */
interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface ConvergeResult {
  readonly name: string;
  readonly nodes: number;
  readonly wires: number;
  readonly rounds: number;
  /** From the death until no node has a route to the dead one; detection included. */
  readonly forgottenMs: Spread;
  /** Until every table is right again. */
  readonly settledMs: Spread;
  /** Control frames of the whole network for one death, kB, median. */
  readonly kilobytes: number;
  /** Outage of pairs whose packets went through the dead node, where the node before it had a backup next hop. */
  readonly failover: Spread & { readonly pairs: number; readonly within210ms: number };
  /** The same where there was no backup: a route had to be asked for. */
  readonly withoutBackup: Spread & { readonly pairs: number };
}

interface Scenario {
  readonly name: string;
  readonly nodes: number;
  readonly degree: number;
  /** Whether the links of the node that dies carry data, and so are probed at the fast rate. */
  readonly busy: boolean;
}

const SCENARIOS: readonly Scenario[] = [
  { name: '30 nodes of degree 6', nodes: 30, degree: 6, busy: true },
  { name: '80 nodes of degree 8', nodes: 80, degree: 8, busy: true },
  { name: '30 nodes of degree 6, idle', nodes: 30, degree: 6, busy: false },
];
const SMOKE: readonly Scenario[] = [{ name: '12 nodes of degree 4', nodes: 12, degree: 4, busy: true }];

/** From the start until the network is at rest with all its backups, ms. */
const REST_MS = 12_000;
/** From the first packets on a link until both ends probe it at the fast rate, and some more, ms. */
const BUSY_MS = 3000;

export async function measureConverge({ rounds, smoke, onProgress }: ConvergeOptions): Promise<ConvergeResult[]> {
  const results: ConvergeResult[] = [];
  for (const scenario of smoke ? SMOKE : SCENARIOS) {
    const withdrawals: Withdrawal[] = [];
    let wires = 0;
    for (let round = 0; round < rounds; round++) {
      onProgress?.(`converge, ${scenario.name}, round ${round + 1}/${rounds}`);
      const { withdrawal, world } = oneDeath(scenario, round);
      withdrawals.push(withdrawal);
      wires = world.wires.length;
      await new Promise((resolve) => setImmediate(resolve)); // so that Ctrl-C is heard
    }
    results.push(summarise(scenario, wires, withdrawals));
  }
  return results;
}

/** A network of its own for each death, so that one does not colour the next. */
function oneDeath({ nodes, degree, busy }: Scenario, round: number): { withdrawal: Withdrawal; world: World } {
  const random = seededRandom(1000 + round);
  const world = new World(randomMesh(random.fork(), nodes, degree), random.fork());
  const victim = world.ids[random.below(nodes)] as number;
  world.start();
  world.queue.runUntil(REST_MS);
  if (busy) keepBusy(world, victim);
  world.queue.runUntil(REST_MS + BUSY_MS + random.unit() * 1000);
  return { withdrawal: measureWithdrawal(world, victim), world };
}

function summarise({ name, nodes }: Scenario, wires: number, withdrawals: readonly Withdrawal[]): ConvergeResult {
  const withBackup = withdrawals.flatMap(({ outages }) => outages.withBackup);
  const without = withdrawals.flatMap(({ outages }) => outages.without);
  const quick = withBackup.filter((outage) => outage <= 210).length;
  return {
    name,
    nodes,
    wires,
    rounds: withdrawals.length,
    forgottenMs: spread(withdrawals.map(({ forgotten }) => forgotten)),
    settledMs: spread(withdrawals.map(({ settled }) => settled)),
    kilobytes: quantile(
      withdrawals.map(({ controlBytes }) => controlBytes / 1000),
      0.5,
    ),
    failover: { ...spread(withBackup), pairs: withBackup.length, within210ms: quick / Math.max(1, withBackup.length) },
    withoutBackup: { ...spread(without), pairs: without.length },
  };
}

function spread(values: readonly number[]): Spread {
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95), max: quantile(values, 1) };
}

export async function benchConverge(options: BenchOptions): Promise<number> {
  const results = await measureConverge({ rounds: options.rounds, smoke: options.smoke, onProgress: progress });
  finish(options, 'converge', results, () => print(results));
  const isForgotten = results.every(({ forgottenMs, settledMs }) => Number.isFinite(forgottenMs.max + settledMs.max));
  return isForgotten ? 0 : 1;
}

const ms = ({ p50, p95, max }: Spread) => [p50, p95, max].map((value) => value.toFixed(0)).join(' / ');

function print(results: readonly ConvergeResult[]): void {
  printTable(
    'One node dies (simulated; milliseconds as p50 / p95 / max, detection included)',
    ['network', 'rounds', 'forgotten', 'tables right', 'control kB', 'failover', 'within 210 ms', 'without backup'],
    results.map((r) => [
      r.name,
      r.rounds,
      ms(r.forgottenMs),
      ms(r.settledMs),
      r.kilobytes.toFixed(0),
      `${ms(r.failover)} (${r.failover.pairs} pairs)`,
      `${(100 * r.failover.within210ms).toFixed(1)} %`,
      `${ms(r.withoutBackup)} (${r.withoutBackup.pairs} pairs)`,
    ]),
  );
}
