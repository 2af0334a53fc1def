/** The bench suite's front door: `npm run bench -- NAME` and `portolan bench NAME`. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { CommandError } from '../ts/cli/errors.js';
import type { BenchOptions } from './lib/report.js';

type Bench = (options: BenchOptions) => Promise<number>;

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly rounds: number;
  readonly load: () => Promise<Bench>;
}

const BENCHES: readonly Entry[] = [
  {
    name: 'micro',
    summary: 'header, tag, look-up, route update, ring: nanoseconds a call (benchmark.js)',
    rounds: 1,
    load: async () => (await import('./micro.js')).benchMicro,
  },
  {
    name: 'ring',
    summary: 'messages between two threads: the queue over shared memory beside MessagePort',
    rounds: 10,
    load: async () => (await import('./ring.js')).benchRing,
  },
  {
    name: 'forward',
    summary: 'CPU a packet of a relay beside a plain C relay; highest rate with ≤ 0.1 % loss',
    rounds: 10,
    load: async () => (await import('./forward.js')).benchForward,
  },
  {
    name: 'latency',
    summary: 'round trip through one relay, idle and at half load, beside a plain C relay',
    rounds: 10,
    load: async () => (await import('./latency.js')).benchLatency,
  },
  {
    name: 'queue',
    summary: 'a light flow beside one that overloads a link of 50 Mbit/s twofold: a plain queue, and a managed one',
    rounds: 5,
    load: async () => (await import('./queue.js')).benchQueue,
  },
  {
    name: 'cores',
    summary:
      'a relay with one and with two workers between eight peers: throughput, CPU a packet, spread over the workers',
    rounds: 10,
    load: async () => (await import('./cores.js')).benchCores,
  },
  {
    name: 'failover',
    summary: 'outage when the relay in use is killed or stopped, with real processes',
    rounds: 20,
    load: async () => (await import('./failover.js')).benchFailover,
  },
  {
    name: 'start',
    summary: 'from the start of three nodes to the first packet across the relay',
    rounds: 10,
    load: async () => (await import('./start.js')).benchStart,
  },
  {
    name: 'converge',
    summary: 'how fast a network forgets a node that dies, and fails over, simulated',
    rounds: 20,
    load: async () => (await import('./converge.js')).benchConverge,
  },
  {
    name: 'router',
    summary: 'one router with 32 neighbours and full tables of four classes: memory, and CPU under churn',
    rounds: 1,
    load: async () => (await import('./router.js')).benchRouter,
  },
  {
    name: 'leaves',
    summary: 'two thousand leaves at one relay: how fast they join, what they cost idle, whether packets reach them',
    rounds: 1,
    load: async () => (await import('./leaves.js')).benchLeaves,
  },
];

/** With starting, counting and stopping it stays below a minute. */
const SOAK_SMOKE_SECONDS = 30;

/** Runs `bench ARGS...`; the exit code: 0 well, 1 a bench failed, 2 wrong use. */
export async function benchCommand(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('portolan bench')
    .description('Measures Portolan beside its baselines, all in one command, rounds interleaved.')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ portolan bench forward                              the relay beside plain C, in minutes
  $ portolan bench forward --smoke                      the same in seconds: does it run?
  $ portolan bench load --to 1.1.1.3:6000 --rate 8000   load a running network, from the local node`,
    )
    .showHelpAfterError('(portolan bench --help lists the benches)');
  for (const entry of BENCHES)
    program
      .command(entry.name)
      .summary(entry.summary)
      .description(entry.summary)
      .option('--rounds <n>', 'rounds, each with every variant in turn', positive, entry.rounds)
      .option('--smoke', 'a run of a few seconds that only shows that the bench works')
      .option('--json', 'print the results as JSON')
      .option('--out <dir>', 'where the results (JSON) and plots (SVG) go', '.bench')
      .action(async (flags: { rounds: number; smoke?: true; json?: true; out: string }) => {
        const bench = await entry.load();
        code = await bench({
          rounds: flags.smoke ? 1 : flags.rounds,
          smoke: flags.smoke ?? false,
          json: flags.json ?? false,
          out: flags.out,
        });
      });
  program
    .command('soak')
    .summary('endurance: does anything grow, and is every packet accounted for, under faults?')
    .description(
      'Soaks a network of ten real nodes: mixed traffic, links and leaves that go and come, workers that crash and hang, a relay that is killed. Exit code 1\nwhen a packet is not accounted for or something grows.',
    )
    .option('--seconds <n>', 'for how long', positive, 1200)
    .option('--smoke', 'a run of less than a minute')
    .option('--seed <n>', 'which faults come when', positive, 1)
    .option('--json', 'print the results as JSON')
    .option('--out <dir>', 'where the results (JSON) go', '.bench')
    .action(async (flags: { seconds: number; smoke?: true; seed: number; json?: true; out: string }) => {
      const { soak } = await import('./soak.js');
      const seconds = flags.smoke ? SOAK_SMOKE_SECONDS : flags.seconds;
      code = await soak({ seconds, seed: flags.seed, json: flags.json ?? false, out: flags.out });
    });
  program
    .command('routing')
    .summary(
      'deaths, churn and noise in networks of up to 2000 nodes, four classes: what routing makes of them, simulated',
    )
    .description(
      'Simulates the routers of networks of 30 to 2000 nodes, all four traffic classes: how soon the dead are forgotten, how long pairs are cut off,\nhow much routing sends, which share of routes has a backup. Exit code 1 when routes loop or the dead are not forgotten. The largest network takes minutes.',
    )
    .option('--rounds <n>', 'deaths of single nodes a network', positive, 20)
    .option('--networks <n>', 'only the first so many of the four networks', positive)
    .option('--rtt <file>', 'a network more, of measured round-trip times; may be given several times', collect, [])
    .option('--seed <n>', 'the seed of every network', positive, 1)
    .option('--smoke', 'a run of a few seconds that only shows that the bench works')
    .option('--json', 'print the results as JSON')
    .option('--out <dir>', 'where the results (JSON) go', '.bench')
    .action(
      async (flags: {
        rounds: number;
        networks?: number;
        rtt: readonly string[];
        seed: number;
        smoke?: true;
        json?: true;
        out: string;
      }) => {
        const { benchRouting } = await import('./routing.js');
        code = await benchRouting({
          rounds: flags.smoke ? 2 : flags.rounds,
          networks: flags.networks,
          rtt: flags.rtt,
          seed: flags.seed,
          smoke: flags.smoke ?? false,
          json: flags.json ?? false,
          out: flags.out,
        });
      },
    );
  const { addLoadCommands } = await import('./load.js');
  addLoadCommands(program, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CommandError) {
      console.error(`portolan: ${error.message}`);
      return error.exitCode;
    }
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  return code;
}

function collect(file: string, before: readonly string[]): string[] {
  return [...before, file];
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number of at least 1.');
  return value;
}
