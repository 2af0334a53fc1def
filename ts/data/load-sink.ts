/**
 * The load sink: takes what comes to its port, and measures: packets and bytes, what was lost, came twice or out of order, the delay of each, and
 * the longest silence. What it finds stands in shared memory (ts/memory/load-stats.ts), readable while it runs.
 *
 * For each flow it keeps the highest sequence number and which of the 1024 below it have come.
 */

import { record } from '../kit/histogram.js';
import { type Batch, packetAt, RUN_FIRST, RUN_PACKETS, RUN_VERDICT, Verdict } from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import {
  clearSink,
  DELAY_UNITS_PER_MS,
  FLOW_DISTINCT,
  FLOW_FIRST,
  FLOW_HIGHEST,
  flowAt,
  LOAD_FLOWS,
  LOAD_MIN_BYTES,
  type LoadBlock,
  SINK_BYTES,
  SINK_DUPLICATES,
  SINK_FIRST,
  SINK_FLOWS,
  SINK_LAST,
  SINK_LONGEST_GAP,
  SINK_RECEIVED,
  SINK_REORDERED,
} from '../memory/load-stats.js';
import { HEADERS_BYTES, OFFSET_SEQUENCE, OFFSET_SOURCE, OFFSET_SOURCE_PORT } from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { FlowTable } from './flow-table.js';
import type { RunTaker } from './local.js';

const WINDOW = 1_024;
const WINDOW_WORDS = WINDOW / 32;

export class LoadSink implements RunTaker {
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #clock: () => number;
  readonly #stats: LoadBlock;
  #flows = new FlowTable(LOAD_FLOWS, 2);
  readonly #seen = new Int32Array(LOAD_FLOWS * WINDOW_WORDS);

  constructor({ batch, counters, clock }: StageContext, stats: LoadBlock) {
    this.#batch = batch;
    this.#counters = counters;
    this.#clock = clock;
    this.#stats = stats;
  }

  /** Begins a new measurement. */
  start(): void {
    this.#flows = new FlowTable(LOAD_FLOWS, 2);
    this.#seen.fill(0);
    clearSink(this.#stats);
  }

  take(run: number): void {
    const { words, slab } = this.#batch;
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    const now = this.#clock();
    for (let packet = first; packet < first + packets; packet++) {
      const frame = words[packetAt(packet)] as number;
      const length = words[packetAt(packet) + 1] as number;
      this.#add(SINK_BYTES, length - HEADERS_BYTES);
      this.#watchSequence(frame);
      if (length < HEADERS_BYTES + LOAD_MIN_BYTES) continue; // not from a load source: no time in it
      record(this.#stats.histogram, (now - slab.getFloat64(frame + HEADERS_BYTES)) * DELAY_UNITS_PER_MS);
    }
    this.#add(SINK_RECEIVED, packets);
    this.#watchTime(now);
    this.#counters.add(COUNTER.delivered, packets);
    words[run + RUN_VERDICT] = Verdict.Done;
  }

  #watchTime(now: number): void {
    const { floats } = this.#stats;
    if (floats[SINK_FIRST] === 0) floats[SINK_FIRST] = now;
    else if (now - (floats[SINK_LAST] as number) > (floats[SINK_LONGEST_GAP] as number))
      floats[SINK_LONGEST_GAP] = now - (floats[SINK_LAST] as number);
    floats[SINK_LAST] = now;
  }

  // Sequence numbers stay within this function: V8 would put those above 2^31 on the heap to hand them to another one.
  #watchSequence(frame: number): void {
    const { slab } = this.#batch;
    const { floats } = this.#stats;
    const flow = this.#flowOf(slab.getInt32(frame + OFFSET_SOURCE), slab.getUint16(frame + OFFSET_SOURCE_PORT));
    if (flow < 0) return;
    const at = flowAt(flow);
    const low = slab.getInt32(frame + OFFSET_SEQUENCE + 4);
    const sequence = slab.getUint32(frame + OFFSET_SEQUENCE) * 0x1_0000_0000 + (low >>> 0);
    const ahead = sequence - (floats[at + FLOW_HIGHEST] as number);
    if (floats[at + FLOW_DISTINCT] === 0) {
      floats[at + FLOW_FIRST] = sequence;
      floats[at + FLOW_HIGHEST] = sequence;
    } else if (ahead > 0) {
      this.#forget(flow, low, Math.min(ahead, WINDOW) | 0);
      floats[at + FLOW_HIGHEST] = sequence;
    } else if (ahead > -WINDOW && this.#isSeen(flow, low)) {
      return this.#add(SINK_DUPLICATES, 1);
    } else {
      this.#add(SINK_REORDERED, 1);
      if (sequence < (floats[at + FLOW_FIRST] as number)) floats[at + FLOW_FIRST] = sequence;
    }
    this.#mark(flow, low, ahead > -WINDOW);
    floats[at + FLOW_DISTINCT] = (floats[at + FLOW_DISTINCT] as number) + 1;
  }

  #flowOf(source: number, port: number): number {
    const { key } = this.#flows;
    key[0] = source;
    key[1] = port;
    const known = this.#flows.find();
    if (known >= 0) return known;
    const flow = this.#flows.add(0);
    if (flow < 0) return -1;
    this.#stats.words[2 * flowAt(flow)] = source;
    this.#stats.words[2 * flowAt(flow) + 1] = port;
    this.#stats.floats[SINK_FLOWS] = this.#flows.size;
    return flow;
  }

  // Of a sequence number, the low bits say where in the window it is.

  #isSeen(flow: number, low: number): boolean {
    const bit = low & (WINDOW - 1);
    return (((this.#seen[flow * WINDOW_WORDS + (bit >>> 5)] as number) >>> (bit & 31)) & 1) === 1;
  }

  /** A number that is older than the window has no place in it. */
  #mark(flow: number, low: number, isInWindow: boolean): void {
    if (!isInWindow) return;
    const bit = low & (WINDOW - 1);
    const word = flow * WINDOW_WORDS + (bit >>> 5);
    this.#seen[word] = (this.#seen[word] as number) | (1 << (bit & 31));
  }

  /** The places of the `count` numbers up to the one with the low half `low` belonged to older ones. */
  #forget(flow: number, low: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const bit = (low - i) & (WINDOW - 1);
      const word = flow * WINDOW_WORDS + (bit >>> 5);
      this.#seen[word] = (this.#seen[word] as number) & ~(1 << (bit & 31));
    }
  }

  #add(place: number, n: number): void {
    this.#stats.floats[place] = (this.#stats.floats[place] as number) + n;
  }
}
