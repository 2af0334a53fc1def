/**
 * The users' load tester: the engine of the benches against a running network. `load` drives the local node, which sends to a port of another
 * node; `sink` measures what arrives there.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { openAdmin } from '../ts/cli/admin-client.js';
import type { LoadSinkReport, LoadSourceReport } from '../ts/node/admin.types.js';
import { sleep } from './lib/processes.js';
import { formatCount } from './lib/report.js';

interface LoadFlags {
  readonly to: { readonly destination: string; readonly port: number };
  readonly size: number;
  readonly rate: number;
  readonly duration: number;
  readonly flows: number;
  readonly echo?: true;
  readonly admin?: string;
  readonly json?: true;
}

/** The port at which a load source with `--echo` takes the answers. */
const ECHO_PORT = 65_007;

export function addLoadCommands(program: Command, done: (code: number) => void): void {
  program
    .command('load')
    .summary('send packets from the local node to a port of another, and measure')
    .description(
      'Sends packets from the local node. Beside it, "portolan bench sink --port PORT" at the destination measures what arrives; with --echo the\ndestination answers each packet and the round trips are measured here.',
    )
    .requiredOption('--to <id:port>', 'destination, as in 1.1.1.3:6000', destination)
    .option('--size <bytes>', 'payload of a packet, 16 to 1152', integer(16, 1152), 1136)
    .option('--rate <n>', 'packets a second; 0: as fast as it goes', integer(0, 100_000_000), 1000)
    .option('--duration <seconds>', 'for how long', integer(1, 86_400), 10)
    .option('--flows <n>', 'source ports to spread over', integer(1, 1024), 1)
    .option('--echo', 'let the destination answer, and measure round trips')
    .option('--admin <where>', "the local node's admin interface: path of its socket, or HOST:PORT")
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  portolan bench load --to 1.1.1.3:6000 --size 1136 --rate 100000 --duration 10 --echo',
    )
    .action(async (flags: LoadFlags) => done(await runLoad(flags)));
  program
    .command('sink')
    .summary('measure the packets that arrive at a port of the local node')
    .description('Measures what arrives at a port of the local node until the time is up, a line a second.')
    .requiredOption('--port <port>', 'port of the local node', integer(1, 65_535))
    .option('--duration <seconds>', 'for how long', integer(1, 86_400), 10)
    .option('--admin <where>', "the local node's admin interface: path of its socket, or HOST:PORT")
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  portolan bench sink --port 6000 --duration 15')
    .action(async (flags: { port: number; duration: number; admin?: string; json?: true }) =>
      done(await runSink(flags)),
    );
}

async function runLoad(flags: LoadFlags): Promise<number> {
  const admin = await openAdmin(flags.admin);
  const { echo = false, size, rate, flows } = flags;
  if (echo) await admin.send('POST', '/load/sink', { port: ECHO_PORT });
  await admin.send('POST', '/load/source', {
    ...flags.to,
    size,
    rate,
    flows,
    seconds: flags.duration,
    ...(echo ? { echo, sourcePort: ECHO_PORT } : {}),
  });
  let before = 0;
  for (let second = 1; second <= flags.duration; second++) {
    await sleep(1000);
    const { sent } = await admin.get<LoadSourceReport>('/load/source');
    if (!flags.json)
      console.log(`${String(second).padStart(4)} s  ${formatCount(sent - before).padStart(8)} packets/s sent`);
    before = sent;
  }
  const source = await admin.send<LoadSourceReport>('DELETE', '/load/source');
  await sleep(200); // answers that are still on their way
  const sink = echo ? await admin.send<LoadSinkReport>('DELETE', '/load/sink') : undefined;
  const result = {
    destination: `${flags.to.destination}:${flags.to.port}`,
    size,
    rate,
    sent: source.sent,
    seconds: source.seconds,
  };
  if (flags.json)
    console.log(
      JSON.stringify(sink ? { ...result, received: sink.received, rttMicros: sink.delayMicros } : result, null, 2),
    );
  else {
    console.log(
      `\n${source.sent} packets in ${source.seconds.toFixed(1)} s, ${formatCount(source.sent / source.seconds)} packets/s`,
    );
    if (sink) printSink(sink, 'round trip', source.sent);
  }
  return source.sent === 0 || (sink && sink.received === 0) ? 1 : 0;
}

async function runSink(flags: { port: number; duration: number; admin?: string; json?: true }): Promise<number> {
  const admin = await openAdmin(flags.admin);
  await admin.send('POST', '/load/sink', { port: flags.port });
  let before = 0;
  for (let second = 1; second <= flags.duration; second++) {
    await sleep(1000);
    const { received } = await admin.get<LoadSinkReport>('/load/sink');
    if (!flags.json)
      console.log(`${String(second).padStart(4)} s  ${formatCount(received - before).padStart(8)} packets/s received`);
    before = received;
  }
  const sink = await admin.send<LoadSinkReport>('DELETE', '/load/sink');
  if (flags.json) console.log(JSON.stringify(sink, null, 2));
  else printSink(sink, 'one way (clocks of one machine only)');
  return sink.received === 0 ? 1 : 0;
}

function printSink(sink: LoadSinkReport, what: string, sent?: number): void {
  const lost = sent === undefined ? sink.lost : sent - sink.received;
  const expected = sent ?? sink.received + sink.lost;
  const percent = expected === 0 ? 0 : (100 * lost) / expected;
  console.log(`received ${sink.received}, lost ${lost} (${percent.toFixed(3)} %), out of order ${sink.reordered}`);
  const delay = sink.delayMicros;
  if (delay)
    console.log(`${what}: p50 ${delay.p50} µs, p99 ${delay.p99} µs, p99.9 ${delay.p999} µs, max ${delay.max} µs`);
}

function destination(text: string): { destination: string; port: number } {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(text);
  if (!match || Number(match[2]) > 65_535) throw new InvalidArgumentError('expected ID:PORT, as in 1.1.1.3:6000.');
  return { destination: match[1] as string, port: Number(match[2]) };
}

function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high)
      throw new InvalidArgumentError(`expected a whole number from ${low} to ${high}.`);
    return value;
  };
}
