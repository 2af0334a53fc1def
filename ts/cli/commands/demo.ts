/** `portolan demo`: prints the demonstration, line by line. */
import type { StatusReport } from '../../node/admin.types.js';
import type { DemoNetwork } from '../demo/network.js';
import { type DemoResult, type DemoView, type Failover, runDemonstration } from '../demo/run.js';
import { headingLine, rowLine } from '../demo/table.js';
import { BadAnswerError } from '../errors.js';
import { formatCount, formatMicros, formatMillis, formatRate } from '../output/numbers.js';
import { packetPathReason, packetPathText } from '../output/packet-path.js';
import { print, printJson } from '../output/print.js';
import { style } from '../output/style.js';
import { exitOnSignals } from '../processes/shutdown.js';

export interface DemoOptions {
  /** Milliseconds of traffic before the cut. */
  readonly seconds: number;
  readonly json?: boolean;
}

export async function runDemo(options: DemoOptions): Promise<void> {
  exitOnSignals();
  // With --json, standard output is for the machine, and people may watch beside it.
  const say = options.json ? (line: string) => void process.stderr.write(`${line}\n`) : print;
  try {
    const result = await runDemonstration(viewThrough(say), options.seconds);
    for (const line of summaryLines(result)) say(line);
    if (options.json) printJson(result);
  } catch (error) {
    throw new BadAnswerError(`the demonstration failed: ${(error as Error).message}`);
  }
}

function viewThrough(say: (line: string) => void): DemoView {
  const sayAll = (lines: readonly string[]) => {
    for (const line of lines) say(line);
  };
  return {
    starting: () =>
      sayAll([style.bold('Portolan'), 'Four nodes start on this machine, each a process of its own ...', '']),
    network: (network, status) => sayAll(networkLines(network, status)),
    calibrated: (ceiling, rate) =>
      sayAll([
        `Twice as many packets every quarter of a second, up to ${style.bold(formatRate(ceiling))}. Now a steady ${formatRate(rate)}:`,
        '',
        headingLine(),
      ]),
    row: (row) => say(rowLine(row)),
    cut: (relay) => say(style.red(`  ✂    relay ${relay.id} is killed (SIGKILL) while packets flow`)),
    recovered: (failover) => say(recoveredLine(failover)),
  };
}

function networkLines({ source, sink, relays }: DemoNetwork, { packetPath }: StatusReport): string[] {
  const [upper, lower] = relays;
  return [
    style.cyan(`                        ┌── relay ${upper?.id} ──┐`),
    style.cyan(`     source ${source.id} ────┤                   ├──── sink ${sink.id}`),
    style.cyan(`                        └── relay ${lower?.id} ──┘`),
    '',
    `Packet path: ${packetPathText(packetPath)}`,
    style.dim(`(${packetPathReason(packetPath)})`),
    '',
  ];
}

function recoveredLine({ to, silenceMs, lost }: Failover): string {
  if (lost === 0) return style.green(`  ✔    nothing is lost: the flow had moved to ${to} a moment before`);
  return style.green(
    `  ✔    the flow goes on by ${to}: ${formatMillis(silenceMs)} of silence, ${formatCount(lost)} packets lost`,
  );
}

function summaryLines(result: DemoResult): string[] {
  const { failover, delayMicros } = result;
  return [
    '',
    style.bold('What you have seen'),
    `  ${formatRate(result.rate)} of 1136 bytes across a relay, ${formatMicros(delayMicros?.p50)} one way (p99 ${formatMicros(delayMicros?.p99)})`,
    ...costLines(result),
    ...(failover.lost > 0
      ? [`  a dead relay noticed and gone around in ${formatMillis(failover.silenceMs)}, with nobody to tell anybody`]
      : []),
    '',
    style.bold('What to try next'),
    '  npm start -- up --id 1.1.1.1 --listen udp://127.0.0.1:7000   a node; it says what comes next',
    '  npm start -- top                                             look at it (status, links, routes)',
    '  npm start -- ping 1.1.1.2                                    and trace: through the network',
    '  npm run bench -- forward                                     the relay beside plain C',
    '  npm start -- sim --seed 1                                    routing under faults, in simulation',
  ];
}

function costLines({ relayMicrosPerPacket, packetPath }: DemoResult): string[] {
  if (relayMicrosPerPacket === null) return [];
  return [
    `  ${relayMicrosPerPacket.toFixed(3)} µs of the relay's CPU a packet, all of it counted (${packetPath} packet path)`,
  ];
}
