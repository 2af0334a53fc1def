/**
 * The receiving half of a portable port: what comes from the network is copied into the slab, checked, and put into the batch at once. The same
 * for datagrams and for frames that were cut from a stream.
 */
import { Inspector } from '../../data/inspect.js';
import { appendPacket, appendRun, appendToRun, hasRoom } from '../../data/runs.js';
import { writeAddress } from '../../memory/address.js';
import { addressAt, BATCH_PACKET_COUNT, BATCH_RUN_COUNT, type Batch, RunKind } from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import type { PortKind } from '../../memory/link-table.js';
import type { Region } from '../../memory/region.js';
import { HEADERS_BYTES } from '../../wire/network-header.js';
import { monotonicNow } from '../clock.js';

/** A datagram, or a frame of a stream, holds at most this much, with room for both headers before it. */
const MAX_FRAME_BYTES = 65_536 + HEADERS_BYTES;

export interface IntakeOptions {
  readonly region: Region;
  readonly batch: Batch;
  readonly counters: CounterBlock;
  /** The kind of links that frames may come for. */
  readonly portKind: PortKind;
  /** Bytes of the slab that one batch may fill. */
  readonly slabBytes: number;
  /** Something came. `full`: nothing more fits before the next step, which must be made now. */
  readonly onWork: (full: boolean) => void;
}

/** Where something came from: a textual IP address and a port. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

export class Intake {
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #slab: Buffer;
  readonly #counters: CounterBlock;
  readonly #inspector: Inspector;
  readonly #slabBytes: number;
  readonly #onWork: (full: boolean) => void;
  /** Where the part of the slab in use starts, and how much of it is taken. */
  #start = 0;
  #taken = 0;

  constructor({ region, batch, counters, portKind, slabBytes, onWork }: IntakeOptions) {
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#slab = Buffer.from(batch.slabBytes.buffer);
    this.#counters = counters;
    this.#inspector = new Inspector(region, batch.slab, portKind);
    this.#slabBytes = slabBytes;
    this.#onWork = onWork;
    this.reset(0);
  }

  /** Where the part of the slab in use starts. */
  get start(): number {
    return this.#start;
  }

  /** Empties the batch; what comes next is put into the part of the slab that starts at `start`. */
  reset(start: number): void {
    this.#start = start;
    this.#taken = 0;
    this.#batch.words[BATCH_RUN_COUNT] = 0;
    this.#batch.words[BATCH_PACKET_COUNT] = 0;
  }

  /** As `Port.reserve`. */
  reserve(bytes: number): number {
    if (this.#taken + bytes > this.#slabBytes) return -1;
    const offset = this.#start + this.#taken;
    this.#taken += (bytes + 7) & ~7;
    return offset;
  }

  /**
   * Takes the frame in bytes `start` to `end` of `bytes`. Its RunKind; or, negative, the complement of the place of the counter under which it
   * was dropped.
   */
  takeFrame(bytes: Uint8Array, start: number, end: number, from: Sender, socket: number): number {
    const length = end - start;
    this.#counters.add(COUNTER.received, 1);
    this.#counters.add(COUNTER.receivedBytes, length);
    const at = this.#copyIn(bytes, start, end, 0);
    const kind = this.#inspector.inspect(at, length, monotonicNow());
    if (kind < 0) this.#counters.add(~kind, 1);
    else if (kind === RunKind.Handshake) this.#appendWithSender(kind, 0, at, length, from, socket);
    else appendToRun(this.#batch, kind, this.#inspector.link, at, length);
    if (kind >= 0) this.#onWork(false);
    return kind;
  }

  /** Takes a plain datagram, for a port forward. */
  takeDatagram(message: Uint8Array, from: Sender, socket: number): void {
    const at = this.#copyIn(message, 0, message.byteLength, HEADERS_BYTES) + HEADERS_BYTES;
    this.#appendWithSender(RunKind.Raw, socket, at, message.byteLength, from, socket);
    this.#onWork(false);
  }

  /** Takes the news that nobody listens where a connected socket of a port forward sends to. */
  takeRefusal(socket: number): void {
    if (!hasRoom(this.#batch)) this.#onWork(true);
    appendRun(this.#batch, RunKind.Refused, socket, this.#batch.words[BATCH_PACKET_COUNT] as number, 0);
    this.#onWork(false);
  }

  #appendWithSender(kind: number, link: number, at: number, length: number, from: Sender, socket: number): void {
    const run = appendRun(this.#batch, kind, link, appendPacket(this.#batch, at, length), 1);
    writeAddress(this.#batchView, addressAt(run), from.address, from.port, socket);
  }

  /** Copies into the slab behind `headroom` bytes; where the headroom starts. */
  #copyIn(bytes: Uint8Array, start: number, end: number, headroom: number): number {
    if (!hasRoom(this.#batch) || this.#taken + MAX_FRAME_BYTES > this.#slabBytes) this.#onWork(true);
    const at = this.reserve(headroom + end - start);
    this.#slab.set(start === 0 && end === bytes.byteLength ? bytes : bytes.subarray(start, end), at + headroom);
    return at;
  }
}
