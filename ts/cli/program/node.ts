/** The commands that run nodes. */
import { Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import {
  adminText,
  bootstrapText,
  emulationText,
  exposeText,
  forwardText,
  idText,
  listenText,
  networkKeyText,
  peerText,
} from '../values/address.js';
import { parseDuration, parseInteger } from '../values/quantity.js';
import { isBad } from '../values/value.js';
import { examples, jsonOption, listOption, option } from './option.js';

/** What `npm run build` has made of ../commands/up.ts: it starts in a third of the time. */
const UP_BUNDLE = new URL('../../../bundle/cli/up.js', import.meta.url).href;

export function nodeCommands(): Command[] {
  return [up(), demo()];
}

function up(): Command {
  return new Command('up')
    .summary('run a node until it is told to stop')
    .description(
      'run a node until SIGTERM or Ctrl-C, which drain it and say goodbye to its neighbours (a second one ends it at once)',
    )
    .option('-c, --config <file>', 'read this YAML file first (docs/portolan.schema.json); flags win over it')
    .addOption(option('--id <id>', "the node's id, as in 1.1.1.2", idText))
    .addOption(listOption('-l, --listen <url>', 'an address to listen on; several times for several', listenText))
    .addOption(listOption('-p, --peer <id@url>', 'a neighbour to dial; several times for several', peerText))
    .addOption(
      listOption(
        '--bootstrap <url>',
        'a node to begin with, ID@URL or udp://HOST:PORT: neighbours are then chosen among all nodes; several times for several',
        bootstrapText,
      ),
    )
    .addOption(
      option(
        '--neighbours <n>',
        'how many links to make to neighbours that the network chooses (default: 32 with --bootstrap, else 0)',
        parseInteger(0, 32, 'a number'),
      ),
    )
    .addOption(
      listOption('--forward <url=id:port>', 'carry what comes in at a local UDP port to a port of a node', forwardText),
    )
    .addOption(
      listOption(
        '--expose <port=url>',
        "carry what comes in at this node's port to a UDP service here; with ?from=1.1.*,1.2.3.4 behind it from these nodes only",
        exposeText,
      ),
    )
    .addOption(
      option(
        '--network-key <key>',
        'the key that all nodes of the network share: 64 hexadecimal digits or a passphrase (also: PORTOLAN_NETWORK_KEY)',
        networkKeyText,
      ),
    )
    .option('--network-key-file <file>', 'the same, from a file')
    .addOption(option('--workers <n>', 'how many forwarding workers to run', parseInteger(1, 64, 'a number')))
    .addOption(new Option('--packet-path <kind>', 'which packet path to use').choices(['auto', 'native', 'portable']))
    .option('--no-gso', 'send without segmentation offload')
    .option('--no-gro', 'receive without receive offload')
    .option('--no-optimise', 'do not look for better paths than the tables have for flows of this node that last')
    .option('--no-tags', 'links without authentication tags: for measuring only, and both ends must say so')
    .addOption(
      new Option(
        '--role <role>',
        "a relay carries others' packets; a leaf only its own, by the relays that it dials",
      ).choices(['relay', 'leaf']),
    )
    .addOption(
      option(
        '--max-links <n>',
        'how many links to have room for, those of leaves aside',
        parseInteger(1, 4095, 'a number'),
      ),
    )
    .addOption(option('--max-leaves <n>', 'how many leaves to have room for', parseInteger(0, 4094, 'a number')))
    .addOption(
      option(
        '--links-per-peer <n>',
        'how many sessions on ports of their own to open with each peer that is dialed, for more than one core can receive',
        parseInteger(1, 8, 'a number'),
      ),
    )
    .addOption(
      listOption(
        '--emulate <network>',
        'send as if the network were worse: "delay=50ms jitter=5ms loss=1% rate=50Mbit reorder=1% mtu=1400" for all links, with a listening address or a node id in front for what leaves there; several times for several',
        emulationText,
      ),
    )
    .addOption(new Option('--allow-faults', 'let the admin interface break things, to see them mended').hideHelp())
    .addOption(
      option(
        '--admin <where>',
        'where the admin interface listens: path of a unix socket, HOST:PORT, or off',
        adminText,
      ),
    )
    .addOption(
      new Option('--log-level <level>', 'the least level to log').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .addOption(
      new Option('--log-format <format>', 'auto is text on a terminal, JSON elsewhere').choices([
        'auto',
        'json',
        'text',
      ]),
    )
    .addHelpText(
      'after',
      examples(
        ['portolan up --id 1.1.1.1 -l udp://0.0.0.0:7000', 'a node that others dial'],
        ['portolan up --id 1.1.1.2 -l udp://0.0.0.0:0 -p 1.1.1.1@udp://192.0.2.1:7000', 'one that dials it'],
        [
          'portolan up --id 1.1.1.77 --role leaf -p 1.1.1.1@udp://192.0.2.1:7000',
          'a leaf, one of thousands of its relay',
        ],
        [
          'portolan up --id 1.1.1.1 -l udp://0.0.0.0:7000 --neighbours 32',
          'the first node of a network that chooses its links',
        ],
        ['portolan up --id 1.1.1.2 --bootstrap udp://192.0.2.1:7000', 'any other node of it'],
        ['portolan up --id 1.1.1.2 -l tcp://0.0.0.0:0 -p 1.1.1.1@tcp://192.0.2.1:7000', 'where no UDP gets through'],
        ['portolan up -c portolan.yaml --workers 2', 'from a file'],
        [
          'portolan up --id 1.1.1.2 -p 1.1.1.1@udp://192.0.2.1:7000 --emulate "delay=50ms loss=1%"',
          'over a link that is made slow and lossy',
        ],
        ['portolan up --id 1.1.1.2 -l udp://0.0.0.0:0 --expose 53=udp://127.0.0.1:53', 'lend a service to the network'],
      ),
    )
    .action(async (_: object, command: Command) => {
      const { runUp } = (await import(UP_BUNDLE)) as typeof import('../commands/up.js');
      await runUp(flagsGiven(command), environmentKey());
    });
}

function environmentKey(): string | undefined {
  const key = process.env['PORTOLAN_NETWORK_KEY'];
  if (key === undefined || key === '') return undefined;
  const parsed = networkKeyText(key);
  if (isBad(parsed)) throw new UsageError(`PORTOLAN_NETWORK_KEY: ${parsed.problem}`);
  return parsed.value;
}

/** The flags that somebody gave, and none that are only defaults. */
function flagsGiven(command: Command): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(command.opts<Record<string, unknown>>()))
    if (command.getOptionValueSource(name) !== 'default') given[name] = value;
  return given;
}

function demo(): Command {
  return new Command('demo')
    .summary('a network of four processes on this machine')
    .description('a network of four processes on this machine: traffic across a relay, then the relay is killed')
    .addOption(
      option('--seconds <duration>', 'how long the traffic is shown before the cut', parseDuration, 6000, '6s'),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan demo', 'about fifteen seconds'],
        ['portolan demo --seconds 60', 'to look at it with "portolan top"'],
      ),
    )
    .action(async (options: { seconds: number; json?: boolean }) => {
      const { runDemo } = await import('../commands/demo.js');
      await runDemo(options);
    });
}
