/**
 * Where this node's own packets go, and how many: a small table a worker, from which the control thread learns which flows last (docs/routing.md, O1).
 *
 * ```
 *   worker 0 | worker 1 | ...        each 256 entries of 16 bytes, in pairs: an entry's place in a pair is free
 *
 *   entry    +-------------+-------+---------+-------+
 *            | destination | class | packets | claim |    0: never used (nobody is node 0)
 *            +-------------+-------+---------+-------+
 * ```
 * A packet counts in the entry of its destination and class, and adds to the claim, up to {@link MOST_CLAIM}. A packet that finds neither entry of its pair its own takes as much from the lesser claim, and the
 * entry itself when nothing of that is left. So who sends much stays, who sends no more gives way soon, and two flows of one pair do not turn each other out all the time. With 64 flows, three of them share a pair in 3 % of cases;
 * then the least is seen late or not at all, which costs it a better path and nothing else.
 *
 * Proof. *Who writes*: each table its worker alone, by plain stores of words, each whole. *Who reads*: the control thread, by plain loads, now and then. *Valid*: packets only grows (modulo 2^32) while destination
 * and class stay. *What a reader may see*: an entry that changes hands, half of it: the packets of one flow for those of another, once. It is a hint: a flow is looked after when
 * it has been seen in several readings. *Forbidden*: two workers with one table; a successor goes on with what its predecessor counted.
 */
import type { NodeId } from '../kit/node-id.js';

const ENTRIES = 256;
const WORDS = 4;
const TABLE_WORDS = ENTRIES * WORDS;
const DESTINATION = 0;
const CLASS = 1;
const PACKETS = 2;
const CLAIM = 3;
/** A flow that has ended keeps its entry for as many packets of a rival. */
const MOST_CLAIM = 64;
/** Pairs: 2^7. */
const SHIFT = 32 - 7;

export function createFlowCounts(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * TABLE_WORDS * 4);
}

/** A worker's end. */
export class FlowCounter {
  readonly #words: Int32Array;

  constructor(counts: SharedArrayBuffer, worker: number) {
    this.#words = new Int32Array(counts, worker * TABLE_WORDS * 4, TABLE_WORDS);
  }

  /** Packets of one run that start here. `destination`: as a signed word. */
  note(destination: number, trafficClass: number, packets: number): void {
    const pair = (Math.imul(destination + trafficClass, 0x9e3779b1) >>> SHIFT) * 2 * WORDS;
    if (this.#isOf(pair, destination, trafficClass)) this.#count(pair, packets);
    else if (this.#isOf(pair + WORDS, destination, trafficClass)) this.#count(pair + WORDS, packets);
    else this.#contest(pair, destination, trafficClass, packets);
  }

  #isOf(at: number, destination: number, trafficClass: number): boolean {
    return this.#words[at + DESTINATION] === destination && this.#words[at + CLASS] === trafficClass;
  }

  #count(at: number, packets: number): void {
    const words = this.#words;
    words[at + PACKETS] = (words[at + PACKETS] as number) + packets;
    words[at + CLAIM] = Math.min(MOST_CLAIM, (words[at + CLAIM] as number) + packets);
  }

  #contest(pair: number, destination: number, trafficClass: number, packets: number): void {
    const words = this.#words;
    const isFirstLess = (words[pair + CLAIM] as number) <= (words[pair + WORDS + CLAIM] as number);
    const at = isFirstLess ? pair : pair + WORDS;
    const left = (words[at + CLAIM] as number) - packets;
    words[at + CLAIM] = left;
    if (left >= 0 && words[at + DESTINATION] !== 0) return;
    words[at + PACKETS] = 0;
    words[at + DESTINATION] = destination;
    words[at + CLASS] = trafficClass;
    words[at + PACKETS] = packets;
    words[at + CLAIM] = Math.min(MOST_CLAIM, packets);
  }
}

/** Packets to one destination in one class since the last reading. */
export interface FlowReading {
  readonly destination: NodeId;
  readonly trafficClass: number;
  readonly packets: number;
}

/** The control thread's end. One object a node. */
export class FlowReader {
  readonly #words: Int32Array;
  /** The words as they were at the last reading. */
  readonly #before: Int32Array;

  constructor(counts: SharedArrayBuffer) {
    this.#words = new Int32Array(counts);
    this.#before = new Int32Array(this.#words.length);
  }

  /** What all workers together have counted since the last time. */
  read(): FlowReading[] {
    const flows = new Map<number, FlowReading>();
    for (let at = 0; at < this.#words.length; at += WORDS) {
      const packets = this.#news(at);
      if (packets === 0) continue;
      const destination = (this.#before[at + DESTINATION] as number) >>> 0;
      const trafficClass = this.#before[at + CLASS] as number;
      // The class has 8 bits at most (a byte of the header), the id 32.
      const key = destination * 256 + trafficClass;
      flows.set(key, { destination, trafficClass, packets: packets + (flows.get(key)?.packets ?? 0) });
    }
    return [...flows.values()];
  }

  #news(at: number): number {
    const [words, before] = [this.#words, this.#before];
    const packets = words[at + PACKETS] as number;
    const isSame = words[at + DESTINATION] === before[at + DESTINATION] && words[at + CLASS] === before[at + CLASS];
    const news = isSame ? (packets - (before[at + PACKETS] as number)) >>> 0 : packets >>> 0;
    before.set(words.subarray(at, at + CLAIM), at);
    return news;
  }
}
