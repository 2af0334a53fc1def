/**
 * `ping`: probes at an interval, and what came of them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import { BASE_PAYLOAD_BYTES, type TrafficClassName } from '../wire/network-header.js';
import type { EchoClient, ProbeResult } from './echo.js';
import { invalidOption } from './errors.js';
import { parseTrafficClass } from './traffic-class.js';

export interface PingOptions {
  /** Probes, 1..1 000 000. Default: 4. */
  readonly count?: number;
  /** Milliseconds between two probes, from 0. Default: 1000. */
  readonly interval?: number;
  /** Milliseconds until a probe is taken for lost. Default: 1000. */
  readonly timeout?: number;
  /** Bytes of payload, 0..1136. Default: 56. */
  readonly size?: number;
  /** The traffic class whose way is taken. Default: low latency. */
  readonly class?: TrafficClassName;
  readonly signal?: AbortSignal;
  /** Called for every probe, when its fate is known. */
  readonly onReply?: (reply: PingReply) => void;
}

/** The fate of one probe: exactly one of `rttMs` and `error` is there, or neither when nothing came back. */
export interface PingReply {
  /** 0 for the first probe. */
  readonly sequence: number;
  readonly rttMs: number | null;
  /** An error that came back instead, as in `noRoute`. */
  readonly error: string | null;
  /** Who reported the error. */
  readonly reporter: string | null;
}

export interface PingResult {
  readonly destination: string;
  readonly sent: number;
  readonly received: number;
  /** null when nothing came back. */
  readonly rttMs: { readonly min: number; readonly p50: number; readonly p99: number; readonly max: number } | null;
}

/** Sends `count` probes, one an interval, without waiting for the answers between; resolves when the fate of all is known. */
export async function ping(echo: EchoClient, destination: NodeId, options: PingOptions = {}): Promise<PingResult> {
  const count = within(options.count ?? 4, 'count', 1, 1_000_000, true);
  const interval = within(options.interval ?? 1000, 'interval', 0, 86_400_000);
  const timeout = within(options.timeout ?? 1000, 'timeout', 1, 3_600_000);
  const size = within(options.size ?? 56, 'size', 0, BASE_PAYLOAD_BYTES, true);
  const { signal } = options;
  const trafficClass = parseTrafficClass(options.class ?? 'lowLatency', 'class');
  const rtts: number[] = [];
  const running: Promise<void>[] = [];
  const one = async (sequence: number): Promise<void> => {
    const result = await echo.probe(destination, { size, timeout, signal, class: trafficClass });
    if (result.kind === 'reply') rtts.push(result.rttMs);
    options.onReply?.(toReply(sequence, result));
  };
  for (let sequence = 0; sequence < count; sequence++) {
    if (sequence > 0) await delay(interval, undefined, signal ? { signal } : {});
    const probe = one(sequence);
    probe.catch(() => undefined); // awaited below with all others; this keeps an abort in between from being "unhandled"
    running.push(probe);
  }
  await Promise.all(running);
  return { destination: formatNodeId(destination), sent: count, received: rtts.length, rttMs: summary(rtts) };
}

/** One probe as people see it. */
export function toReply(sequence: number, result: ProbeResult): PingReply {
  return {
    sequence,
    rttMs: result.kind === 'reply' ? result.rttMs : null,
    error: result.kind === 'error' ? result.code : null,
    reporter: result.kind === 'error' ? formatNodeId(result.reporter) : null,
  };
}

function summary(rtts: number[]): PingResult['rttMs'] {
  if (rtts.length === 0) return null;
  const sorted = rtts.toSorted((a, b) => a - b);
  const at = (quantile: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(quantile * sorted.length) - 1)] ?? 0;
  return { min: at(0.000_001), p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Checks a number among the arguments of `ping` and `trace`. */
export function within(value: unknown, option: string, min: number, max: number, whole = false): number {
  if (typeof value !== 'number' || !(value >= min && value <= max) || (whole && !Number.isInteger(value)))
    throw invalidOption(option, `${whole ? 'an integer' : 'a number'} from ${min} to ${max}`, value);
  return value;
}
