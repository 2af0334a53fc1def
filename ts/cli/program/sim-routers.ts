/** `portolan sim routers`: its options. */
import { Command } from 'commander';
import type { SimRoutersOptions } from '../commands/sim-routers.js';
import { parseInteger } from '../values/quantity.js';
import { examples, jsonOption, option } from './option.js';

export function simRouters(): Command {
  return new Command('routers')
    .summary('simulate routing alone, in very many small networks under faults')
    .description(
      'simulate the routers of small networks under faults, all four traffic classes, and check at every change that they never loop; exits 1 when they do, or stay wrong',
    )
    .addOption(
      option(
        '--runs <n>',
        'how many runs, each with a seed of its own (default: 1, shown fault by fault)',
        parseInteger(1, 1e9, 'a number'),
      ),
    )
    .addOption(
      option(
        '--seed <n>',
        'the first seed; without --runs: that run, a line a fault',
        parseInteger(0, 2 ** 32 - 1, 'a number'),
        1,
      ),
    )
    .addOption(
      option(
        '--nodes <n>',
        'nodes in each network (default: 6 to 30, by the seed, mostly few)',
        parseInteger(4, 100, 'a number'),
      ),
    )
    .addOption(
      option(
        '--threads <n>',
        'how many threads to spread the runs over (default: one a processor)',
        parseInteger(1, 256, 'a number'),
      ),
    )
    .addOption(
      option(
        '--journal <file>',
        'append a line a block of runs; what is in the file already is not run again, so that a broken-off command goes on',
        (text) => ({ value: text }),
      ),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan sim routers --runs 10000', 'ten thousand networks'],
        ['portolan sim routers --seed 17', 'one of them, fault by fault'],
        ['portolan sim routers --runs 100000 --journal runs.jsonl', 'may be broken off and begun again'],
      ),
    )
    .action(async (options: SimRoutersOptions) => {
      const { runSimRouters } = await import('../commands/sim-routers.js');
      await runSimRouters(options);
    });
}
