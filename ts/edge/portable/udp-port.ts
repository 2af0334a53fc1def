/**
 * The portable port: UDP over node:dgram, the twin of the native one. Same checks, same counters, same tests; only slower, for dgram
 * costs a trip through the kernel, an object and a buffer a packet.
 *
 * dgram pushes, a port is pulled: what arrives is checked and put into the batch at once, and `onWork` tells the worker, which then calls
 * `receive` and the rest of its step. The slab has two halves. A half is free again after `send`, unless a socket was full: then dgram still
 * reads from that half, the other one is used, and as long as both are needed what is sent is copied.
 */
import type { RemoteInfo, Socket } from 'node:dgram';
import { Inspector } from '../../data/inspect.js';
import type { LocalPeer, Port } from '../../data/port.js';
import { appendPacket, appendRun, appendToRun, hasRoom } from '../../data/runs.js';
import { writeAddress } from '../../memory/address.js';
import { addressAt, BATCH_NOW, BATCH_PACKET_COUNT, BATCH_RUN_COUNT, type Batch, RunKind } from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import type { Region } from '../../memory/region.js';
import { HEADERS_BYTES } from '../../wire/network-header.js';
import { monotonicNow } from '../clock.js';
import { openSocket } from './socket.js';
import { Transmitter } from './transmitter.js';

/** A datagram holds at most this much, with room for both headers before it. */
const MAX_DATAGRAM_BYTES = 65_536 + HEADERS_BYTES;
/** The least size of a slab: two halves, each with room for a few of the largest datagrams. */
export const PORTABLE_SLAB_BYTES = 4 * 1024 * 1024;

export interface PortableUdpPortOptions {
  readonly region: Region;
  readonly batch: Batch;
  readonly counters: CounterBlock;
  /** The node's listening addresses; port 0 lets the system choose. */
  readonly sockets: readonly { readonly host: string; readonly port: number }[];
  /** Something came. `full`: nothing more fits before the next step, which must be made now. */
  readonly onWork: (full: boolean) => void;
  /** An error that concerns no single packet. */
  readonly onWarning: (error: Error) => void;
}

/** Says which of the listening addresses could not be opened. */
export class ListenError extends Error {
  readonly code: string;
  readonly socket: number;

  constructor(cause: Error & { code?: string }, socket: number) {
    super(cause.message, { cause });
    this.code = cause.code ?? 'EUNKNOWN';
    this.socket = socket;
  }
}

export class PortableUdpPort implements Port {
  readonly #options: PortableUdpPortOptions;
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #counters: CounterBlock;
  readonly #inspector: Inspector;
  readonly #sockets: (Socket | undefined)[] = [];
  /** Those that talk to one program only. */
  readonly #connected = new WeakSet<Socket>();
  readonly #transmitter: Transmitter;
  readonly #halfBytes: number;
  /** Where the half in use starts, and how much of it is taken. */
  #half = 0;
  #taken = 0;

  /** Opens all listening addresses; throws a {@link ListenError} when one of them cannot be. */
  constructor(options: PortableUdpPortOptions) {
    const { region, batch, counters } = options;
    this.#options = options;
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#counters = counters;
    this.#inspector = new Inspector(region, batch.slab);
    this.#halfBytes = (batch.slab.byteLength >>> 1) & ~7;
    this.#transmitter = new Transmitter(region, batch, counters, this.#sockets, this.#connected);
    options.sockets.forEach(({ host, port }, index) => {
      try {
        this.#open(host, port, (message, from) => this.#onFrame(index, message, from));
      } catch (error) {
        this.close();
        throw new ListenError(error as Error, index);
      }
    });
    this.#reset();
  }

  /** The port to which a socket is bound. */
  boundPort(socket: number): number {
    return this.#sockets[socket]?.address().port ?? 0;
  }

  /** The batch is being filled all the time; this only says when. It never sleeps: the event loop does. */
  receive(): number {
    this.#batch.floats[BATCH_NOW / 8] = monotonicNow();
    return this.#batch.words[BATCH_RUN_COUNT] as number;
  }

