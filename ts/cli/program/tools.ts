/** Commands that need no node. */
import { Command } from 'commander';
import { examples, jsonOption } from './option.js';

export function toolCommands(): Command[] {
  return [keygen()];
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
