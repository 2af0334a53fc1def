/** The tree of commands. What a command does is imported when it runs, so that `--help` answers at once. */
import { Command } from 'commander';
import { packageVersion } from './package-root.js';
import { benchCommand } from './program/bench.js';
import { nodeCommands } from './program/node.js';
import { ADMIN_HELP } from './program/option.js';
import { queryCommands } from './program/query.js';
import { toolCommands } from './program/tools.js';

export function buildProgram(): Command {
  const program = new Command('portolan')
    .description('A planet-scale, low-latency overlay network: run a node, look into it, measure it.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .enablePositionalOptions()
    .option('--admin <where>', ADMIN_HELP)
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ portolan demo                                              a whole network on this machine, in 15 seconds
  $ portolan up --id 1.1.1.1 --listen udp://0.0.0.0:7000       a node that others can dial
  $ portolan up --id 1.1.1.2 --listen udp://0.0.0.0:0 --peer 1.1.1.1@udp://192.0.2.1:7000
  $ portolan ping 1.1.1.2                                      asks the node that runs here

Exit codes: 0 all is well, 1 the answer is bad (no reply, no route), 2 wrong use.`,
    );
  for (const command of [...nodeCommands(), ...queryCommands(), benchCommand(), ...toolCommands()])
    program.addCommand(command.exitOverride());
  return program;
}
