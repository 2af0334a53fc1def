/**
 * The port of a simulated node: batches come from the virtual network and go back to it. Frames are inspected on their way in and made
 * ready on their way out by the code of the real packet path; only the system calls are missing.
 */
import { copyBytes } from '../data/copy.js';
import { RunFinisher } from '../data/finish.js';
import { Inspector } from '../data/inspect.js';
import type { Port } from '../data/port.js';
import { appendPacket, appendRun } from '../data/runs.js';
import type { NodeId } from '../kit/node-id.js';
import {
  ADDRESS_IP,
  addressAt,
  BATCH_NOW,
  BATCH_PACKET_COUNT,
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
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { LINK_ADDRESS, LINK_PORT_KIND, PortKind } from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import { type Scheme, SIM_PORT, schemeAt, writeSimAddress } from './addresses.js';

export interface SimPortOptions {
  readonly region: Region;
  readonly batch: Batch;
  readonly counters: CounterBlock;
  readonly now: () => number;
  /** A frame of `length` bytes leaves; it lies at slab offset `frame`. */
  readonly transmit: (to: NodeId, frame: number, length: number, scheme: Scheme) => void;
  /** An accepted data frame is at slab offset `frame`. */
  readonly onData: (frame: number) => void;
  /** What passes through is decided as if it started here: a relay that gives labels to others' packets. */
  readonly transitAsOwn: boolean;
}

export class SimPort implements Port {
  readonly #options: SimPortOptions;
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #counters: CounterBlock;
  /** Of what comes over UDP; and over TCP, made when something does. */
  readonly #inspector: Inspector;
  #streamInspector: Inspector | undefined;
  readonly #finisher: RunFinisher;
  readonly #entries: DataView;
  /** The datagram that the next batch takes in, and who sent it. */
  #arrived: DataView | undefined;
  #arrivedLength = 0;
  #arrivedFrom: NodeId = 0;
  #arrivedBy: Scheme = 'udp';
  #taken = 0;

  constructor(options: SimPortOptions) {
    const { region, batch, counters } = options;
    this.#options = options;
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#counters = counters;
    this.#inspector = new Inspector(region, batch.slab, PortKind.Udp);
    this.#finisher = new RunFinisher(region, batch, counters);
    this.#entries = new DataView(region.buffer, region.layout.linkEntries, region.layout.links * LINK_ENTRY_BYTES);
  }

  /** A datagram has arrived: the next batch holds it. Its bytes must stay as they are until then. */
  enqueue(from: NodeId, bytes: DataView, length: number, scheme: Scheme): void {
    this.#arrived = bytes;
    this.#arrivedLength = length;
    this.#arrivedFrom = from;
    this.#arrivedBy = scheme;
  }

  receive(): number {
    const { words, floats } = this.#batch;
    const now = this.#options.now();
    floats[BATCH_NOW / 8] = now;
    words[BATCH_RUN_COUNT] = 0;
    words[BATCH_PACKET_COUNT] = 0;
    this.#taken = 0;
    if (!this.#arrived) return 0;
    this.#take(this.#arrived, now);
    this.#arrived = undefined;
    return words[BATCH_RUN_COUNT];
  }

  send(): number {
    const { words } = this.#batch;
    const runs = words[BATCH_RUN_COUNT] as number;
    let packets = 0;
    for (let index = 0; index < runs; index++) {
      const verdict = words[runAt(index) + RUN_VERDICT];
      if (verdict === Verdict.Forward) packets += this.#sendIntoLink(runAt(index));
      else if (verdict === Verdict.Raw) packets += this.#sendRaw(index);
    }
    return packets;
  }

  /** The simulator's channels delay and lose what is sent: nothing is kept in a node for that. */
  seal(): void {
    throw new Error('a simulated node emulates no network');
  }

  reserve(bytes: number): number {
    const offset = this.#taken;
    if (offset + bytes > this.#batch.slabBytes.length) return -1;
    this.#taken += (bytes + 7) & ~7;
    return offset;
  }

  /** Port forwards have no place in a simulation. */
  openLocal(): number {
    throw new Error('a simulated node has no local sockets');
  }

  tellUnreachable(): boolean {
    return false;
  }

  boundPort(): number {
    return SIM_PORT;
  }

  closeLocal(): void {}

  close(): void {}

  #take(bytes: DataView, now: number): void {
    const length = this.#arrivedLength;
    const inspector = this.#arrivedBy === 'tcp' ? this.#ofStreams : this.#inspector;
    this.#counters.add(COUNTER.received, 1);
    this.#counters.add(COUNTER.receivedBytes, length);
    const at = this.reserve(length);
    copyBytes(bytes, 0, this.#batch.slab, at, length);
    const kind = inspector.inspect(at, length, now);
    if (kind < 0) return this.#counters.add(~kind, 1);
    if (kind === RunKind.Data) this.#options.onData(at);
    const decidedAs = kind === RunKind.Data && this.#options.transitAsOwn ? RunKind.Origin : kind;
    const run = appendRun(this.#batch, decidedAs, inspector.link, appendPacket(this.#batch, at, length), 1);
    if (kind === RunKind.Handshake)
      writeSimAddress(this.#batchView, addressAt(run), this.#arrivedFrom, this.#arrivedBy);
  }

  get #ofStreams(): Inspector {
    this.#streamInspector ??= new Inspector(this.#options.region, this.#batch.slab, PortKind.Tcp);
    return this.#streamInspector;
  }

  #sendIntoLink(run: number): number {
    const { words } = this.#batch;
    const packets = this.#finisher.finish(run);
    if (packets === 0) return 0;
    if (words[run + RUN_KIND] === RunKind.Data) this.#counters.add(COUNTER.forwarded, packets);
    const entry = (words[run + RUN_ARGUMENT] as number) * LINK_ENTRY_BYTES;
    const scheme = this.#entries.getInt32(entry + LINK_PORT_KIND, true) === PortKind.Tcp ? 'tcp' : 'udp';
    const peer = this.#entries.getUint32(entry + LINK_ADDRESS);
    this.#transmitAll(peer, words[run + RUN_FIRST] as number, packets, scheme);
    return packets;
  }

  #sendRaw(index: number): number {
    const { words } = this.#batch;
    const run = runAt(index);
    const peer = this.#batchView.getUint32(addressAt(index) + ADDRESS_IP);
    const packets = words[run + RUN_PACKETS] as number;
    const scheme = schemeAt(this.#batchView, addressAt(index));
    this.#transmitAll(peer, words[run + RUN_FIRST] as number, packets, scheme);
    return packets;
  }

  #transmitAll(peer: NodeId, first: number, packets: number, scheme: Scheme): void {
    const { words } = this.#batch;
    for (let packet = first; packet < first + packets; packet++)
      this.#transmit(peer, words[packetAt(packet)] as number, words[packetAt(packet) + 1] as number, scheme);
  }

  #transmit(peer: NodeId, frame: number, length: number, scheme: Scheme): void {
    this.#counters.add(COUNTER.sent, 1);
    this.#counters.add(COUNTER.sentBytes, length);
    this.#counters.add(COUNTER.sendCalls, 1);
    this.#options.transmit(peer, frame, length, scheme);
  }
}
