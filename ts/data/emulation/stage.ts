/**
 * The emulation stage, the last before the port: a network that is slow, lossy or narrow, for tests and for people, in the node's own way out.
 *
 * ```
 *   Forward, by an emulated link ──seal──┐
 *                                        ├──> wire ──> delay store ──(due)──> Raw run ──> port.send
 *   Raw, by an emulated address ─────────┘      └─> lost, full, too large: counted
 * ```
 * Frames are sealed first: their counters are given out before they are lost or delayed, so the receiver sees what a network does and not a gap less.
 * What leaves by the sockets of port forwards has left the overlay, and is not touched.
 *
 * Frames come out no earlier than they should and a tenth of a millisecond later; where sleeps end on a millisecond (the portable path, kernels
 * before 5.11), up to about one.
 */
import { type EmulationRule, ruleFor } from '../../kit/emulation.js';
import type { Random } from '../../kit/random.js';
import {
  ADDRESS_BYTES,
  addressAt,
  BATCH_HELD,
  BATCH_NOW,
  BATCH_RUN_COUNT,
  type Batch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import { LINK_OUR_NUMBER, LINK_PEER_ID, LINK_SOCKET } from '../../memory/link-table.js';
import { LINK_ENTRY_BYTES } from '../../memory/region.js';
import { OFFSET_DESTINATION } from '../../wire/network-header.js';
import type { StageContext } from '../context.js';
import { copyBytes } from '../copy.js';
import { CELL_BYTES, FrameStore } from '../frame-store.js';
import type { Port } from '../port.js';
import { appendPacket, appendRun, hasRoom } from '../runs.js';
import type { EmulationStart } from '../worker-contract.js';
import { EmulatedChannels, FULL, LOST, ticksOf } from './channel.js';
import { ReleaseHeap } from './release-heap.js';

/** Room for delayed frames: a second at half a gigabit, in memory that the system provides as it is used. */
const STORE_CELLS = (64 << 20) / CELL_BYTES;
/** No sleep is shorter, ms: frames of a fast wire come out several at a time. */
const SHORTEST_MS = 0.1;
/** Frames that were due and found no room in the slab are tried again after this time, ms. */
const RETRY_MS = 1;

export class EmulationStage {
  readonly #batch: Batch;
  readonly #view: DataView;
  readonly #counters: CounterBlock;
  readonly #port: Port;
  readonly #clock: () => number;
  readonly #rules: readonly EmulationRule[];
  readonly #channels: EmulatedChannels;
  readonly #entries: Int32Array;
  /** Sockets below this are listening addresses. */
  readonly #sockets: number;
  readonly #ruleOfSocket: Int32Array;
  /** Of what leaves by connections that this node dials, before the peer is known. */
  readonly #ruleOfDialed: number;
  readonly #namesPeers: boolean;
  /** By link: its rule, and the session for which that holds. */
  readonly #ruleOfLink: Int32Array;
  readonly #numbers: Int32Array;
  readonly #store = new FrameStore(STORE_CELLS);
  readonly #heap = new ReleaseHeap(STORE_CELLS);
  /** By frame: where it goes. */
  readonly #addresses = new DataView(new ArrayBuffer(STORE_CELLS * ADDRESS_BYTES));
  #isBlocked = false;
  #isHurried = false;

  /** `sockets`: how many listening addresses the node has. */
  constructor(
    { region, batch, counters, port, clock }: StageContext,
    { rules, wires }: EmulationStart,
    sockets: number,
    random: Random,
  ) {
    const { links, linkEntries } = region.layout;
    this.#batch = batch;
    this.#view = new DataView(batch.words.buffer);
    this.#counters = counters;
    this.#port = port;
    this.#clock = clock;
    this.#rules = rules;
    this.#channels = new EmulatedChannels(
      rules.map(({ model }) => model),
      new Int32Array(wires),
      random,
    );
    this.#entries = new Int32Array(region.buffer, linkEntries, (links * LINK_ENTRY_BYTES) / 4);
    this.#sockets = sockets;
    this.#ruleOfSocket = Int32Array.from({ length: sockets }, (_, socket) => ruleFor(rules, socket, 0));
    this.#ruleOfDialed = ruleFor(rules, -1, 0);
    this.#namesPeers = rules.some(({ target }) => target.kind === 'peer');
    this.#ruleOfLink = new Int32Array(links).fill(-1);
    this.#numbers = new Int32Array(links);
  }

  /** To be called in each step, before the port sends. */
  step(): void {
    const { words, floats } = this.#batch;
    const now = ticksOf(floats[BATCH_NOW / 8] as number);
    this.#channels.setNow(floats[BATCH_NOW / 8] as number);
    const runs = words[BATCH_RUN_COUNT] as number;
    for (let index = 0; index < runs; index++) {
      const verdict = words[runAt(index) + RUN_VERDICT];
      if (verdict === Verdict.Forward) this.#takeFromLink(index, now);
      else if (verdict === Verdict.Raw) this.#takeFromSocket(index, now);
    }
    this.#release(now);
  }

  /** How long the next step may wait, ms, at most `most`. */
  waitFor(most: number): number {
    if (this.#heap.size === 0) return most;
    if (this.#isBlocked) return Math.min(most, RETRY_MS);
    const ticks = (this.#heap.firstTick - ticksOf(this.#clock())) | 0;
    return ticks <= 0 ? 0 : Math.min(most, Math.max(SHORTEST_MS, ticks / 1000));
  }

  /** The node closes: what is held leaves with the next steps, and nothing is delayed any more. */
  hurry(): void {
    this.#isHurried = true;
  }

  #takeFromLink(index: number, now: number): void {
    const link = this.#batch.words[runAt(index) + RUN_ARGUMENT] as number;
    const rule = this.#findRule(link);
    if (rule < 0) return;
    this.#port.seal(index);
    if (this.#batch.words[runAt(index) + RUN_VERDICT] === Verdict.Raw)
      this.#take(index, rule, this.#wire(rule, link), now);
  }

  #takeFromSocket(index: number, now: number): void {
    const socket = this.#batch.words[runAt(index) + RUN_ARGUMENT] as number;
    if (socket >= this.#sockets) return;
    const rule = this.#ruleOfHandshake(index, socket);
    if (rule >= 0) this.#take(index, rule, rule, now);
  }

  /** Handshake frames name the node that they are meant for, as far as the sender knows: they take the way of its link. */
  #ruleOfHandshake(index: number, socket: number): number {
    if (this.#namesPeers) {
      const { words, slab } = this.#batch;
      const frame = words[packetAt(words[runAt(index) + RUN_FIRST] as number)] as number;
      const peer = slab.getUint32(frame + OFFSET_DESTINATION);
      if (peer !== 0) return ruleFor(this.#rules, socket, peer);
    }
    return socket < 0 ? this.#ruleOfDialed : (this.#ruleOfSocket[socket] as number);
  }

  /** The link's rule, -1: none. Looked up once a session. */
  #findRule(link: number): number {
    if (link <= 0 || link >= this.#numbers.length) return -1; // the port counts it
    const entry = (link * LINK_ENTRY_BYTES) / 4;
    const number = this.#entries[entry + LINK_OUR_NUMBER / 4] as number;
    if (this.#numbers[link] === number) return this.#ruleOfLink[link] as number;
    this.#numbers[link] = number;
    const socket = this.#entries[entry + LINK_SOCKET / 4] as number;
    const peer = (this.#entries[entry + LINK_PEER_ID / 4] as number) >>> 0;
    this.#ruleOfLink[link] = ruleFor(this.#rules, socket, peer);
    return this.#ruleOfLink[link];
  }

  /** A rule about everything is a wire a link; any other is one wire, whatever leaves by it. */
  #wire(rule: number, link: number): number {
    return (this.#rules[rule] as EmulationRule).target.kind === 'all' ? this.#rules.length + link : rule;
  }

  /** Puts the packets of a Raw run into a wire. */
  #take(index: number, rule: number, wire: number, now: number): void {
    const { words, slab } = this.#batch;
    const run = runAt(index);
    const first = words[run + RUN_FIRST] as number;
    const end = first + (words[run + RUN_PACKETS] as number);
    for (let packet = first; packet < end; packet++) {
      const length = words[packetAt(packet) + 1] as number;
      const after = this.#channels.enter(rule, wire, length);
      const frame = after < 0 ? -1 : this.#store.put(slab, words[packetAt(packet)] as number, length);
      if (frame < 0) {
        this.#counters.add(counterOf(after), 1);
        continue;
      }
      copyBytes(this.#view, addressAt(index), this.#addresses, frame * ADDRESS_BYTES, ADDRESS_BYTES);
      this.#addresses.setInt32(frame * ADDRESS_BYTES + ADDRESS_BYTES - 4, words[run + RUN_ARGUMENT] as number, true);
      this.#heap.push(frame, (now + after) | 0);
      words[BATCH_HELD] = (words[BATCH_HELD] as number) + 1;
    }
    words[run + RUN_VERDICT] = Verdict.Done;
  }

  /** What is due goes back into the batch. */
  #release(now: number): void {
    const heap = this.#heap;
    const { slab } = this.#batch;
    this.#isBlocked = false;
    let run = -1;
    while (heap.size > 0 && (this.#isHurried || ((heap.firstTick - now) | 0) <= 0)) {
      const frame = heap.first;
      const length = this.#store.length(frame);
      const at = hasRoom(this.#batch) ? this.#port.reserve(length) : -1;
      if (at < 0) {
        this.#isBlocked = true;
        return;
      }
      heap.pop();
      run = this.#append(frame, at, length, run >= 0 && this.#goesWith(frame, run) ? run : -1);
      this.#store.take(frame, slab, at);
    }
  }

  /** Whether the frame goes where the run goes. */
  #goesWith(frame: number, run: number): boolean {
    for (let i = 0; i < ADDRESS_BYTES; i += 4)
      if (this.#addresses.getInt32(frame * ADDRESS_BYTES + i) !== this.#view.getInt32(addressAt(run) + i)) return false;
    return true;
  }

  /** Appends a packet to run `run` (-1: to one of its own); the run. */
  #append(frame: number, at: number, length: number, run: number): number {
    const { words } = this.#batch;
    const packet = appendPacket(this.#batch, at, length);
    words[BATCH_HELD] = (words[BATCH_HELD] as number) - 1;
    if (run >= 0) {
      words[runAt(run) + RUN_PACKETS] = (words[runAt(run) + RUN_PACKETS] as number) + 1;
      return run;
    }
    const added = appendRun(this.#batch, RunKind.Origin, 0, packet, 1);
    copyBytes(this.#addresses, frame * ADDRESS_BYTES, this.#view, addressAt(added), ADDRESS_BYTES);
    words[runAt(added) + RUN_VERDICT] = Verdict.Raw;
    words[runAt(added) + RUN_ARGUMENT] = this.#addresses.getInt32(frame * ADDRESS_BYTES + ADDRESS_BYTES - 4, true);
    return added;
  }
}

/** Under which name a frame is counted that does not come out. A frame for which there was no room has a time. */
function counterOf(after: number): number {
  if (after === LOST) return COUNTER.emulatedLoss;
  return after === FULL || after >= 0 ? COUNTER.emulatedFull : COUNTER.emulatedTooLarge;
}
