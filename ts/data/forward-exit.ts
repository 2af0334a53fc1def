/**
 * The end of a port forward at which UDP leaves: each (node, port) that sends to an exposed port is a flow with a local socket of its own,
 * so that the server behind it can tell clients apart, and its answers find their way back.
 *
 * ```
 *   1.1.1.1:57361 ──> exposed port 6000 ──[flow 4, socket 127.0.0.1:51000]──> 127.0.0.1:9000
 *                 <──                   <──[to 127.0.0.1:51000]──────────────
 * ```
 */
import { matchesId } from '../kit/id-pattern.js';
import { sameAddress, writeAddress } from '../memory/address.js';
import {
  ADDRESS_BYTES,
  addressAt,
  BATCH_NOW,
  type Batch,
  PuntReason,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { PortHandler, portHandlers } from '../memory/port-table.js';
import { HEADERS_BYTES, OFFSET_CLASS, OFFSET_SOURCE, OFFSET_SOURCE_PORT, Protocol } from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { copyBytes } from './copy.js';
import { enterOverlay } from './enter-overlay.js';
import { FlowTable } from './flow-table.js';
import { packetKind, writePacketHeaders } from './packet-headers.js';
import type { Port } from './port.js';
import { appendPacket, appendRun } from './runs.js';
import type { ExposeRule } from './worker-contract.js';

/** Flows of all exposed ports: each has a socket. */
export const EXIT_FLOWS = 1_024;

const KEY_EXPOSED_PORT = 0;
const KEY_SOURCE = 1;
const KEY_SOURCE_PORT = 2;
const KEY_WORDS = 3;

interface Exposed {
  readonly rule: ExposeRule;
  /** The server, as in ts/memory/batch.ts. */
  readonly server: DataView;
  /** Where the flows' sockets are bound: on the loopback for a server there, so that nobody else reaches them. */
  readonly localHost: string;
}

export class ForwardExit {
  readonly #self: number;
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #counters: CounterBlock;
  readonly #port: Port;
  readonly #handlers: Uint8Array;
  /** By exposed port. */
  readonly #exposed = new Map<number, Exposed>();
  readonly #flows = new FlowTable(EXIT_FLOWS, KEY_WORDS);
  readonly #sockets = new Int32Array(EXIT_FLOWS);
  readonly #sequences = new Float64Array(EXIT_FLOWS);
  /** The traffic class of what a flow's source last sent: the answers take the same. */
  readonly #classes = new Uint8Array(EXIT_FLOWS);
  /** The flow of a local socket. */
  readonly #flowOfSocket = new Map<number, number>();

  constructor({ self, batch, counters, port, region }: StageContext) {
    this.#self = self;
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#counters = counters;
    this.#port = port;
    this.#handlers = portHandlers(region);
  }

  open(rule: ExposeRule): void {
    const server = new DataView(new ArrayBuffer(ADDRESS_BYTES));
    writeAddress(server, 0, rule.host, rule.hostPort, 0);
    this.#exposed.set(rule.port, { rule, server, localHost: localHostFor(rule.host) });
    Atomics.store(this.#handlers, rule.port, PortHandler.Forward);
  }

  /** Closes the rule with this id, and its flows with it; false when there is none. */
  close(id: number): boolean {
    for (const [port, { rule }] of this.#exposed) {
      if (rule.id !== id) continue;
      this.#exposed.delete(port);
      Atomics.store(this.#handlers, port, PortHandler.None);
      for (let flow = 0; flow < EXIT_FLOWS; flow++)
        if (this.#flows.isLive(flow) && this.#flows.keyWord(flow, KEY_EXPOSED_PORT) === port) this.#end(flow);
      return true;
    }
    return false;
  }

  owns(socket: number): boolean {
    return this.#flowOfSocket.has(socket);
  }

  /**
   * Packets for an exposed port go to its server. A run may hold packets of several sources: each row of equal ones becomes a run, the first one
   * this run itself.
   */
  leave(index: number): void {
    const { words, slab } = this.#batch;
    const run = runAt(index);
    const first = words[run + RUN_FIRST] as number;
    const end = first + (words[run + RUN_PACKETS] as number);
    const frame = words[run + RUN_FRAME] as number;
    const ports = slab.getInt32(frame + OFFSET_SOURCE_PORT);
    let place = index;
    for (let from = first; from < end; ) {
      const source = slab.getInt32((words[packetAt(from)] as number) + OFFSET_SOURCE);
      let to = from;
      while (to < end && slab.getInt32((words[packetAt(to)] as number) + OFFSET_SOURCE) === source) to++;
      if (place < 0) place = appendRun(this.#batch, RunKind.Data, 0, from, to - from);
      if (place < 0) this.#counters.add(COUNTER.egressFull, to - from);
      else this.#leaveAs(place, from, to - from, source, ports);
      place = -1;
      from = to;
    }
  }

  #leaveAs(index: number, first: number, packets: number, source: number, ports: number): void {
    const { words, floats } = this.#batch;
    const run = runAt(index);
    const exposedPort = ports & 0xffff;
    const exposed = this.#exposed.get(exposedPort);
    words[run + RUN_PACKETS] = packets;
    words[run + RUN_VERDICT] = Verdict.Drop;
    if (!exposed) return this.#counters.add(COUNTER.strangers, packets);
    if (exposed.rule.from?.some((pattern) => matchesId(pattern, source)) === false) {
      words[run + RUN_VERDICT] = Verdict.Punt;
      words[run + RUN_ARGUMENT] = PuntReason.Prohibited;
      return this.#counters.add(COUNTER.prohibited, packets);
    }
    const flow = this.#flowOf(exposed, exposedPort, source, ports >>> 16, floats[BATCH_NOW / 8] as number);
    if (flow < 0) return this.#counters.add(COUNTER.flowsFull, packets);
    this.#classes[flow] = this.#batch.slab.getUint8((words[packetAt(first)] as number) + OFFSET_CLASS);
    for (let packet = first; packet < first + packets; packet++) {
      const at = packetAt(packet);
      words[at] = (words[at] as number) + HEADERS_BYTES;
      words[at + 1] = (words[at + 1] as number) - HEADERS_BYTES;
    }
    words[run + RUN_FRAME] = words[packetAt(first)] as number;
    words[run + RUN_KIND] = RunKind.Data;
    words[run + RUN_VERDICT] = Verdict.Raw;
    words[run + RUN_ARGUMENT] = this.#sockets[flow] as number;
    copyBytes(exposed.server, 0, this.#batchView, addressAt(index), ADDRESS_BYTES);
    this.#counters.add(COUNTER.delivered, packets);
  }

  /** Answers of the server become packets back to the flow's source. */
  enter(run: number, index: number): void {
    const { words, floats } = this.#batch;
    const packets = words[run + RUN_PACKETS] as number;
    const flow = this.#flowOfSocket.get(words[run + RUN_LINK] as number) as number;
    const exposedPort = this.#flows.keyWord(flow, KEY_EXPOSED_PORT);
    const exposed = this.#exposed.get(exposedPort);
    this.#counters.add(COUNTER.originated, packets);
    if (!exposed || !sameAddress(exposed.server, 0, this.#batchView, addressAt(index))) {
      this.#counters.add(COUNTER.strangers, packets);
      words[run + RUN_VERDICT] = Verdict.Drop;
      return;
    }
    const destination = this.#flows.keyWord(flow, KEY_SOURCE);
    const ports = (exposedPort << 16) | this.#flows.keyWord(flow, KEY_SOURCE_PORT);
    const trafficClass = this.#classes[flow] as number;
    const tooLarge = enterOverlay(
      this.#batch,
      run,
      this.#self,
      destination,
      ports,
      trafficClass,
      this.#sequences,
      flow,
    );
    if (tooLarge > 0) this.#counters.add(COUNTER.oversize, tooLarge);
    this.#flows.touch(flow, floats[BATCH_NOW / 8] as number);
  }

  /** The server is not there: the flow's source is told that its port is unreachable, with the headers that its datagrams had. */
  refused(run: number): void {
    const { words, slab } = this.#batch;
    const flow = this.#flowOfSocket.get(words[run + RUN_LINK] as number);
    words[run + RUN_VERDICT] = Verdict.Done;
    const frame = flow === undefined ? -1 : this.#port.reserve(HEADERS_BYTES);
    if (flow === undefined || frame < 0) return;
    const ports = (this.#flows.keyWord(flow, KEY_SOURCE_PORT) << 16) | this.#flows.keyWord(flow, KEY_EXPOSED_PORT);
    const source = this.#flows.keyWord(flow, KEY_SOURCE);
    const kind = packetKind(Protocol.Datagram, this.#classes[flow] as number);
    writePacketHeaders(slab, frame, kind, source, this.#self, ports, 0, 0);
    const packet = appendPacket(this.#batch, frame, HEADERS_BYTES);
    const index = packet < 0 ? -1 : appendRun(this.#batch, RunKind.Refused, 0, packet, 1);
    if (index < 0) return;
    words[runAt(index) + RUN_VERDICT] = Verdict.Punt;
    words[runAt(index) + RUN_ARGUMENT] = PuntReason.PortUnreachable;
  }

  /** Ends the flows that were not used since `before`. */
  expire(before: number): void {
    for (let flow = this.#flows.expired(before); flow >= 0; flow = this.#flows.expired(before)) this.#end(flow);
  }

  #flowOf(exposed: Exposed, exposedPort: number, source: number, sourcePort: number, now: number): number {
    const { key } = this.#flows;
    key[KEY_EXPOSED_PORT] = exposedPort;
    key[KEY_SOURCE] = source;
    key[KEY_SOURCE_PORT] = sourcePort;
    const known = this.#flows.find();
    if (known >= 0) {
      this.#flows.touch(known, now);
      return known;
    }
    const socket = this.#openSocket(exposed);
    if (socket < 0) return -1;
    const flow = this.#flows.add(now);
    this.#sockets[flow] = socket;
    this.#sequences[flow] = 0;
    this.#flowOfSocket.set(socket, flow);
    return flow;
  }

  /** -1 when there are too many flows, or the system gives no more sockets: both are `flowsFull`. */
  #openSocket({ localHost, rule }: Exposed): number {
    if (this.#flows.size === EXIT_FLOWS) return -1;
    try {
      return this.#port.openLocal(localHost, 0, { host: rule.host, port: rule.hostPort });
    } catch {
      return -1;
    }
  }

  #end(flow: number): void {
    const socket = this.#sockets[flow] as number;
    this.#flowOfSocket.delete(socket);
    this.#port.closeLocal(socket);
    this.#flows.remove(flow);
  }
}

function localHostFor(host: string): string {
  if (host.includes(':')) return host === '::1' ? '::1' : '::';
  return host.startsWith('127.') ? '127.0.0.1' : '0.0.0.0';
}