  send(): number {
    const otherHalf = this.#half === 0 ? this.#halfBytes : 0;
    const packets = this.#transmitter.send(!this.#transmitter.isReading(otherHalf));
    if (this.#transmitter.hold(this.#half)) this.#half = otherHalf;
    this.#reset();
    return packets;
  }

  seal(index: number): void {
    this.#transmitter.seal(index);
  }

  reserve(bytes: number): number {
    if (this.#taken + bytes > this.#halfBytes) return -1;
    const offset = this.#half + this.#taken;
    this.#taken += (bytes + 7) & ~7;
    return offset;
  }

  openLocal(host: string, port: number, peer?: LocalPeer): number {
    const socket = this.#open(
      host,
      port,
      (message, from) => this.#onDatagram(socket, message, from),
      (error) => (error.code === 'ECONNREFUSED' ? this.#onRefused(socket) : this.#options.onWarning(error)),
    );
    const opened = this.#sockets[socket];
    if (peer && opened) {
      opened.connect(peer.port, peer.host); // done when it returns, for no name is looked up
      this.#connected.add(opened);
    }
    return socket;
  }

  /** dgram has no way to send ICMP. */
  tellUnreachable(): boolean {
    return false;
  }

  closeLocal(socket: number): void {
    this.#sockets[socket]?.close();
    this.#sockets[socket] = undefined;
  }

  close(): void {
    for (const socket of this.#sockets) socket?.close();
    this.#sockets.length = 0;
  }

  #open(
    host: string,
    port: number,
    onMessage: (message: Uint8Array, from: RemoteInfo) => void,
    onError: (error: NodeJS.ErrnoException) => void = this.#options.onWarning,
  ): number {
    const socket = openSocket(host, port, onMessage, onError);
    const free = this.#sockets.indexOf(undefined);
    const index = free < 0 ? this.#sockets.length : free;
    this.#sockets[index] = socket;
    return index;
  }

  /** A frame from the network. */
  #onFrame(socket: number, message: Uint8Array, from: RemoteInfo): void {
    this.#counters.add(COUNTER.received, 1);
    this.#counters.add(COUNTER.receivedBytes, message.byteLength);
    this.#counters.add(COUNTER.receiveCalls, 1);
    const at = this.#take(message, 0);
    const length = message.byteLength;
    const kind = this.#inspector.inspect(at, length, monotonicNow());
    if (kind < 0) return this.#counters.add(~kind, 1);
    if (kind === RunKind.Handshake) this.#appendWithSender(kind, 0, at, length, socket, from);
    else appendToRun(this.#batch, kind, this.#inspector.link, at, length);
    this.#options.onWork(false);
  }

  #onRefused(socket: number): void {
    if (!hasRoom(this.#batch)) this.#options.onWork(true);
    appendRun(this.#batch, RunKind.Refused, socket, this.#batch.words[BATCH_PACKET_COUNT] as number, 0);
    this.#options.onWork(false);
  }

  /** A plain datagram, for a port forward. */
  #onDatagram(socket: number, message: Uint8Array, from: RemoteInfo): void {
    const at = this.#take(message, HEADERS_BYTES) + HEADERS_BYTES;
    this.#appendWithSender(RunKind.Raw, socket, at, message.byteLength, socket, from);
    this.#options.onWork(false);
  }

  #appendWithSender(kind: number, link: number, at: number, length: number, socket: number, from: RemoteInfo): void {
    const run = appendRun(this.#batch, kind, link, appendPacket(this.#batch, at, length), 1);
    writeAddress(this.#batchView, addressAt(run), from.address, from.port, socket);
  }

  /** Copies a message into the slab behind `headroom` bytes; where the headroom starts. */
  #take(message: Uint8Array, headroom: number): number {
    if (!hasRoom(this.#batch) || this.#taken + MAX_DATAGRAM_BYTES > this.#halfBytes) this.#options.onWork(true);
    const at = this.reserve(headroom + message.byteLength);
    this.#batch.slabBytes.set(message, at + headroom);
    return at;
  }

  #reset(): void {
    this.#taken = 0;
    this.#batch.words[BATCH_RUN_COUNT] = 0;
    this.#batch.words[BATCH_PACKET_COUNT] = 0;
  }
}
