/**
 * The load sink: takes what comes to its port, and measures: packets and bytes, what was lost, came twice or out of order, the delay of each, and
 * the longest silence. What it finds stands in shared memory (ts/memory/load-stats.ts), readable while it runs.
 *
 * For each flow it keeps the highest sequence number and which of the 1024 below it have come.
 */

import { record } from '../kit/histogram.js';
import { BATCH_NOW, type Batch, packetAt, RUN_FIRST, RUN_PACKETS, RUN_VERDICT, Verdict } from '../memory/batch.js';
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
    const { words, floats, slab } = this.#batch;
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    const now = this.#clock();
    for (let packet = first; packet < first + packets; packet++) {
      const frame = words[packetAt(packet)] as number;
      const length = words[packetAt(packet) + 1] as number;
      this.#add(SINK_BYTES, length - HEADERS_BYTES);
      this.#watchSequence(frame, floats[BATCH_NOW / 8] as number);
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

  #watchSequence(frame: number, now: number): void {
    const { slab } = this.#batch;
    const { floats } = this.#stats;
    const flow = this.#flowOf(slab.getInt32(frame + OFFSET_SOURCE), slab.getUint16(frame + OFFSET_SOURCE_PORT), now);
    if (flow < 0) return;
    const at = flowAt(flow);
    const sequence =
      slab.getUint32(frame + OFFSET_SEQUENCE) * 0x1_0000_0000 + slab.getUint32(frame + OFFSET_SEQUENCE + 4);
    const highest = floats[at + FLOW_HIGHEST] as number;
    if (floats[at + FLOW_DISTINCT] === 0) {
      floats[at + FLOW_FIRST] = sequence;
      floats[at + FLOW_HIGHEST] = sequence;
    } else if (sequence > highest) {
      this.#forget(flow, highest, sequence);
      floats[at + FLOW_HIGHEST] = sequence;
    } else if (highest - sequence < WINDOW && this.#isSeen(flow, sequence)) {
      return this.#add(SINK_DUPLICATES, 1);
    } else {
      this.#add(SINK_REORDERED, 1);
      if (sequence < (floats[at + FLOW_FIRST] as number)) floats[at + FLOW_FIRST] = sequence;
    }
    this.#markSeen(flow, sequence);
    floats[at + FLOW_DISTINCT] = (floats[at + FLOW_DISTINCT] as number) + 1;
  }

  #flowOf(source: number, port: number, now: number): number {
    const { key } = this.#flows;
    key[0] = source;
    key[1] = port;
    const known = this.#flows.find();
    if (known >= 0) return known;
    const flow = this.#flows.add(now);
    if (flow < 0) return -1;
    this.#stats.words[2 * flowAt(flow)] = source;
    this.#stats.words[2 * flowAt(flow) + 1] = port;
    this.#stats.floats[SINK_FLOWS] = this.#flows.size;
    return flow;
  }

  #isSeen(flow: number, sequence: number): boolean {
    const bit = sequence % WINDOW;
    return (((this.#seen[flow * WINDOW_WORDS + (bit >>> 5)] as number) >>> (bit & 31)) & 1) === 1;
  }

  #markSeen(flow: number, sequence: number): void {
    const bit = sequence % WINDOW;
    const word = flow * WINDOW_WORDS + (bit >>> 5);
    this.#seen[word] = (this.#seen[word] as number) | (1 << (bit & 31));
  }

  /** The places of the numbers between `highest` and `sequence` belonged to older ones. */
  #forget(flow: number, highest: number, sequence: number): void {
    const from = Math.max(highest + 1, sequence - WINDOW + 1);
    for (let i = from; i <= sequence; i++) {
      const bit = i % WINDOW;
      const word = flow * WINDOW_WORDS + (bit >>> 5);
      this.#seen[word] = (this.#seen[word] as number) & ~(1 << (bit & 31));
    }
  }

  #add(place: number, n: number): void {
    this.#stats.floats[place] = (this.#stats.floats[place] as number) + n;
  }
}
