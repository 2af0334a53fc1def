/** `portolan sim queries`: its options. */
import { Command } from 'commander';
import type { SimQueriesOptions } from '../commands/sim-queries.js';
import { parseInteger } from '../values/quantity.js';
import { bad, good, type Parser } from '../values/value.js';
import { examples, jsonOption, option } from './option.js';

export function simQueries(): Command {
  return new Command('queries')
    .summary('simulate route queries, beside an exhaustive search')
    .description(
      'ask for paths within random limits in a planet whose routing has settled, and compare with an exhaustive search over all links; exits 1 when an answer is not true',
    )
    .addOption(option('--nodes <n>', 'how many nodes', parseInteger(4, 20_000, 'a number'), 200))
    .addOption(option('--links <n>', 'how many others a node dials at most', parseInteger(4, 64, 'a number'), 32))
    .addOption(
      option('--flat <links>', 'one group of at most 254 nodes without zones, with so many links a node', parseDegree),
    )
    .addOption(
      option('--rtt <file>', 'round-trip times in ms, a matrix as tab-separated values', (text) => ({ value: text })),
    )
    .addOption(option('--queries <n>', 'how many queries', parseInteger(1, 1_000_000, 'a number'), 400))
    .addOption(option('--seed <n>', 'the seed', parseInteger(0, 2 ** 32 - 1, 'a number'), 1))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan sim queries --flat 6.5', 'two hundred nodes without zones'],
        ['portolan sim queries --rtt monday.tsv', 'measured times, four layers'],
      ),
    )
    .action(async (options: SimQueriesOptions) => {
      const { runSimQueries } = await import('../commands/sim-queries.js');
      await runSimQueries(options);
    });
}

const parseDegree: Parser<number> = (text) => {
  const degree = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return degree >= 2 && degree <= 100 ? good(degree) : bad('a number from 2 to 100', text);
};
