/** `portolan sim planet`: its options. */
import { Command, Option } from 'commander';
import type { PlanetEventName, PlanetShape } from '../../sim/index.js';
import type { SimPlanetOptions } from '../commands/sim-planet.js';
import { parseInteger } from '../values/quantity.js';
import { examples, jsonOption, listOption, option } from './option.js';

// Written out, so that the command line starts without loading the simulator.
const SHAPES: readonly PlanetShape[] = ['planet', 'ring', 'grid', 'geometric'];
const EVENTS: readonly PlanetEventName[] = ['outage', 'cable', 'flap', 'noise', 'loss', 'congestion', 'prices'];

export function simPlanet(): Command {
  return new Command('planet')
    .summary('simulate routing alone, with thousands of nodes')
    .description(
      'simulate the routing of thousands of nodes: starts, churn and faults, and how good the routes are; exits 1 when they loop or stay wrong',
    )
    .addOption(option('--nodes <n>', 'how many nodes', parseInteger(4, 20_000, 'a number'), 1000))
    .addOption(new Option('--topology <shape>', 'where nodes are and who is linked').choices(SHAPES).default('planet'))
    .addOption(
      listOption(
        '--rtt <file>',
        'round-trip times in ms instead, a matrix as tab-separated values; several files: one after the other',
        (text) => ({ value: text }),
      ),
    )
    .addOption(
      option(
        '--links <n>',
        'how many others a node dials at most (default: 32, above 1000 nodes 16, above 3000 8)',
        parseInteger(4, 64, 'a number'),
      ),
    )
    .addOption(
      option(
        '--churn <percent>',
        'nodes that crash and return a minute, per cent',
        parseInteger(0, 100, 'a number'),
        1,
      ),
    )
    .addOption(
      option(
        '--rest <n>',
        'virtual seconds between start and measurement: zones are measured after 10 (default: 12, above 1000 nodes 0)',
        parseInteger(0, 3600, 'a number'),
      ),
    )
    .addOption(
      option(
        '--seconds <n>',
        'how long churn and events last, of virtual time (default: 20, above 1000 nodes 5)',
        parseInteger(0, 3600, 'a number'),
      ),
    )
    .addOption(
      option(
        '--classes <n>',
        'how many of the traffic classes are routed (default: 4, above 3000 nodes 1)',
        parseInteger(1, 4, 'a number'),
      ),
    )
    .addOption(new Option('--event <name...>', 'what else happens in that time, in this order').choices(EVENTS))
    .addOption(new Option('--optimise', 'measure what the path optimiser adds to the tables, too'))
    .addOption(option('--seed <n>', 'the seed, or the first one', parseInteger(0, 2 ** 32 - 1, 'a number'), 1))
    .addOption(
      option(
        '--runs <n>',
        'several planets, with seeds that follow each other, side by side on all processors: a line each',
        parseInteger(1, 100_000, 'a number'),
      ),
    )
    .addOption(
      option(
        '--threads <n>',
        'how many threads share the planet, or with --runs how many planets run side by side (default: one a processor; one for a planet up to 1000 nodes)',
        parseInteger(1, 256, 'a number'),
      ),
    )
    .addOption(option('--svg <folder>', 'write plots into this folder', (text) => ({ value: text })))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan sim planet --nodes 10000', 'ten thousand nodes in four layers'],
        ['portolan sim planet --nodes 500 --event outage cable', 'a region dies, then a cable is cut'],
        ['portolan sim planet --nodes 200 --runs 20', 'twenty planets'],
        ['portolan sim planet --rtt monday.tsv --rtt tuesday.tsv', 'measured times, and how they change'],
      ),
    )
    .action(async (options: SimPlanetOptions) => {
      const { runSimPlanet } = await import('../commands/sim-planet.js');
      await runSimPlanet(options);
    });
}
