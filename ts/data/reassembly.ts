/**
 * Puts fragments (ts/wire/fragment.ts) together again, for datagrams to this node. Bounded in every way, for anybody may send anything:
 *
 * ```
 *   memory      256 datagrams: of up to 4 KB a slot each, of the larger ones 32 at a time
 *   time        2 s after its first part a datagram is given up                          reassemblyTimeout
 *   a source    64 datagrams, of them 8 large: then its own oldest one is given up       reassemblyFull
 *   all slots   are taken: the oldest one is given up                                    reassemblyFull
 *   a part      that cannot be, or does not agree with those before                      fragmentMalformed
 *               that is there already                                                    fragmentDuplicate
 * ```
 * What is counted are parts, each once: a datagram of n parts that is whole leaves n - 1 in `joined`, and goes on as one packet.
 *
 * A datagram's parts must meet in one place: all workers hand them over to worker 0.
 */
import {
  BATCH_HELD,
  BATCH_NOW,
  BATCH_RUN_COUNT,
  type Batch,
  MAX_RUNS,
  packetAt,
  RUN_FIRST,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import {
  FRAGMENT_BYTES,
  FRAGMENT_NUMBER,
  FRAGMENT_PART,
  FRAGMENT_PARTS,
  FRAGMENT_WHOLE,
  isFragment,
  MAX_PARTS,
  MAX_WHOLE,
  partBytes,
} from '../wire/fragment.js';
import { HEADERS_BYTES, OFFSET_PROTOCOL, OFFSET_SOURCE, OFFSET_SOURCE_PORT, Protocol } from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { copyBytes } from './copy.js';
import { FlowTable } from './flow-table.js';
import type { RunTaker } from './local.js';
import type { Port } from './port.js';
import { appendPacket, appendRun } from './runs.js';

export const REASSEMBLY_SLOTS = 256;
export const LARGE_SLOTS = 32;
export const SMALL_BYTES = 4_096;
export const SLOTS_OF_SOURCE = 64;
export const LARGE_OF_SOURCE = 8;
export const REASSEMBLY_MS = 2_000;

// Words of a datagram's key.
const KEY_SOURCE = 0;
const KEY_PORTS = 1;
const KEY_NUMBER = 2;
const KEY_WORDS = 3;

/** Words of the set of parts that have come. */
const SET_WORDS = Math.ceil((MAX_PARTS + 1) / 32);
const LARGE_BYTES = (MAX_WHOLE + 7) & ~7;

export class Reassembly implements RunTaker {
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #port: Port;
  readonly #table = new FlowTable(REASSEMBLY_SLOTS, KEY_WORDS);
  readonly #small = new DataView(new ArrayBuffer(REASSEMBLY_SLOTS * SMALL_BYTES));
  readonly #large = new DataView(new ArrayBuffer(LARGE_SLOTS * LARGE_BYTES));
  readonly #freeLarge = Array.from({ length: LARGE_SLOTS }, (_, slot) => slot);
  // Of each datagram.
  readonly #whole = new Int32Array(REASSEMBLY_SLOTS);
  readonly #parts = new Uint8Array(REASSEMBLY_SLOTS);
  readonly #come = new Uint8Array(REASSEMBLY_SLOTS);
  readonly #set = new Int32Array(REASSEMBLY_SLOTS * SET_WORDS);
  /** Its slot among the large ones; -1: it is small. */
  readonly #largeSlot = new Int32Array(REASSEMBLY_SLOTS).fill(-1);
  /** How many datagrams of each source there are. */
  readonly #ofSource = new Map<number, number>();
  /** Order of beginning. */
  readonly #since = new Float64Array(REASSEMBLY_SLOTS);
  #begun = 0;

  constructor({ batch, counters, port }: StageContext) {
    this.#batch = batch;
    this.#counters = counters;
    this.#port = port;
  }

  /** Datagrams of which some parts are there. */
  get size(): number {
    return this.#table.size;
  }

  /** Fragments for this node: a datagram that becomes whole is appended to the batch, to be delivered. */
  take(run: number): void {
    const { words } = this.#batch;
    const first = words[run + RUN_FIRST] as number;
    const end = first + (words[run + RUN_PACKETS] as number);
    words[run + RUN_VERDICT] = Verdict.Done;
    for (let packet = first; packet < end; packet++) {
      const at = packetAt(packet);
      const refused = this.#add(words[at] as number, words[at + 1] as number, words[run + RUN_LINK] as number);
      if (refused >= 0) this.#counters.add(refused, 1);
    }
  }

  /** Gives up what began before this time. */
  expire(before: number): void {
    for (let slot = this.#table.expired(before); slot >= 0; slot = this.#table.expired(before))
      this.#giveUp(slot, COUNTER.reassemblyTimeout);
  }

  /** Takes one part; the counter under which it was refused, -1 when it was not. */
  #add(frame: number, length: number, link: number): number {
    const { slab, floats } = this.#batch;
    const header = frame + HEADERS_BYTES;
    if (length < HEADERS_BYTES + FRAGMENT_BYTES) return COUNTER.fragmentMalformed;
    const part = slab.getUint8(header + FRAGMENT_PART);
    const parts = slab.getUint8(header + FRAGMENT_PARTS);
    const whole = slab.getUint16(header + FRAGMENT_WHOLE);
    const isPart = isFragment(part, parts, whole, length - HEADERS_BYTES);
    if (!isPart || slab.getUint8(header + FRAGMENT_NUMBER) !== Protocol.Datagram) return COUNTER.fragmentMalformed;

    const { key } = this.#table;
    key[KEY_SOURCE] = slab.getInt32(frame + OFFSET_SOURCE);
    key[KEY_PORTS] = slab.getInt32(frame + OFFSET_SOURCE_PORT);
    key[KEY_NUMBER] = slab.getInt32(header + FRAGMENT_NUMBER);
    let slot = this.#table.find();
    if (slot < 0) slot = this.#begin(whole, parts, floats[BATCH_NOW / 8] as number);
    else if (this.#whole[slot] !== whole || this.#parts[slot] !== parts) return COUNTER.fragmentMalformed;
    const word = slot * SET_WORDS + (part >>> 5);
    const bit = 1 << (part & 31);
    if (((this.#set[word] as number) & bit) !== 0) return COUNTER.fragmentDuplicate;

    this.#set[word] = (this.#set[word] as number) | bit;
    this.#come[slot] = (this.#come[slot] as number) + 1;
    const to = this.#offsetOf(slot) + part * partBytes(whole, parts);
    copyBytes(slab, header + FRAGMENT_BYTES, this.#memoryOf(slot), to, length - HEADERS_BYTES - FRAGMENT_BYTES);
    if (this.#come[slot] === parts) this.#finish(slot, frame, link);
    else this.#hold(1);
    return -1;
  }

  #begin(whole: number, parts: number, now: number): number {
    const isLarge = whole > SMALL_BYTES;
    this.#makeRoom(isLarge);
    const slot = this.#table.add(now);
    const source = this.#table.key[KEY_SOURCE] as number;
    this.#ofSource.set(source, (this.#ofSource.get(source) ?? 0) + 1);
    this.#whole[slot] = whole;
    this.#parts[slot] = parts;
    this.#come[slot] = 0;
    this.#set.fill(0, slot * SET_WORDS, (slot + 1) * SET_WORDS);
    this.#largeSlot[slot] = isLarge ? (this.#freeLarge.pop() as number) : -1;
    this.#since[slot] = this.#begun++;
    return slot;
  }

  /** Gives up datagrams until there is room for one more of the source in the key. */
  #makeRoom(isLarge: boolean): void {
    const source = this.#table.key[KEY_SOURCE] as number;
    if ((this.#ofSource.get(source) ?? 0) >= SLOTS_OF_SOURCE)
      this.#giveUp(this.#oldest(source, false), COUNTER.reassemblyFull);
    else if (this.#table.size === REASSEMBLY_SLOTS)
      this.#giveUp(this.#oldest(undefined, false), COUNTER.reassemblyFull);
    if (!isLarge) return;
    if (this.#countLarge(source) >= LARGE_OF_SOURCE) this.#giveUp(this.#oldest(source, true), COUNTER.reassemblyFull);
    else if (this.#freeLarge.length === 0) this.#giveUp(this.#oldest(undefined, true), COUNTER.reassemblyFull);
  }

  #countLarge(source: number): number {
    let count = 0;
    for (let slot = 0; slot < REASSEMBLY_SLOTS; slot++) if (this.#matches(slot, source, true)) count++;
    return count;
  }

  #oldest(source: number | undefined, large: boolean): number {
    let oldest = -1;
    for (let slot = 0; slot < REASSEMBLY_SLOTS; slot++) {
      if (!this.#matches(slot, source, large)) continue;
      if (oldest < 0 || (this.#since[slot] as number) < (this.#since[oldest] as number)) oldest = slot;
    }
    return oldest;
  }

  #matches(slot: number, source: number | undefined, large: boolean): boolean {
    if (!this.#table.isLive(slot) || (large && (this.#largeSlot[slot] as number) < 0)) return false;
    return source === undefined || this.#table.keyWord(slot, KEY_SOURCE) === source;
  }

  /** All parts are there: the datagram goes on as one packet, with the headers of the part that came last. */
  #finish(slot: number, last: number, link: number): void {
    const { words, slab } = this.#batch;
    const whole = this.#whole[slot] as number;
    const parts = this.#parts[slot] as number;
    const frame = words[BATCH_RUN_COUNT] === MAX_RUNS ? -1 : this.#port.reserve(HEADERS_BYTES + whole);
    const packet = frame < 0 ? -1 : appendPacket(this.#batch, frame, HEADERS_BYTES + whole);
    if (packet < 0) {
      this.#hold(1);
      return this.#giveUp(slot, COUNTER.reassemblyFull);
    }
    copyBytes(slab, last, slab, frame, HEADERS_BYTES);
    slab.setUint8(frame + OFFSET_PROTOCOL, Protocol.Datagram);
    copyBytes(this.#memoryOf(slot), this.#offsetOf(slot), slab, frame + HEADERS_BYTES, whole);
    const run = runAt(appendRun(this.#batch, RunKind.Data, link, packet, 1));
    words[run + RUN_VERDICT] = Verdict.Deliver;
    this.#counters.add(COUNTER.joined, parts - 1);
    this.#hold(1 - parts);
    this.#forget(slot);
  }

  #giveUp(slot: number, counter: number): void {
    const parts = this.#come[slot] as number;
    this.#counters.add(counter, parts);
    this.#hold(-parts);
    this.#forget(slot);
  }

  #forget(slot: number): void {
    const large = this.#largeSlot[slot] as number;
    if (large >= 0) this.#freeLarge.push(large);
    this.#largeSlot[slot] = -1;
    const source = this.#table.keyWord(slot, KEY_SOURCE);
    const others = (this.#ofSource.get(source) as number) - 1;
    if (others > 0) this.#ofSource.set(source, others);
    else this.#ofSource.delete(source);
    this.#table.remove(slot);
  }

  /** Parts that outlive the batch: so that a successor can tell what was lost in a crash. */
  #hold(parts: number): void {
    const { words } = this.#batch;
    words[BATCH_HELD] = (words[BATCH_HELD] as number) + parts;
  }

  #memoryOf(slot: number): DataView {
    return (this.#largeSlot[slot] as number) < 0 ? this.#small : this.#large;
  }

  #offsetOf(slot: number): number {
    const large = this.#largeSlot[slot] as number;
    return large < 0 ? slot * SMALL_BYTES : large * LARGE_BYTES;
  }
}
