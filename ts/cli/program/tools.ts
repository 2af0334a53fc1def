/** Commands that need no node. */
import { Command, Option } from 'commander';
import type { SimOptions } from '../commands/sim.js';
import { parseInteger } from '../values/quantity.js';
import { examples, jsonOption, option } from './option.js';
import { simPlanet } from './sim-planet.js';
import { simQueries } from './sim-queries.js';
import { simRouters } from './sim-routers.js';
import { RULES, simScenes } from './sim-scenes.js';

export function toolCommands(): Command[] {
  const simulations = sim()
    .addCommand(simRouters())
    .addCommand(simPlanet())
    .addCommand(simQueries())
    .addCommand(simScenes());
  return [simulations, keygen()];
}

function sim(): Command {
  return new Command('sim')
    .enablePositionalOptions() // those behind `planet`, `routers` and `scenes` are their own
    .summary('check in simulation that routing never loops')
    .description('simulate networks under faults and check that routing never loops; exits 1 when it does')
    .addOption(
      option(
        '--runs <n>',
        'how many runs, each with a seed of its own (default: 1, shown event by event)',
        parseInteger(1, 1e7, 'a number'),
      ),
    )
    .addOption(
      option(
        '--seed <n>',
        'the first seed; without --runs: that run, a line an event',
        parseInteger(0, 2 ** 32 - 1, 'a number'),
        1,
      ),
    )
    .addOption(
      option('--nodes <n>', 'nodes in each network (default: 6 to 30, by the seed)', parseInteger(2, 1000, 'a number')),
    )
    .addOption(
      option(
        '--leaves <n>',
        'leaves in each network besides (default: 0 to 4, by the seed)',
        parseInteger(0, 1000, 'a number'),
      ),
    )
    .addOption(
      option(
        '--links-per-peer <n>',
        'sessions of each link between relays, single ones of which are cut too (default: 1)',
        parseInteger(1, 8, 'a number'),
      ),
    )
    .addOption(new Option('--without <rule>', 'switch off a safety rule of routing, to see it loop').choices(RULES))
    .addOption(
      option(
        '--neighbours <n>',
        'links that each node makes on its own: each begins with one other node, and any may dial any (default: wires by the seed)',
        parseInteger(1, 32, 'a number'),
      ),
    )
    .addOption(
      option(
        '--threads <n>',
        'how many threads to spread the runs over (default: one a processor)',
        parseInteger(1, 256, 'a number'),
      ),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan sim --runs 1000 --nodes 30', 'a thousand networks'],
        ['portolan sim --seed 17', 'one of them, event by event'],
        ['portolan sim scenes', 'see that the checker can fail'],
        ['portolan sim routers --runs 10000', 'routing alone, in very many small networks'],
        ['portolan sim planet --nodes 1000', 'routing alone, at scale'],
      ),
    )
    .action(async (options: SimOptions) => {
      const { runSim } = await import('../commands/sim.js');
      await runSim(options);
    });
}

function keygen(): Command {
  return new Command('keygen')
    .summary('print a fresh network key')
    .description('print a fresh network key, for --network-key-file or PORTOLAN_NETWORK_KEY')
    .addOption(jsonOption())
    .addHelpText('after', examples(['(umask 077; portolan keygen > network.key)', 'a file that only you can read']))
    .action(async (options: { json?: boolean }) => {
      const { runKeygen } = await import('../commands/keygen.js');
      runKeygen(options);
    });
}
