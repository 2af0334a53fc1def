/**
 * What load sources and sinks measure, in shared memory: a block a worker, read by anybody while it runs.
 *
 * ```
 *     0 +- source ------------------------------------------------------+
 *       | 0 running (i32)    8 sent    16 started, ms    24 last, ms    |   64-bit floats but for the flag
 *   128 +- sink --------------------------------------------------------+
 *       | 0 received   8 bytes   16 duplicates   24 reordered           |
 *       |32 first, ms  40 last, ms   48 longest gap, ms   56 flows (f64)|
 *   256 +- flows: 2048 of source id, source port (u32), first, highest, |
 *       |  distinct (f64)                              32 bytes each    |
 *       +- histogram of the delay, in tenths of a microsecond ----------+
 * ```
 * Proof. *Who writes*: each block its worker alone. *Who reads*: anybody, each number by itself; the numbers of a moving load need not
 * fit each other exactly. 64-bit floats, aligned, are not torn on the machines that we run on. A new load sets its part back to zero.
 */
import { HISTOGRAM_WORDS, HistogramSummary } from '../kit/histogram.js';

/** Bytes of payload of a load's packets: room for the time stamp; a frame of 1200 bytes. */
export const LOAD_MIN_BYTES = 16;
export const LOAD_MAX_BYTES = 1_152;
/** Flows that one sink tells apart; packets of further ones are counted, but not looked at for loss. */
export const LOAD_FLOWS = 2_048;
/** Flows (source ports) of one source, and the first of their ports. */
export const LOAD_SOURCE_FLOWS = 1_024;
export const LOAD_FIRST_PORT = 32_768;

/** What a histogram counts: this many units are a millisecond. */
export const DELAY_UNITS_PER_MS = 10_000;

const SINK = 128;
const FLOWS = 256;
const FLOW_BYTES = 32;
const HISTOGRAM = FLOWS + LOAD_FLOWS * FLOW_BYTES;
const BLOCK_BYTES = HISTOGRAM + ((HISTOGRAM_WORDS * 4 + 127) & ~127);

// Places in `floats` of a block.
export const SOURCE_SENT = 1;
export const SOURCE_STARTED = 2;
export const SOURCE_LAST = 3;
export const SINK_RECEIVED = SINK / 8;
export const SINK_BYTES = SINK / 8 + 1;
export const SINK_DUPLICATES = SINK / 8 + 2;
export const SINK_REORDERED = SINK / 8 + 3;
export const SINK_FIRST = SINK / 8 + 4;
export const SINK_LAST = SINK / 8 + 5;
export const SINK_LONGEST_GAP = SINK / 8 + 6;
export const SINK_FLOWS = SINK / 8 + 7;
/** Where a flow's floats start: see {@link flowAt}. */
export const FLOW_FIRST = 1;
export const FLOW_HIGHEST = 2;
export const FLOW_DISTINCT = 3;
/** The place in `floats` of a flow; its two words (source id, source port) are at twice that in `words`. */
export const flowAt = (flow: number): number => (FLOWS + flow * FLOW_BYTES) / 8;

/** The views over one worker's block. */
export interface LoadBlock {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly histogram: Uint32Array;
}

export function createLoadStats(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * BLOCK_BYTES);
}

export function loadBlock(stats: SharedArrayBuffer, worker: number): LoadBlock {
  const start = worker * BLOCK_BYTES;
  return {
    words: new Int32Array(stats, start, BLOCK_BYTES / 4),
    floats: new Float64Array(stats, start, BLOCK_BYTES / 8),
    histogram: new Uint32Array(stats, start + HISTOGRAM, HISTOGRAM_WORDS),
  };
}

/** Sets a block's sink back, for a new measurement. By its worker. */
export function clearSink({ floats, words }: LoadBlock): void {
  words.fill(0, SINK / 4);
  floats.fill(0, SINK_RECEIVED, SINK_FLOWS + 1);
}

export interface LoadSourceStats {
  readonly running: boolean;
  readonly sent: number;
  /** Seconds from the first packet to the last. */
  readonly seconds: number;
}

