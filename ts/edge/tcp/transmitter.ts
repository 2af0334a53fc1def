/**
 * The sending half of the TCP port: finishes what leaves, and hands it to the queues of its connection.
 *
 * ```
 *   control, hello, handshake ─────────────────────────────────────────────> written with this step
 *   data ── nothing waits, and there is room ── finished ──────────────────> written with this step
 *     └── else: copied ──> waits, up to 256 KB ──room──> finished ─────────> written with a later step
 *                            └── more: dropped, as tcpBacklogFull
 * ```
 * While data waits, the peer is asked every {@link ASK_MS} ms what it has received, by repeating the last hello: its worker answers at once, and to
 * both control planes it is a hello that came twice.
 */
import { RunFinisher } from '../../data/finish.js';
import {
  BATCH_NOW,
  type Batch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_KIND,
  RUN_PACKETS,
  RunKind,
} from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import type { Region } from '../../memory/region.js';
import {
  HELLO_CLOCK,
  HELLO_FLAG_REPLY,
  HELLO_FLAGS,
  HELLO_FRAME_BYTES,
  HELLO_HELD,
  HELLO_LAST_COUNTER,
} from '../../wire/hello.js';
import {
  FrameType,
  LINK_INDEX_MASK,
  OFFSET_COUNTER,
  OFFSET_LINK_NUMBER,
  OFFSET_TTL,
  OFFSET_VERSION_TYPE,
} from '../../wire/link-header.js';
import { HEADERS_BYTES } from '../../wire/network-header.js';
import type { Connection } from './connection.js';
import { type Chunks, SOCKET_DATA_BYTES, TOTAL_BACKLOG_BYTES } from './out-queue.js';
import type { TcpLinks } from './tcp-links.js';

/** Bytes of data that may wait. */
export const DATA_BACKLOG_BYTES = 256 * 1024;
/** Handshake frames that may wait for a connection to come up, in bytes. */
const CONNECTING_BACKLOG_BYTES = 8 * 1024;
/** How often the peer is asked for a report while data waits for one, ms. */
const ASK_MS = 20;

export interface TransmitterParts {
  readonly region: Region;
  readonly batch: Batch;
  readonly counters: CounterBlock;
  readonly links: TcpLinks;
  readonly chunks: Chunks;
  /** As `Port.reserve`. */
  readonly reserve: (bytes: number) => number;
}

export class Transmitter {
  readonly finisher: RunFinisher;
  readonly #parts: TransmitterParts;
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #links: TcpLinks;
  readonly #chunks: Chunks;
  readonly #toFlush = new Set<Connection>();
  readonly #waiting = new Set<Connection>();
  /** The node closes: what waits leaves, whatever room there is. */
  #hurries = false;

  constructor(parts: TransmitterParts) {
    const { region, batch, counters, links, chunks } = parts;
    this.finisher = new RunFinisher(region, batch, counters);
    this.#parts = parts;
    this.#batch = batch;
    this.#counters = counters;
    this.#links = links;
    this.#chunks = chunks;
  }

  /** Whether data waits for room. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  hurry(): void {
    this.#hurries = true;
  }

  /** Sends a run of a live link by its connection; how many of its packets left or wait. */
  sendIntoLink(run: number, connection: Connection): number {
    const { words } = this.#batch;
    const type = this.finisher.typeOf(run);
    const isTransit = words[run + RUN_KIND] === RunKind.Data;
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    if (type === FrameType.Data) {
      const fitting = connection.data.frames > 0 ? 0 : this.#fitting(connection, first, packets);
      const finished = this.finisher.finishPart(run, first, fitting);
      for (let packet = first; packet < first + finished; packet++) this.#writePacket(connection, packet, isTransit);
      return finished + this.#waitAll(run, connection, first + fitting, packets - fitting);
    }
    const finished = this.finisher.finish(run);
    for (let packet = first; packet < first + finished; packet++) {
      if (type === FrameType.Hello) this.#remember(connection, packet, words[run + RUN_ARGUMENT] as number);
      this.#writePacket(connection, packet, isTransit);
    }
    return finished;
  }

