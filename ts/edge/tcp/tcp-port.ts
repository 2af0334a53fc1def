/**
 * The port for links over TCP, for networks that let no UDP through: the same frames, each behind its length (frame-splitter.ts), the same
 * checks, counters and stages as over UDP. One worker has all connections of a node, on its event loop, in both packet paths.
 *
 * A connection is known by the address of its other end, which is also what link entries and handshakes name. Frames to an address to which
 * none is open are dialed for when the control plane dials (socket -1), and dropped when they answer somebody who has gone.
 */
import type { Port } from '../../data/port.js';
import { openSealing, type Sealing, sealRun } from '../../data/seal.js';
import type { ListenSocket } from '../../data/worker-contract.js';
import { readHost, readPort } from '../../memory/address.js';
import {
  addressAt,
  BATCH_NOW,
  BATCH_RUN_COUNT,
  type Batch,
  RUN_ARGUMENT,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import { PortKind } from '../../memory/link-table.js';
import type { Region } from '../../memory/region.js';
import { monotonicNow } from '../clock.js';
import { Intake } from '../portable/intake.js';
import { ListenError } from '../portable/udp-port.js';
import type { Connection } from './connection.js';
import { Connections } from './connections.js';
import { Listener } from './listener.js';
import { Chunks } from './out-queue.js';
import { TcpLinks } from './tcp-links.js';
import { Transmitter } from './transmitter.js';

/** How often connections that nobody needs are looked for, ms. */
const SWEEP_INTERVAL_MS = 1_000;

export const TCP_SLAB_BYTES = 4 * 1024 * 1024;

export interface TcpPortOptions {
  readonly region: Region;
  readonly batch: Batch;
  readonly counters: CounterBlock;
  /** Listening addresses for TCP; port 0 lets the system choose. */
  readonly sockets: readonly Pick<ListenSocket, 'host' | 'port'>[];
  /** Something came. `full`: nothing more fits before the next step, which must be made now. */
  readonly onWork: (full: boolean) => void;
  /** An error that concerns no single frame. */
  readonly onWarning: (error: Error) => void;
}

export class TcpPort implements Port {
  /** Resolves when all addresses are being listened at; rejects with a {@link ListenError}. */
  readonly opened: Promise<void>;
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #counters: CounterBlock;
  readonly #onWork: (full: boolean) => void;
  readonly #intake: Intake;
  readonly #transmitter: Transmitter;
  readonly #sealing: Sealing;
  readonly #links: TcpLinks;
  readonly #connections: Connections;
  readonly #listeners: readonly Listener[];
  #broken: number[];
  #sweptAt = 0;
  #isClosed = false;

  constructor({ region, batch, counters, sockets, onWork, onWarning }: TcpPortOptions) {
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#counters = counters;
    this.#onWork = onWork;
    const slabBytes = batch.slab.byteLength;
    this.#intake = new Intake({ region, batch, counters, portKind: PortKind.Tcp, slabBytes, onWork });
    this.#links = new TcpLinks(region);
    const chunks = new Chunks(batch, counters, () => {
      if (this.#transmitter.isWaiting) onWork(false);
    });
    const reserve = (bytes: number) => this.#intake.reserve(bytes);
    this.#transmitter = new Transmitter({ region, batch, counters, links: this.#links, chunks, reserve });
    this.#sealing = openSealing(region, batch, counters, this.#transmitter.finisher);
    this.#broken = [...this.#links.live()]; // their connections died with this worker's predecessor
    this.#connections = new Connections({
      counters,
      links: this.#links,
      chunks,
      events: {
        onChunk: () => counters.add(COUNTER.receiveCalls, 1),
        onFrame: (connection, bytes, start, end) => this.#onFrame(connection, bytes, start, end),
        onGarbled: (connection) => this.#onGarbled(connection),
        onClose: (connection) => this.#onClose(connection),
      },
    });
    this.#listeners = sockets.map(
      ({ host, port }, number) =>
        new Listener(host, port, (socket) => this.#connections.accept(socket, number, monotonicNow()), onWarning),
    );
    this.opened = this.#whenListening();
  }

  /** The port to which a listening address is bound. */
  boundPort(socket: number): number {
    return this.#listeners[socket]?.port ?? 0;
  }

  /** The batch is being filled all the time; this only says when. It never sleeps: the event loop does. */
  receive(): number {
    const now = monotonicNow();
    this.#batch.floats[BATCH_NOW / 8] = now;
    if (now - this.#sweptAt >= SWEEP_INTERVAL_MS) {
      this.#sweptAt = now;
      this.#connections.sweep(now);
    }
    return this.#batch.words[BATCH_RUN_COUNT] as number;
  }

  send(): number {
    const { words } = this.#batch;
    const runs = words[BATCH_RUN_COUNT] as number;
    let packets = 0;
    for (let index = 0; index < runs; index++) {
      const run = runAt(index);
      const verdict = words[run + RUN_VERDICT];
      if (verdict !== Verdict.Forward && verdict !== Verdict.Raw) continue;
      packets += verdict === Verdict.Forward ? this.#sendIntoLink(run) : this.#sendRaw(index);
      words[run + RUN_VERDICT] = Verdict.Done; // from here on the connection's queues have its frames
    }
    this.#transmitter.flush();
    this.#intake.reset(0);
    return packets;
  }

  seal(index: number): void {
    sealRun(this.#sealing, index);
  }

  reserve(bytes: number): number {
    return this.#intake.reserve(bytes);
  }

  takeBroken(): readonly number[] {
    if (this.#broken.length === 0) return this.#broken;
    const broken = this.#broken;
    this.#broken = [];
    return broken;
  }

  openLocal(): number {
    throw Object.assign(new Error('port forwards have their sockets elsewhere'), { code: 'ENOTSUP' });
  }

  tellUnreachable(): boolean {
    return false;
  }

  closeLocal(): void {}

  hurry(): void {
    this.#transmitter.hurry();
  }

  close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.close();
    this.#connections.close();
  }

  #onFrame(connection: Connection, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#isClosed) return true; // nobody makes steps any more
    const { remote } = connection;
    const kind = this.#intake.takeFrame(bytes, start, end, remote, remote.socket);
    if (kind >= 0) {
      if (kind === RunKind.Hello) this.#transmitter.report(connection, bytes, start, end, monotonicNow());
      if (kind !== RunKind.Handshake && !connection.isAuthentic) this.#connections.authenticated(connection);
      return true;
    }
    return ~kind !== COUNTER.badVersion && ~kind !== COUNTER.badType;
  }

  #onGarbled(connection: Connection): void {
    this.#counters.add(COUNTER.tcpGarbled, 1);
    connection.destroy();
  }

  #onClose({ remote }: Connection): void {
    this.#broken.push(...this.#links.over(remote.key));
    if (this.#broken.length > 0) this.#onWork(false);
  }

  #sendIntoLink(run: number): number {
    const { words } = this.#batch;
    const link = words[run + RUN_ARGUMENT] as number;
    const packets = words[run + RUN_PACKETS] as number;
    if (!this.#links.has(link)) return this.#drop(COUNTER.unknownLink, packets);
    const connection = this.#connections.find(this.#links.keyOf(link));
    if (connection === undefined) return this.#drop(COUNTER.sendFailed, packets);
    return this.#transmitter.sendIntoLink(run, connection);
  }

  /** Handshakes, to whoever has dialed or is to be dialed; and frames of links that were sealed. */
  #sendRaw(index: number): number {
    const run = runAt(index);
    const connection = this.#connectionTo(index);
    if (connection === undefined) return this.#drop(COUNTER.sendFailed, this.#batch.words[run + RUN_PACKETS] as number);
    return this.#transmitter.sendRaw(run, connection);
  }

  #connectionTo(index: number): Connection | undefined {
    const host = readHost(this.#batchView, addressAt(index));
    const port = readPort(this.#batchView, addressAt(index));
    const socket = this.#batch.words[runAt(index) + RUN_ARGUMENT] as number;
    return socket < 0 ? this.#connections.dial(host, port, monotonicNow()) : this.#connections.at(host, port);
  }

  #drop(counter: number, packets: number): 0 {
    this.#counters.add(counter, packets);
    return 0;
  }

  async #whenListening(): Promise<void> {
    const ends = await Promise.allSettled(this.#listeners.map(({ listening }) => listening));
    for (const [number, end] of ends.entries())
      if (end.status === 'rejected') throw new ListenError(end.reason as Error, number);
  }
}
