/**
 * How soon a network that has just been started carries packets: three nodes are started at the same moment, the ends know only the relay. A
 * client sends datagrams all the time through `--forward` and `--expose`; the first one that arrives stops the clock. The baseline is a
 * process that does nothing.
 */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { BenchNode } from './lib/bench-node.js';
import { cpuNanoseconds } from './lib/cpu-time.js';
import { freePort } from './lib/processes.js';
import { type BenchOptions, finish, printTable, progress } from './lib/report.js';
import { quantile } from './lib/statistics.js';

export interface StartResult {
  readonly rounds: number;
  /** Milliseconds from the start of the processes to the first packet that came out at the other end. */
  readonly p50: number;
  readonly max: number;
  /** CPU time that a node has spent until then, ms, median. */
  readonly cpuMs: number;
  /** Starting and ending a process of Node that does nothing, ms, median. */
  readonly bareNodeMs: number;
  readonly firstPacketMs: readonly number[];
}

const SEND_EVERY_MS = 2;
const GIVE_UP_MS = 30_000;

export async function benchStart(options: BenchOptions): Promise<number> {
  const first: number[] = [];
  const cpu: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    progress(`start, round ${round + 1}/${options.rounds}`);
    bare.push(bareNode());
    const measured = await startOnce();
    first.push(measured.firstPacketMs);
    cpu.push(...measured.cpuMs);
  }
  const result: StartResult = {
    rounds: first.length,
    p50: quantile(first, 0.5),
    max: Math.max(...first),
    cpuMs: quantile(cpu, 0.5),
    bareNodeMs: quantile(bare, 0.5),
    firstPacketMs: first,
  };
  finish(options, 'start', [result], () => print(result), [
    {
      title: 'From the start of three nodes to the first packet across the relay',
      kind: 'lines',
      y: 'ms',
      x: first.map((_, i) => i + 1),
      series: [{ name: 'first packet', values: first }],
    },
  ]);
  return 0;
}

function bareNode(): number {
  const from = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - from;
}

async function startOnce(): Promise<{ firstPacketMs: number; cpuMs: number[] }> {
  const [relayPort, entry] = [await freePort(), await freePort()];
  const [client, server] = [createSocket('udp4'), createSocket('udp4')];
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const arrived = once(server, 'message', { signal: AbortSignal.timeout(GIVE_UP_MS) });
  const timer = setInterval(() => client.send('x', entry, '127.0.0.1'), SEND_EVERY_MS);

  const peers = [{ id: '1.1.1.2', port: relayPort }];
  const ends = [await freePort(), await freePort()];
  const from = performance.now();
  const nodes = [
    BenchNode.launch({ id: '1.1.1.2', place: 'anywhere' }, relayPort),
    BenchNode.launch(
      { id: '1.1.1.1', place: 'anywhere', peers, args: ['--forward', `udp://127.0.0.1:${entry}=1.1.1.3:6000`] },
      ends[0] as number,
    ),
    BenchNode.launch(
      { id: '1.1.1.3', place: 'anywhere', peers, args: ['--expose', `6000=udp://127.0.0.1:${server.address().port}`] },
      ends[1] as number,
    ),
  ];
  try {
    await arrived;
    return { firstPacketMs: performance.now() - from, cpuMs: nodes.map(({ pid }) => cpuNanoseconds(pid) / 1e6) };
  } finally {
    clearInterval(timer);
    client.close();
    server.close();
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

function print(result: StartResult): void {
  printTable(
    'From the start of three nodes to the first packet across the relay (goal: < 1000 ms)',
    ['rounds', 'p50 ms', 'max ms', 'CPU a node ms', 'a process of Node that does nothing ms'],
    [[result.rounds, ...[result.p50, result.max, result.cpuMs, result.bareNodeMs].map((value) => value.toFixed(0))]],
  );
}