export interface LoadSinkStats {
  readonly received: number;
  /** Of payload. */
  readonly receivedBytes: number;
  /** Sequence numbers between the first and the last of each flow that never came. */
  readonly lost: number;
  readonly duplicates: number;
  readonly reordered: number;
  /** Milliseconds of the machine's monotonic clock: only comparable on one machine. 0: none yet. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** The longest silence that a worker saw between two packets, ms. */
  readonly longestGapMs: number;
  /** From the source's stamp to the arrival, microseconds, by the machine's monotonic clock: so for sources on the same machine. Null without packets. */
  readonly delayMicros: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  } | null;
}

/** What the sources of all workers say together. */
export function readLoadSource(stats: SharedArrayBuffer): LoadSourceStats {
  const blocks = blocksOf(stats);
  const used = blocks.filter(({ floats }) => (floats[SOURCE_STARTED] as number) > 0);
  const started = Math.min(...used.map(({ floats }) => floats[SOURCE_STARTED] as number));
  const last = Math.max(...used.map(({ floats }) => floats[SOURCE_LAST] as number));
  return {
    running: blocks.some(({ words }) => Atomics.load(words, 0) === 1),
    sent: sum(blocks, SOURCE_SENT),
    seconds: used.length > 0 ? Math.max(0, last - started) / 1000 : 0,
  };
}

/** What the sinks of all workers say together. */
export function readLoadSink(stats: SharedArrayBuffer): LoadSinkStats {
  const blocks = blocksOf(stats);
  const used = blocks.filter(({ floats }) => (floats[SINK_RECEIVED] as number) > 0);
  const delays = new HistogramSummary(blocks.map(({ histogram }) => histogram));
  const micros = (fraction: number) => ((delays.quantile(fraction) ?? 0) * 1000) / DELAY_UNITS_PER_MS;
  return {
    received: sum(blocks, SINK_RECEIVED),
    receivedBytes: sum(blocks, SINK_BYTES),
    lost: lostOf(blocks),
    duplicates: sum(blocks, SINK_DUPLICATES),
    reordered: sum(blocks, SINK_REORDERED),
    firstMs: used.length > 0 ? Math.min(...used.map(({ floats }) => floats[SINK_FIRST] as number)) : 0,
    lastMs: Math.max(0, ...used.map(({ floats }) => floats[SINK_LAST] as number)),
    longestGapMs: Math.max(0, ...used.map(({ floats }) => floats[SINK_LONGEST_GAP] as number)),
    delayMicros: delays.count > 0 ? { p50: micros(0.5), p99: micros(0.99), p999: micros(0.999), max: micros(1) } : null,
  };
}

/** A flow's packets may have come by several workers: its range is from the least first to the greatest last. */
function lostOf(blocks: readonly LoadBlock[]): number {
  const flows = new Map<string, { first: number; highest: number; distinct: number }>();
  for (const { words, floats } of blocks) {
    for (let flow = 0; flow < (floats[SINK_FLOWS] as number); flow++) {
      const at = flowAt(flow);
      const key = `${words[2 * at]}:${words[2 * at + 1]}`;
      const merged = flows.get(key) ?? { first: Infinity, highest: -1, distinct: 0 };
      flows.set(key, {
        first: Math.min(merged.first, floats[at + FLOW_FIRST] as number),
        highest: Math.max(merged.highest, floats[at + FLOW_HIGHEST] as number),
        distinct: merged.distinct + (floats[at + FLOW_DISTINCT] as number),
      });
    }
  }
  let lost = 0;
  for (const { first, highest, distinct } of flows.values()) lost += Math.max(0, highest - first + 1 - distinct);
  return lost;
}

function blocksOf(stats: SharedArrayBuffer): LoadBlock[] {
  return Array.from({ length: stats.byteLength / BLOCK_BYTES }, (_, worker) => loadBlock(stats, worker));
}

function sum(blocks: readonly LoadBlock[], place: number): number {
  return blocks.reduce((total, { floats }) => total + (floats[place] as number), 0);
}
