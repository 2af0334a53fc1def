/**
 * The portable port: UDP over node:dgram, the twin of the native one. Same checks, same counters, same tests; only slower, for dgram
 * costs a trip through the kernel, an object and a buffer a packet.
 *
 * dgram pushes, a port is pulled: what arrives is checked and put into the batch at once, and `onWork` tells the worker, which then calls
 * `receive` and the rest of its step. The slab has two halves. A half is free again after `send`, unless a socket was full: then dgram still
 * reads from that half, the other one is used, and as long as both are needed what is sent is copied.
 */
import type { RemoteInfo, Socket } from 'node:dgram';
import type { LocalPeer, Port } from '../../data/port.js';
import { BATCH_NOW, BATCH_RUN_COUNT, type Batch } from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import { PortKind } from '../../memory/link-table.js';
import type { Region } from '../../memory/region.js';
import { monotonicNow } from '../clock.js';
import { Intake } from './intake.js';
import { openSocket } from './socket.js';
import { Transmitter } from './transmitter.js';

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
  readonly #counters: CounterBlock;
  readonly #intake: Intake;
  readonly #sockets: (Socket | undefined)[] = [];
  /** Those that talk to one program only. */
  readonly #connected = new WeakSet<Socket>();
  readonly #transmitter: Transmitter;
  readonly #halfBytes: number;

  /** Opens all listening addresses; throws a {@link ListenError} when one of them cannot be. */
  constructor(options: PortableUdpPortOptions) {
    const { region, batch, counters } = options;
    this.#options = options;
    this.#batch = batch;
    this.#counters = counters;
    this.#halfBytes = (batch.slab.byteLength >>> 1) & ~7;
    this.#intake = new Intake({ ...options, portKind: PortKind.Udp, slabBytes: this.#halfBytes });
    this.#transmitter = new Transmitter(region, batch, counters, this.#sockets, this.#connected);
    options.sockets.forEach(({ host, port }, index) => {
      try {
        this.#open(host, port, (message, from) => this.#onFrame(index, message, from));
      } catch (error) {
        this.close();
        throw new ListenError(error as Error, index);
      }
    });
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
    const half = this.#intake.start;
    const otherHalf = half === 0 ? this.#halfBytes : 0;
    const packets = this.#transmitter.send(!this.#transmitter.isReading(otherHalf));
    this.#intake.reset(this.#transmitter.hold(half) ? otherHalf : half);
    return packets;
  }

  seal(index: number): void {
    this.#transmitter.seal(index);
  }

  reserve(bytes: number): number {
    return this.#intake.reserve(bytes);
  }

  openLocal(host: string, port: number, peer?: LocalPeer): number {
    const socket = this.#open(
      host,
      port,
      (message, from) => this.#intake.takeDatagram(message, from, socket),
      (error) => (error.code === 'ECONNREFUSED' ? this.#intake.takeRefusal(socket) : this.#options.onWarning(error)),
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
    this.#counters.add(COUNTER.receiveCalls, 1);
    this.#intake.takeFrame(message, 0, message.byteLength, from, socket);
  }
}
