/**
 * The sending half of the portable port: writes the link headers of what leaves, and hands it to dgram.
 *
 * dgram sends at once when the socket has room; otherwise it queues, reading the packet's memory later. How much may queue is bounded,
 * with more room for control frames than for data, so that a flood of data silences no hello.
 */
import type { Socket } from 'node:dgram';
import { RunFinisher } from '../../data/finish.js';
import { openSealing, type Sealing, sealRun } from '../../data/seal.js';
import { readHost, readPort } from '../../memory/address.js';
import {
  addressAt,
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
import { LINK_SOCKET } from '../../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../../memory/region.js';
import { FrameType } from '../../wire/link-header.js';

/** Bytes that may wait in a socket's queue: of data, and of everything. */
const DATA_QUEUE_BYTES = 512 * 1024;
const TOTAL_QUEUE_BYTES = 1024 * 1024;

export class Transmitter {
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #entries: Int32Array;
  readonly #counters: CounterBlock;
  readonly #sockets: readonly (Socket | undefined)[];
  readonly #connected: WeakSet<Socket>;
  readonly #slab: Buffer;
  readonly #finisher: RunFinisher;
  readonly #sealing: Sealing;
  readonly #held: number[] = [];
  /** Whether this batch may be read by dgram after `send`; if not, what does not leave at once is copied. */
  #mayHold = true;
  #mustHold = false;

  constructor(
    region: Region,
    batch: Batch,
    counters: CounterBlock,
    sockets: readonly (Socket | undefined)[],
    connected: WeakSet<Socket>,
  ) {
    const { buffer, layout } = region;
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#entries = new Int32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
    this.#counters = counters;
    this.#sockets = sockets;
    this.#connected = connected;
    this.#slab = Buffer.from(batch.slabBytes.buffer);
    this.#finisher = new RunFinisher(region, batch, counters);
    this.#sealing = openSealing(region, batch, counters, this.#finisher);
  }

  /** Sends all runs with verdict Forward or Raw; returns the number of packets. See {@link hold} for `mayHold`. */
  send(mayHold: boolean): number {
    const { words } = this.#batch;
    const runs = words[BATCH_RUN_COUNT] as number;
    this.#mayHold = mayHold;
    let packets = 0;
    for (let index = 0; index < runs; index++) {
      const verdict = words[runAt(index) + RUN_VERDICT];
      if (verdict === Verdict.Forward) packets += this.#sendIntoLink(runAt(index));
      else if (verdict === Verdict.Raw) packets += this.#sendRaw(index);
    }
    return packets;
  }

  /** Finishes run `index` without sending it: see {@link Port.seal}. */
  seal(index: number): void {
    sealRun(this.#sealing, index);
  }

  /** Whether dgram still reads from the half that starts at `half`; finished ones are forgotten. */
  isReading(half: number): boolean {
    if (this.#held.length > 0 && this.#sockets.every((socket) => (socket?.getSendQueueSize() ?? 0) === 0))
      this.#held.length = 0;
    return this.#held.includes(half);
  }

  /** After {@link send}: true when dgram queued packets of the batch, which lie in the half that starts at `half`. */
  hold(half: number): boolean {
    if (!this.#mustHold) return false;
    this.#mustHold = false;
    this.#held.push(half);
    return true;
  }

  #sendIntoLink(run: number): number {
    const { words } = this.#batch;
    const link = words[run + RUN_ARGUMENT] as number;
    const type = this.#finisher.typeOf(run);
    const packets = this.#finisher.finish(run);
    if (packets === 0) return 0;
    const socket = this.#sockets[this.#entries[(link * LINK_ENTRY_BYTES + LINK_SOCKET) / 4] as number];
    const to = this.#finisher.writer.peer(link);
    const queueBytes = type === FrameType.Data ? DATA_QUEUE_BYTES : TOTAL_QUEUE_BYTES;
    const onSent = words[run + RUN_KIND] === RunKind.Data ? this.#onTransitSent : this.#onSent;
    const first = words[run + RUN_FIRST] as number;
    let sent = 0;
    for (let packet = first; packet < first + packets; packet++) {
      const frame = words[packetAt(packet)] as number;
      const length = words[packetAt(packet) + 1] as number;
      if (this.#hand(socket, frame, length, to.host, to.port, queueBytes, onSent)) sent++;
    }
    return sent;
  }

  #sendRaw(index: number): number {
    const { words } = this.#batch;
    const run = runAt(index);
    const socket = this.#sockets[words[run + RUN_ARGUMENT] as number];
    const host = readHost(this.#batchView, addressAt(index));
    const port = readPort(this.#batchView, addressAt(index));
    const isHandshake = words[run + RUN_KIND] === RunKind.Origin;
    const queueBytes = isHandshake ? TOTAL_QUEUE_BYTES : DATA_QUEUE_BYTES;
    const onSent = isHandshake ? this.#onSent : this.#onLocalSent;
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    let sent = 0;
    for (let packet = first; packet < first + packets; packet++) {
      const length = words[packetAt(packet) + 1] as number;
      if (this.#hand(socket, words[packetAt(packet)] as number, length, host, port, queueBytes, onSent)) sent++;
    }
    return sent;
  }

  /** Gives one datagram to dgram; false when it was dropped, and counted. */
  #hand(
    socket: Socket | undefined,
    at: number,
    length: number,
    host: string,
    port: number,
    queueBytes: number,
    onSent: OnSent,
  ): boolean {
    if (!socket) {
      this.#counters.add(COUNTER.sendFailed, 1);
      return false;
    }
    const queued = socket.getSendQueueSize();
    if (queued + length > queueBytes) {
      this.#counters.add(COUNTER.egressFull, 1);
      return false;
    }
    if (this.#connected.has(socket)) {
      socket.send(Buffer.from(this.#slab.subarray(at, at + length)), onSent);
    } else if (this.#mayHold) {
      socket.send(this.#slab, at, length, port, host, onSent);
      if (socket.getSendQueueSize() > 0) this.#mustHold = true;
    } else {
      socket.send(Buffer.from(this.#slab.subarray(at, at + length)), port, host, onSent);
    }
    return true;
  }

  // One function for all packets, called by dgram in the next tick: nothing is counted as sent that the kernel refused.
  readonly #onTransitSent = (error: Error | null, bytes: number): void => {
    if (!error) this.#counters.add(COUNTER.forwarded, 1);
    this.#onSent(error, bytes);
  };

  readonly #onSent = (error: Error | null, bytes: number): void => {
    if (error) return this.#counters.add(COUNTER.sendFailed, 1);
    this.#counters.add(COUNTER.sent, 1);
    this.#counters.add(COUNTER.sentBytes, bytes);
    this.#counters.add(COUNTER.sendCalls, 1);
  };

  /** Of datagrams that leave the overlay, which were counted as delivered: so were those that the system refuses because the server is not there, of which their sender hears. */
  readonly #onLocalSent = (error: NodeJS.ErrnoException | null): void => {
    if (error && error.code !== 'ECONNREFUSED') this.#counters.add(COUNTER.sendFailed, 1);
  };
}

type OnSent = (error: Error | null, bytes: number) => void;
