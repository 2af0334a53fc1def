/**
 * The egress stage: frames for links whose rate is known wait here, where they are managed, until the link is free.
 *
 * ```
 *   Forward, into a paced link ──> its wire is free and nobody waits ──> as it came
 *                             └──> copied into its wire's queue ──(at the link's rate)──> Forward run ──> (emulation) ──> port.send
 *                                     └─> CoDel, overflow, a link that has gone: counted
 * ```
 * Links without a rate pass by, at the cost of one look a batch while there is no other kind. A link's rate is what somebody has configured: for its
 * peer, or for the listening address that it uses; links of such an address share one wire, as they share the uplink. A wire belongs to one worker, to
 * which the others hand its frames over (handover.ts): the link's entry says to which.
 *
 * Frames wait undecorated: TTL, counter and tag are written when they leave, so nothing that is dropped here looks like loss to the receiver, and no
 * counter waits for longer than a replay window lasts. How much waits that sockets of this node have sent is told to the main thread, by wire, which makes their programs stop.
 */
import {
  BATCH_HELD,
  BATCH_NOW,
  BATCH_RUN_COUNT,
  type Batch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_KIND,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import {
  LINK_ECN_MARKED,
  LINK_OUR_NUMBER,
  LINK_PORT_KIND,
  LINK_QUEUE_DROPPED,
  LINK_QUEUED_FRAMES,
  LINK_RATE,
  LINK_WIRE,
  LINK_WORKER,
  PortKind,
} from '../../memory/link-table.js';
import { PortHandler, portHandlers } from '../../memory/port-table.js';
import { CLASSES, HEADER_WORD_PACED_LINKS, LINK_ENTRY_BYTES } from '../../memory/region.js';
import { wireBacklogWords } from '../../memory/wire-backlogs.js';
import { FrameType } from '../../wire/link-header.js';
import {
  OFFSET_CLASS,
  OFFSET_DESTINATION,
  OFFSET_PROTOCOL,
  OFFSET_SOURCE,
  OFFSET_SOURCE_PORT,
  Protocol,
} from '../../wire/network-header.js';
import type { StageContext } from '../context.js';
import { CELL_BYTES } from '../frame-store.js';
import type { Port } from '../port.js';
import { appendToRun, hasRoom } from '../runs.js';
import { type EgressSink, QueuedFrames } from './queued-frames.js';
import { WireQueue } from './wire-queue.js';

/** Memory for all queues of a worker, which the system provides as it is used; data leaves a part of it to control. */
const STORE_CELLS = (32 << 20) / CELL_BYTES;
const CONTROL_CELLS = STORE_CELLS >> 3;
/** No sleep is shorter, ms: frames of a fast link leave several at a time. */
const SHORTEST_MS = 0.25;
/** Frames that were due and found no room in the slab are tried again after this time, ms. */
const RETRY_MS = 1;

export class EgressStage implements EgressSink {
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #port: Port;
  readonly #clock: () => number;
  readonly #header: Int32Array;
  readonly #entries: Int32Array;
  readonly #links: number;
  readonly #handlers: Uint8Array;
  /** What waits of sockets, for the main thread, by wire. */
  readonly #backlogs: Int32Array | undefined;
  /** Made when the first link is paced. */
  #frames: QueuedFrames | undefined;
  /** By the number that a link's entry says: a link's own index, or behind those a listening address. */
  readonly #wires: (WireQueue | undefined)[] = [];
  /** Those in which something waits. */
  readonly #waiting: WireQueue[] = [];
  #isBlocked = false;
  #isHurried = false;

  /** `worker`: which of those it is that send UDP links. `backlogs`: ts/memory/wire-backlogs.ts, where there are sockets. */
  constructor(context: StageContext, worker: number, backlogs?: SharedArrayBuffer) {
    const { region, batch, counters, port, portKind, clock } = context;
    const { links, linkEntries } = region.layout;
    this.#batch = batch;
    this.#counters = counters;
    this.#port = port;
    this.#clock = clock;
    this.#header = new Int32Array(region.buffer, 0, HEADER_WORD_PACED_LINKS + 1);
    this.#entries = new Int32Array(region.buffer, linkEntries, (links * LINK_ENTRY_BYTES) / 4);
    this.#links = links;
    this.#handlers = portHandlers(region);
    this.#backlogs = backlogs && wireBacklogWords(backlogs);
    for (let link = 1; link < links; link++) {
      // What a predecessor's queues held died with it.
      const entry = (link * LINK_ENTRY_BYTES) / 4;
      const isOurs = portKind !== PortKind.Udp || this.#entries[entry + LINK_WORKER / 4] === worker;
      if (!isOurs || this.#entries[entry + LINK_PORT_KIND / 4] !== portKind) continue;
      this.#entries[entry + LINK_QUEUED_FRAMES / 4] = 0;
      if (this.#entries[entry + LINK_RATE / 4] !== 0) this.#tell(this.#entries[entry + LINK_WIRE / 4] as number, 0);
    }
  }

  /** To be called in each step, when the runs have been decided. */
  step(): void {
    if (this.#header[HEADER_WORD_PACED_LINKS] === 0 && this.#waiting.length === 0) return;
    const { words, floats } = this.#batch;
    this.#frames ??= new QueuedFrames(STORE_CELLS);
    this.#frames.now = floats[BATCH_NOW / 8] as number;
    const runs = words[BATCH_RUN_COUNT] as number;
    for (let index = 0; index < runs; index++) {
      const run = runAt(index);
      if (words[run + RUN_VERDICT] === Verdict.Forward) this.#admit(run, this.#frames);
    }
    this.#isBlocked = false;
    for (let i = this.#waiting.length - 1; i >= 0; i--) this.#release(i, this.#frames);
  }

  /** How long the next step may wait, ms, at most `most`. */
  waitFor(most: number): number {
    if (this.#waiting.length === 0) return most;
    if (this.#isBlocked) return Math.min(most, RETRY_MS);
    const now = this.#clock();
    let wait = most;
    for (const wire of this.#waiting) wait = Math.min(wait, wire.freeAt - now);
    return wait <= 0 ? 0 : Math.max(wait, SHORTEST_MS);
  }

  /** The node closes: what waits leaves with the next steps. */
  hurry(): void {
    this.#isHurried = true;
  }

  codelDropped(frame: number): void {
    this.#drop(frame, COUNTER.codelDropped);
  }

  overflowed(frame: number): void {
    this.#drop(frame, COUNTER.egressFull);
  }

  marked(frame: number): void {
    this.#counters.add(COUNTER.ecnMarked, 1);
    this.#note(frame, LINK_ECN_MARKED, 1);
  }

  /** Lets the first packets of a run pass while the wire is free, and queues the others. */
  #admit(run: number, frames: QueuedFrames): void {
    const { words } = this.#batch;
    const link = words[run + RUN_ARGUMENT] as number;
    if (link <= 0 || link >= this.#links) return; // the port counts it
    const entry = (link * LINK_ENTRY_BYTES) / 4;
    const rate = this.#entries[entry + LINK_RATE / 4] as number;
    if (rate === 0) return;
    const wire = this.#wireAt(this.#entries[entry + LINK_WIRE / 4] as number, frames);
    wire.rate = rate / 8;
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    let passed = 0;
    while (passed < packets && wire.isEmpty && (wire.isFree || this.#isHurried))
      wire.spend(words[packetAt(first + passed++) + 1] as number);
    words[run + RUN_PACKETS] = passed;
    if (passed === 0) words[run + RUN_VERDICT] = Verdict.Done;
    for (let packet = first + passed; packet < first + packets; packet++)
      this.#queue(packet, words[run + RUN_KIND] as number, link, wire, frames);
  }

  #wireAt(index: number, frames: QueuedFrames): WireQueue {
    const known = this.#wires[index];
    if (known) return known;
    const wire = new WireQueue(frames, this);
    wire.number = index;
    this.#wires[index] = wire;
    return wire;
  }

  #queue(packet: number, kind: number, link: number, wire: WireQueue, frames: QueuedFrames): void {
    const { words, slab } = this.#batch;
    const at = words[packetAt(packet)] as number;
    const length = words[packetAt(packet) + 1] as number;
    const isData = (slab.getUint8(at) & 15) === FrameType.Data;
    if (isData && frames.store.freeCells < CONTROL_CELLS) wire.shed();
    const isRefused = isData && frames.store.freeCells < CONTROL_CELLS;
    const frame = isRefused ? -1 : frames.store.put(slab, at, length);
    if (frame < 0) {
      this.#counters.add(COUNTER.egressFull, 1);
      const word = (link * LINK_ENTRY_BYTES + LINK_QUEUE_DROPPED) / 4;
      this.#entries[word] = (this.#entries[word] as number) + 1;
      return;
    }
    frames.since[frame] = frames.now;
    frames.links[frame] = link;
    frames.numbers[frame] = this.#entries[(link * LINK_ENTRY_BYTES + LINK_OUR_NUMBER) / 4] as number;
    frames.kinds[frame] = kind;
    frames.ofSockets[frame] = kind === RunKind.Origin && this.#isOfSocket(at) ? 1 : 0;
    this.#hold(frame, 1);
    if (!wire.isListed) this.#waiting.push(wire);
    wire.isListed = true;
    if (!isData) wire.putControl(frame);
    else wire.putData(frame, Math.min(slab.getUint8(at + OFFSET_CLASS), CLASSES - 1), flowOf(slab, at));
  }

  /** Whether a frame that starts here was sent by a socket. */
  #isOfSocket(frame: number): boolean {
    const { slab } = this.#batch;
    const protocol = slab.getUint8(frame + OFFSET_PROTOCOL);
    if (protocol !== Protocol.Datagram && protocol !== Protocol.Fragment) return false;
    return this.#handlers[slab.getUint16(frame + OFFSET_SOURCE_PORT)] === PortHandler.Socket;
  }

  #tell(wire: number, bytes: number): void {
    if (this.#backlogs) Atomics.store(this.#backlogs, wire, bytes);
  }

  /** Sends what may leave by the wire at place `place` of those in which something waits. */
  #release(place: number, frames: QueuedFrames): void {
    const wire = this.#waiting[place] as WireQueue;
    this.#send(wire, frames);
    if (wire.told !== wire.socketBytes) this.#tell(wire.number, wire.socketBytes);
    wire.told = wire.socketBytes;
    if (!wire.isEmpty) return;
    wire.isListed = false;
    // The last one takes its place: no order among wires is promised.
    const last = this.#waiting.pop() as WireQueue;
    if (place < this.#waiting.length) this.#waiting[place] = last;
  }

  #send(wire: WireQueue, frames: QueuedFrames): void {
    while (wire.isFree || this.#isHurried) {
      const frame = wire.take();
      if (frame < 0) break;
      const bytes = frames.bytes(frame);
      if (!this.#isOfSession(frame)) {
        this.#drop(frame, COUNTER.unknownLink);
        continue;
      }
      const at = hasRoom(this.#batch) ? this.#port.reserve(bytes) : -1;
      if (at < 0) {
        wire.giveBack(frame);
        this.#isBlocked = true;
        return;
      }
      this.#hold(frame, -1);
      wire.spend(bytes);
      frames.store.take(frame, this.#batch.slab, at);
      const link = frames.links[frame] as number;
      appendToRun(this.#batch, frames.kinds[frame] as number, 0, at, bytes, Verdict.Forward, link);
    }
  }

  #drop(frame: number, counter: number): void {
    this.#counters.add(counter, 1);
    this.#note(frame, LINK_QUEUE_DROPPED, 1);
    this.#hold(frame, -1);
    (this.#frames as QueuedFrames).store.drop(frame);
  }

  /** A frame comes to wait (1), or waits no more (-1). */
  #hold(frame: number, change: 1 | -1): void {
    const { words } = this.#batch;
    words[BATCH_HELD] = (words[BATCH_HELD] as number) + change;
    this.#note(frame, LINK_QUEUED_FRAMES, change);
  }

  /** Whether the session into which the frame was to be sent is still that of its link. */
  #isOfSession(frame: number): boolean {
    const { links, numbers } = this.#frames as QueuedFrames;
    const entry = (links[frame] as number) * LINK_ENTRY_BYTES;
    return this.#entries[(entry + LINK_OUR_NUMBER) / 4] === numbers[frame];
  }

  /** Adds to a number in the entry of the frame's link. */
  #note(frame: number, offset: number, change: number): void {
    if (!this.#isOfSession(frame)) return;
    const { links } = this.#frames as QueuedFrames;
    const word = ((links[frame] as number) * LINK_ENTRY_BYTES + offset) / 4;
    this.#entries[word] = (this.#entries[word] as number) + change;
  }
}

/** The same number for all packets of a flow: a mixture of addresses and ports. */
function flowOf(slab: DataView, frame: number): number {
  let hash = Math.imul(slab.getInt32(frame + OFFSET_DESTINATION), 0x01000193);
  hash = Math.imul(hash ^ slab.getInt32(frame + OFFSET_SOURCE), 0x01000193);
  hash = Math.imul(hash ^ slab.getInt32(frame + OFFSET_SOURCE_PORT), 0x2c1b3c6d);
  return hash ^ (hash >>> 15);
}
