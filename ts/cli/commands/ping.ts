/** `portolan ping`: like ping(8), through the overlay. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PingReply } from '../../node/admin.types.js';
import type { TrafficClassName } from '../../node/datagram-socket.js';
import { type AdminClient, openAdmin } from '../admin-client.js';
import { BadAnswerError } from '../errors.js';
import { formatMillis, formatPercent } from '../output/numbers.js';
import { print, printJson } from '../output/print.js';
import { style } from '../output/style.js';
import { quantile } from '../statistics.js';
import type { QueryOptions } from './query.types.js';

export interface PingOptions extends QueryOptions {
  readonly count: number;
  /** Milliseconds, like `timeout`. */
  readonly interval: number;
  readonly timeout: number;
  readonly class: TrafficClassName;
  readonly size: number;
}

/** What `ping --json` prints. */
export interface PingSummary {
  readonly destination: string;
  readonly sent: number;
  readonly received: number;
  readonly lossPercent: number;
  /** null when nothing came back. */
  readonly rttMs: { readonly min: number; readonly p50: number; readonly p99: number; readonly max: number } | null;
  /** Errors that came back, by name. */
  readonly errors: Readonly<Record<string, number>>;
}

export async function runPing(destination: string, options: PingOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  if (!options.json) print(`PING ${destination}: ${options.size} bytes of payload`);
  const replies: PingReply[] = [];
  for (let sequence = 1; sequence <= options.count && !interrupted.signal.aborted; sequence++) {
    const started = performance.now();
    const reply = await probe(node, destination, options);
    replies.push(reply);
    if (!options.json) print(replyLine(reply, sequence));
    const rest = options.interval - (performance.now() - started);
    if (sequence < options.count && rest > 0)
      await sleep(rest, undefined, { signal: interrupted.signal }).catch(ignoreAbort);
  }
  process.off('SIGINT', interrupt);
  const summary = summarize(destination, replies);
  if (options.json) printJson(summary);
  else printSummary(summary);
  if (summary.received === 0) throw new BadAnswerError('');
}

function probe(node: AdminClient, destination: string, options: PingOptions): Promise<PingReply> {
  return node.get<PingReply>('/ping', {
    destination,
    timeoutMs: options.timeout,
    class: options.class,
    size: options.size,
  });
}

function ignoreAbort(error: Error): void {
  if (error.name !== 'AbortError') throw error;
}

function replyLine(reply: PingReply, sequence: number): string {
  if (reply.received)
    return `answer from ${style.bold(reply.destination)}: seq=${sequence} time=${formatMillis(reply.rttMs)}`;
  if (reply.error)
    return style.yellow(`seq=${sequence} ${reply.error}${reply.reporter ? `, says ${reply.reporter}` : ''}`);
  return style.yellow(`seq=${sequence} no answer in time`);
}

export function summarize(destination: string, replies: readonly PingReply[]): PingSummary {
  const times = replies
    .flatMap((reply) => (reply.rttMs === null || !reply.received ? [] : [reply.rttMs]))
    .sort((a, b) => a - b);
  const errors: Record<string, number> = {};
  for (const { error } of replies) if (error) errors[error] = (errors[error] ?? 0) + 1;
  return {
    destination,
    sent: replies.length,
    received: times.length,
    lossPercent: replies.length === 0 ? 0 : (100 * (replies.length - times.length)) / replies.length,
    rttMs:
      times.length === 0
        ? null
        : { min: quantile(times, 0), p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: quantile(times, 1) },
    errors,
  };
}

function printSummary(summary: PingSummary): void {
  const { rttMs } = summary;
  print(`--- ${summary.destination} ---`);
  print(`${summary.sent} sent, ${summary.received} received, ${formatPercent(summary.lossPercent)} lost`);
  if (rttMs)
    print(
      `round trip min ${formatMillis(rttMs.min)}, p50 ${formatMillis(rttMs.p50)}, p99 ${formatMillis(rttMs.p99)}, max ${formatMillis(rttMs.max)}`,
    );
}
