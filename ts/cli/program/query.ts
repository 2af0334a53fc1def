/** The commands that ask a running node. */
import { Command, type Option } from 'commander';
import type { TrafficClassName } from '../../node/datagram-socket.js';
import type { LimitOptions } from '../commands/route.js';
import { idText, trafficClassesText, trafficClassText } from '../values/address.js';
import { parseBandwidthLimit, parseCostLimit, parseHopsLimit, parseLossLimit, parseRttLimit } from '../values/limit.js';
import { parseDuration, parseInteger } from '../values/quantity.js';
import type { Parser } from '../values/value.js';
import { ADMIN_HELP, adminOf, argument, examples, jsonOption, option } from './option.js';

export function queryCommands(): Command[] {
  const commands = [status(), links(), routes(), route(), pin(), pins(), unpin(), ping(), trace(), top()];
  for (const command of commands) command.option('--admin <where>', ADMIN_HELP);
  return commands;
}

function status(): Command {
  return new Command('status')
    .summary('what the node is and does')
    .description('what the node is and does: packet path, workers, links, counters')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['portolan status', 'for people'], ['portolan status --json | jq .counters.dropped', 'for scripts']),
    )
    .action(async (options: { json?: boolean }, command: Command) => {
      const { runStatus } = await import('../commands/status.js');
      await runStatus({ ...options, admin: adminOf(command) });
    });
}

function links(): Command {
  return new Command('links')
    .summary('the neighbours and how well they are heard')
    .description('the neighbours: address, state, round-trip time, loss, and why a link is not up')
    .addOption(jsonOption())
    .addHelpText('after', examples(['portolan links', 'a line a link']))
    .action(async (options: { json?: boolean }, command: Command) => {
      const { runLinks } = await import('../commands/links.js');
      await runLinks({ ...options, admin: adminOf(command) });
    });
}

function routes(): Command {
  return new Command('routes')
    .summary('the forwarding table')
    .description('the forwarding table: next hop and backup for each node and zone')
    .addArgument(argument('[destination]', 'only the route that packets to this node take', idText))
    .addOption(classOption(trafficClassesText, "whose routes, or 'all'"))
    .option('--why', 'every neighbour that could be the next hop, what it says, and what the rules make of it')
    .option('--history', 'the latest changes of the table, the oldest first')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan routes', 'the whole table'],
        ['portolan routes 1.1.1.3', 'where a packet to 1.1.1.3 goes'],
        ['portolan routes 1.1.1.3 --class all', 'where it goes in each traffic class'],
        ['portolan routes 1.1.1.3 --why', 'why it goes there'],
        ['portolan routes 1.1.1.3 --history', 'where it went before'],
      ),
    )
    .action(async (destination: string | undefined, options: RoutesFlags, command: Command) => {
      const admin = adminOf(command);
      if (options.why) {
        const { class: name } = options;
        if (destination === undefined || name === 'all' || options.history)
          command.error("error: --why wants a destination and one class, and goes without '--history'");
        const { runRoutesWhy } = await import('../commands/routes-why.js');
        await runRoutesWhy(destination, { ...options, class: name, admin });
      } else if (options.history) {
        const { runRoutesHistory } = await import('../commands/routes-history.js');
        await runRoutesHistory(destination, { ...options, admin });
      } else {
        const { runRoutes } = await import('../commands/routes.js');
        await runRoutes(destination, { ...options, admin });
      }
    });
}

/** The options that limit a path. */
function withLimits(command: Command): Command {
  return command
    .addOption(option('--rtt <limit>', "round trip of the whole path, as in '<100ms'", parseRttLimit))
    .addOption(option('--cost <limit>', "sum of the links' costs, as in '<10'", parseCostLimit))
    .addOption(option('--bandwidth <limit>', "of each link, as in '>10Mbit'", parseBandwidthLimit))
    .addOption(option('--loss <limit>', "of the whole path, one way, as in '<1%'", parseLossLimit))
    .addOption(option('--hops <limit>', "links, as in '<10'", parseHopsLimit));
}

function pin(): Command {
  return withLimits(new Command('pin'))
    .summary('keep a route to a path within limits')
    .description(
      'look for a path within limits, and have packets of this node follow it from link to link; when it breaks, another one is looked for, and packets take the way of their class meanwhile',
    )
    .addArgument(argument('<destination>', 'the node', idText))
    .addOption(classOption(trafficClassText, 'whose packets follow it'))
    .addOption(jsonOption())
    .addHelpText('after', examples(["portolan pin 1.1.1.3 --rtt '<100ms'", 'until "portolan unpin"']))
    .action(async (destination: string, options: PinFlags, command: Command) => {
      const { runPin } = await import('../commands/pins.js');
      await runPin(destination, { ...options, admin: adminOf(command) });
    });
}

function pins(): Command {
  return new Command('pins')
    .summary('the routes that are kept pinned')
    .description(
      "the routes that are kept pinned, because somebody asked or of the node's own accord (a better path for a flow that lasts, a detour): which paths they follow, or why there is none",
    )
    .addOption(jsonOption())
    .addHelpText('after', examples(['portolan pins', 'a line a pinned route']))
    .action(async (options: { json?: boolean }, command: Command) => {
      const { runPins } = await import('../commands/pins.js');
      await runPins({ ...options, admin: adminOf(command) });
    });
}

