/**
 * `trace`: which nodes a packet passes on its way. Probes with TTL 1, 2, 3, ... die one hop later each, and every node on the way reports it.
 */
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import { INITIAL_TTL } from '../wire/link-header.js';
import type { TrafficClassName } from '../wire/network-header.js';
import type { EchoClient, ProbeOptions, ProbeResult } from './echo.js';
import { within } from './ping.js';
import { parseTrafficClass } from './traffic-class.js';

export interface TraceOptions {
  /** Hops until the trace is given up, 1..255. Default: 32. */
  readonly maxHops?: number;
  /** Milliseconds until a hop is taken for silent (each is asked twice). Default: 1000. */
  readonly timeout?: number;
  /** The traffic class whose way is taken. Default: low latency. */
  readonly class?: TrafficClassName;
  readonly signal?: AbortSignal;
  /** Called for every hop as soon as it is known. */
  readonly onHop?: (hop: TraceHop) => void;
}

export interface TraceHop {
  /** null: this hop kept silent. */
  readonly id: string | null;
  readonly rttMs: number | null;
  /** An error that ended the trace, as in `noRoute`. */
  readonly error?: string;
  /** The packet came there by a pin's label: a path that this node has pinned, not the tables of the node before. */
  readonly labelled?: true;
}

export interface TraceResult {
  readonly destination: string;
  /** When all went well, the last one is the destination. */
  readonly hops: readonly TraceHop[];
}

/** After so many silent hops in a row nothing is to be expected behind them. */
const MAX_SILENT_HOPS = 3;
const ATTEMPTS = 2;

/** Asks hop after hop until the destination answers, an error ends the way, or {@link TraceOptions.maxHops} are reached. */
export async function trace(echo: EchoClient, destination: NodeId, options: TraceOptions = {}): Promise<TraceResult> {
  const maxHops = within(options.maxHops ?? INITIAL_TTL, 'maxHops', 1, 255, true);
  const timeout = within(options.timeout ?? 1000, 'timeout', 1, 3_600_000);
  const { signal } = options;
  const probe = { size: 0, timeout, signal, class: parseTrafficClass(options.class ?? 'lowLatency', 'class') };
  const hops: TraceHop[] = [];
  let silent = 0;
  for (let ttl = 1; ttl <= maxHops && silent < MAX_SILENT_HOPS; ttl++) {
    const result = await ask(echo, destination, { ...probe, ttl });
    const hop = toHop(destination, result);
    hops.push(hop);
    options.onHop?.(hop);
    silent = result.kind === 'silence' ? silent + 1 : 0;
    if (result.kind === 'reply' || hop.error !== undefined) break;
  }
  return { destination: formatNodeId(destination), hops };
}

async function ask(echo: EchoClient, destination: NodeId, probe: ProbeOptions): Promise<ProbeResult> {
  let result: ProbeResult = { kind: 'silence' };
  // Nodes limit their errors a source, so one silence says little.
  for (let attempt = 0; attempt < ATTEMPTS && result.kind === 'silence'; attempt++)
    result = await echo.probe(destination, probe);
  return result;
}

function toHop(destination: NodeId, result: ProbeResult): TraceHop {
  if (result.kind === 'silence') return { id: null, rttMs: null };
  if (result.kind === 'reply') return { id: formatNodeId(destination), rttMs: result.rttMs };
  const hop = {
    id: formatNodeId(result.reporter),
    rttMs: result.rttMs,
    ...(result.labelled ? { labelled: true as const } : {}),
  };
  return result.code === 'ttlExceeded' ? hop : { ...hop, error: result.code };
}
