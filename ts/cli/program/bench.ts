/** `portolan bench`: the bench suite has arguments of its own and gets all that stands behind the word. */
import { Command } from 'commander';
import { adminOf } from './option.js';

export function benchCommand(): Command {
  return new Command('bench')
    .summary('measure Portolan beside its baselines, or load a running network')
    .argument('[arguments...]', 'which bench, and its options')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (args: string[], _: object, command: Command) => {
      const { runBench } = await import('../commands/bench.js');
      const admin = adminOf(command);
      await runBench(admin === undefined ? args : [...args, '--admin', admin]);
    });
}