  /** Sends frames that were finished before, and handshakes. */
  sendRaw(run: number, connection: Connection): number {
    const { words } = this.#batch;
    const type = this.finisher.typeOf(run);
    const first = words[run + RUN_FIRST] as number;
    let sent = 0;
    for (let packet = first; packet < first + (words[run + RUN_PACKETS] as number); packet++) {
      const length = words[packetAt(packet) + 1] as number;
      const mustWait = connection.data.frames > 0 || this.#fitting(connection, packet, 1) === 0;
      if (type === FrameType.Data && mustWait) {
        if (this.#wait(connection, packet, 0, false)) sent++;
      } else if (connection.isConnecting && connection.queue.backlog + length > CONNECTING_BACKLOG_BYTES)
        this.#counters.add(COUNTER.tcpBacklogFull, 1);
      else {
        this.#writePacket(connection, packet, false);
        sent++;
      }
    }
    return sent;
  }

  /** At the end of a step: what waits and has room follows, and all leaves. */
  flush(): void {
    for (const connection of this.#waiting) {
      this.#drain(connection);
      if (connection.data.frames === 0) this.#waiting.delete(connection);
      else this.#ask(connection);
    }
    for (const connection of this.#toFlush) connection.queue.flush();
    this.#toFlush.clear();
  }

  /** A hello or a reply has come, which is authentic: it tells what of ours has arrived. */
  report(connection: Connection, bytes: Uint8Array, start: number, end: number, now: number): void {
    if (end - start < HELLO_FRAME_BYTES) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, HELLO_FRAME_BYTES);
    const number = this.#links.peerNumber(view.getInt32(OFFSET_LINK_NUMBER) & LINK_INDEX_MASK);
    connection.window.reported(number, view.getInt32(HEADERS_BYTES + HELLO_LAST_COUNTER + 4), now);
    if ((view.getUint8(HEADERS_BYTES + HELLO_FLAGS) & HELLO_FLAG_REPLY) === 0) return;
    const clock =
      view.getUint32(HEADERS_BYTES + HELLO_CLOCK) * 2 ** 32 + view.getUint32(HEADERS_BYTES + HELLO_CLOCK + 4);
    connection.window.measured(now - (clock + view.getUint32(HEADERS_BYTES + HELLO_HELD)) / 1000);
  }

  /** How many packets from `first` on may leave now. */
  #fitting(connection: Connection, first: number, packets: number): number {
    let room = Math.min(connection.window.room, SOCKET_DATA_BYTES - connection.queue.backlog);
    for (let fitting = 0; fitting < packets; fitting++) {
      if (room <= 0) return fitting;
      room -= this.#batch.words[packetAt(first + fitting) + 1] as number;
    }
    return packets;
  }

  #waitAll(run: number, connection: Connection, first: number, packets: number): number {
    if (packets === 0) return 0;
    const { words } = this.#batch;
    const limit = this.finisher.limit(run);
    const number = this.#links.ourNumber(words[run + RUN_ARGUMENT] as number);
    const isTransit = words[run + RUN_KIND] === RunKind.Data;
    let waiting = 0;
    for (let packet = first; packet < first + packets; packet++) {
      if ((words[packetAt(packet) + 1] as number) > limit) this.#counters.add(COUNTER.oversize, 1);
      else if (this.#wait(connection, packet, number, isTransit)) waiting++;
    }
    return waiting;
  }