function unpin(): Command {
  return new Command('unpin')
    .summary('let a route go')
    .description('end a pin: packets take the way of their class again')
    .addArgument(argument('<number>', 'the pin, as "portolan pins" shows it', parseInteger(1, 1e9, 'a number')))
    .addOption(jsonOption())
    .addHelpText('after', examples(['portolan unpin 1', 'the first one of "portolan pins"']))
    .action(async (number: number, options: { json?: boolean }, command: Command) => {
      const { runUnpin } = await import('../commands/pins.js');
      await runUnpin(number, { ...options, admin: adminOf(command) });
    });
}

function route(): Command {
  return withLimits(new Command('route'))
    .summary('a path that keeps to limits')
    .description(
      'ask the network for a path to a destination that keeps to limits of round trip, cost, bandwidth, loss and hops; exits 1 when none is found, and says what came closest',
    )
    .addArgument(argument('<destination>', 'the node', idText))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        [
          "portolan route 1.1.1.3 --rtt '<100ms' --bandwidth '>10Mbit'",
          'quoted, for < and > mean something to the shell',
        ],
        ['portolan route 1.1.1.3 --hops 2', 'the sign may be left out'],
      ),
    )
    .action(async (destination: string, options: RouteFlags, command: Command) => {
      const { runRoute } = await import('../commands/route.js');
      await runRoute(destination, { ...options, admin: adminOf(command) });
    });
}

interface RouteFlags extends LimitOptions {
  readonly json?: boolean;
}

interface PinFlags extends RouteFlags {
  readonly class: TrafficClassName;
}

function ping(): Command {
  return new Command('ping')
    .summary('time answers from a node')
    .description('send echo requests through the network and time the answers; exits 1 when none comes')
    .addArgument(argument('<destination>', 'the node', idText))
    .addOption(option('-c, --count <n>', 'how many', parseInteger(1, 1e6, 'a number'), 5))
    .addOption(option('-i, --interval <duration>', 'between two', parseDuration, 1000, '1s'))
    .addOption(option('-W, --timeout <duration>', 'how long to wait for each answer', parseDuration, 1000, '1s'))
    .addOption(option('-s, --size <bytes>', 'bytes of payload', parseInteger(0, 1136, 'a size in bytes'), 32))
    .addOption(classOption(trafficClassText, 'of the requests and the answers'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan ping 1.1.1.3', 'five, a second apart'],
        ['portolan ping 1.1.1.3 -c 100 -i 10ms', 'a quick series'],
      ),
    )
    .action(async (destination: string, options: PingFlags, command: Command) => {
      const { runPing } = await import('../commands/ping.js');
      await runPing(destination, { ...options, admin: adminOf(command) });
    });
}

interface PingFlags {
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
  readonly size: number;
  readonly class: TrafficClassName;
  readonly json?: boolean;
}

interface RoutesFlags {
  readonly class: TrafficClassName | 'all';
  readonly why?: boolean;
  readonly history?: boolean;
  readonly json?: boolean;
}

interface TraceFlags {
  readonly maxHops: number;
  readonly timeout: number;
  readonly class: TrafficClassName;
  readonly json?: boolean;
}

/** Which of the four traffic classes. */
const classOption = <T>(parser: Parser<T | TrafficClassName>, what: string): Option =>
  option<T | TrafficClassName>(
    '--class <class>',
    `the traffic class, low-latency, low-cost, reliable or high-bandwidth: ${what}`,
    parser,
    'lowLatency',
    'low-latency',
  );

function trace(): Command {
  return new Command('trace')
    .summary('every node on the way to another')
    .description(
      'show every node on the way to a destination, with the round-trip time to it, and why packets take that way; exits 1 when it is not reached',
    )
    .addArgument(argument('<destination>', 'the node', idText))
    .addOption(option('--max-hops <n>', 'give up after so many', parseInteger(1, 32, 'a number of hops'), 32))
    .addOption(option('-W, --timeout <duration>', 'how long to wait for each hop', parseDuration, 1000, '1s'))
    .addOption(classOption(trafficClassText, 'whose way is shown'))
    .addOption(jsonOption())
    .addHelpText('after', examples(['portolan trace 1.1.1.3', 'a line a hop']))
    .action(async (destination: string, options: TraceFlags, command: Command) => {
      const { runTrace } = await import('../commands/trace.js');
      await runTrace(destination, { ...options, admin: adminOf(command) });
    });
}

function top(): Command {
  return new Command('top')
    .summary('a live view')
    .description('a live view: links with their rates, round-trip times and loss; drops by reason')
    .addOption(option('--interval <duration>', 'between two looks', parseDuration, 1000, '1s'))
    .addOption(option('--count <n>', 'stop after so many looks', parseInteger(1, 1e6, 'a number')))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan top', 'q leaves, s sorts, arrows move'],
        ['portolan top --json --count 3', 'three lines of rates'],
      ),
    )
    .action(async (options: { interval: number; count?: number; json?: boolean }, command: Command) => {
      const { runTop } = await import('../commands/top.js');
      await runTop({ ...options, admin: adminOf(command) });
    });
}