  /** Lets one data frame wait; false when it was dropped, and counted. */
  #wait(connection: Connection, packet: number, number: number, isTransit: boolean): boolean {
    const { words, slabBytes } = this.#batch;
    const length = words[packetAt(packet) + 1] as number;
    if (connection.isClosed) {
      this.#counters.add(COUNTER.sendFailed, 1);
      return false;
    }
    if (connection.data.bytes + length > DATA_BACKLOG_BYTES) {
      this.#counters.add(COUNTER.tcpBacklogFull, 1);
      if (number !== 0) this.finisher.writer.skip(number & LINK_INDEX_MASK, length);
      return false;
    }
    connection.data.push(slabBytes, words[packetAt(packet)] as number, length, number, isTransit);
    this.#chunks.hold(1);
    this.#waiting.add(connection);
    return true;
  }

  #drain(connection: Connection): void {
    const { data, window, queue } = connection;
    while (data.frames > 0) {
      const hasRoom = window.room > 0 && queue.backlog < SOCKET_DATA_BYTES;
      if (!hasRoom && !this.#hurries) {
        if (window.room <= 0) window.short();
        return;
      }
      const { length, number, isTransit } = data;
      const at = this.#parts.reserve(length);
      if (at < 0) return; // the slab is full: with the next step
      data.take(this.#batch.slabBytes, at);
      this.#chunks.hold(-1);
      const link = number & LINK_INDEX_MASK;
      if (number === 0) this.#write(connection, at, length, false);
      else if (!this.#links.has(link) || this.#links.ourNumber(link) !== number)
        this.#counters.add(COUNTER.unknownLink, 1);
      else {
        this.finisher.writer.write(link, at, length, isTransit, this.#now);
        this.#write(connection, at, length, isTransit);
      }
    }
  }

  #remember(connection: Connection, packet: number, link: number): void {
    const { words, slab, slabBytes } = this.#batch;
    const at = words[packetAt(packet)] as number;
    const isReply = (slab.getUint8(at + HEADERS_BYTES + HELLO_FLAGS) & HELLO_FLAG_REPLY) !== 0;
    if (isReply || words[packetAt(packet) + 1] !== HELLO_FRAME_BYTES) return;
    connection.lastHello.set(slabBytes.subarray(at, at + HELLO_FRAME_BYTES));
    connection.lastHelloOf = this.#links.ourNumber(link);
  }

  /** Repeats the last hello, with the time of now. */
  #ask(connection: Connection): void {
    const link = connection.lastHelloOf & LINK_INDEX_MASK;
    if (this.#now - connection.askedAt < ASK_MS || !this.#links.has(link)) return;
    if (this.#links.ourNumber(link) !== connection.lastHelloOf) return;
    const at = this.#parts.reserve(HELLO_FRAME_BYTES);
    if (at < 0) return;
    connection.askedAt = this.#now;
    const { slab, slabBytes } = this.#batch;
    slabBytes.set(connection.lastHello, at);
    slab.setUint8(at + OFFSET_TTL, 1);
    const clock = Math.max(0, Math.round(this.#now * 1000));
    slab.setUint32(at + HEADERS_BYTES + HELLO_CLOCK, Math.floor(clock / 2 ** 32));
    slab.setUint32(at + HEADERS_BYTES + HELLO_CLOCK + 4, clock >>> 0);
    this.#counters.add(COUNTER.originated, 1);
    this.finisher.writer.write(link, at, HELLO_FRAME_BYTES, false, this.#now);
    this.#write(connection, at, HELLO_FRAME_BYTES, false);
  }

  #writePacket(connection: Connection, packet: number, isTransit: boolean): void {
    const { words } = this.#batch;
    this.#write(connection, words[packetAt(packet)] as number, words[packetAt(packet) + 1] as number, isTransit);
  }

  /** Gives one finished frame to the connection. */
  #write(connection: Connection, at: number, length: number, isTransit: boolean): void {
    if (connection.isClosed) return this.#counters.add(COUNTER.sendFailed, 1);
    if (connection.queue.backlog + length > TOTAL_BACKLOG_BYTES && !this.#hurries) {
      this.#counters.add(COUNTER.tcpStalled, 1);
      this.#counters.add(COUNTER.sendFailed, 1);
      connection.destroy();
      return;
    }
    const { slab, slabBytes } = this.#batch;
    connection.queue.add(slabBytes, at, length, isTransit);
    this.#toFlush.add(connection);
    if ((slab.getUint8(at + OFFSET_VERSION_TYPE) & 15) === FrameType.Handshake) return;
    connection.window.sent(
      slab.getInt32(at + OFFSET_LINK_NUMBER),
      slab.getInt32(at + OFFSET_COUNTER),
      length,
      this.#now,
    );
  }

  get #now(): number {
    return this.#batch.floats[BATCH_NOW / 8] as number;
  }
}
