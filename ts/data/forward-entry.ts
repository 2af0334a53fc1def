/**
 * The end of a port forward at which UDP enters: each client that sends to the local address is a flow, with a virtual port of its own, so that
 * answers find their way back to it.
 *
 * ```
 *   client 127.0.0.1:40000 ──> 127.0.0.1:5000 ──[flow 17, virtual port 57361]──> 1.1.1.3:6000
 *                          <──                <──[to virtual port 57361]────────
 * ```
 */
import { readHost, readPort } from '../memory/address.js';
import {
  ADDRESS_BYTES,
  ADDRESS_FAMILY,
  ADDRESS_IP,
  ADDRESS_PORT,
  addressAt,
  BATCH_NOW,
  type Batch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { PortHandler, portHandlers } from '../memory/port-table.js';
import type { ErrorName } from '../wire/error-payload.js';
import { HEADERS_BYTES, OFFSET_DESTINATION_PORT, OFFSET_SOURCE, OFFSET_SOURCE_PORT } from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { enterOverlay } from './enter-overlay.js';
import { FlowTable } from './flow-table.js';
import type { Port } from './port.js';
import type { ForwardRule } from './worker-contract.js';

/** The virtual ports of flows: the upper half of IANA's dynamic range; the lower one is for sockets. */
export const FIRST_FLOW_PORT = 57_344;
export const FLOW_PORTS = 8_192;

// Words of a flow's key.
const KEY_SOCKET = 0;
const KEY_FAMILY = 1;
const KEY_PORT = 2;
const KEY_IP = 3;
const KEY_WORDS = 7;

export class ForwardEntry {
  readonly #self: number;
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #counters: CounterBlock;
  readonly #port: Port;
  readonly #handlers: Uint8Array;
  /** By local socket. */
  readonly #rules = new Map<number, ForwardRule>();
  readonly #flows: FlowTable;
  readonly #sequences = new Float64Array(FLOW_PORTS);

  constructor({ self, batch, counters, port, region, clock }: StageContext) {
    this.#self = self;
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#counters = counters;
    this.#port = port;
    this.#handlers = portHandlers(region);
    // A worker that replaces a crashed one starts somewhere else in the range, for answers to its predecessor's flows may still be under way.
    this.#flows = new FlowTable(FLOW_PORTS, KEY_WORDS, Math.floor(clock()));
  }

  /** Opens the rule's local address; returns the socket. Throws an Error with a `code` when it cannot. */
  open(rule: ForwardRule): number {
    const socket = this.#port.openLocal(rule.host, rule.port);
    this.#rules.set(socket, rule);
    for (let flow = 0; flow < FLOW_PORTS; flow++)
      Atomics.store(this.#handlers, FIRST_FLOW_PORT + flow, PortHandler.Forward);
    return socket;
  }

  /** Closes the rule with this id, and its flows with it; false when there is none. */
  close(id: number): boolean {
    for (const [socket, rule] of this.#rules) {
      if (rule.id !== id) continue;
      this.#rules.delete(socket);
      this.#port.closeLocal(socket);
      for (let flow = 0; flow < FLOW_PORTS; flow++)
        if (this.#flows.isLive(flow) && this.#flows.keyWord(flow, KEY_SOCKET) === socket) this.#flows.remove(flow);
      return true;
    }
    return false;
  }

  owns(socket: number): boolean {
    return this.#rules.has(socket);
  }

  /** Datagrams of one client become packets, built around them where they lie. `run`: word offset of the run, `index` its place. */
  enter(run: number, index: number): void {
    const { words, floats } = this.#batch;
    const packets = words[run + RUN_PACKETS] as number;
    const rule = this.#rules.get(words[run + RUN_LINK] as number) as ForwardRule;
    const flow = this.#flowOf(words[run + RUN_LINK] as number, index, floats[BATCH_NOW / 8] as number);
    this.#counters.add(COUNTER.originated, packets);
    if (flow < 0) return this.#drop(run, COUNTER.flowsFull, packets);

    const ports = ((FIRST_FLOW_PORT + flow) << 16) | rule.destinationPort;
    const { destination, trafficClass } = rule;
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
  }

  /** Answers to a flow's virtual port go back to its client. */
  leave(run: number, index: number): void {
    const { words, floats, slab } = this.#batch;
    const packets = words[run + RUN_PACKETS] as number;
    const frame = words[run + RUN_FRAME] as number;
    const flow = slab.getUint16(frame + OFFSET_DESTINATION_PORT) - FIRST_FLOW_PORT;
    const rule = this.#flows.isLive(flow) ? this.#rules.get(this.#flows.keyWord(flow, KEY_SOCKET)) : undefined;
    if (!rule || slab.getUint16(frame + OFFSET_SOURCE_PORT) !== rule.destinationPort)
      return this.#drop(run, COUNTER.strangers, packets);

    const first = words[run + RUN_FIRST] as number;
    let kept = 0;
    for (let packet = first; packet < first + packets; packet++) {
      const at = packetAt(packet);
      const source = slab.getUint32((words[at] as number) + OFFSET_SOURCE);
      if (source !== rule.destination) continue;
      const to = packetAt(first + kept++);
      words[to + 1] = (words[at + 1] as number) - HEADERS_BYTES;
      words[to] = (words[at] as number) + HEADERS_BYTES;
    }
    if (kept < packets) this.#counters.add(COUNTER.strangers, packets - kept);
    this.#counters.add(COUNTER.delivered, kept);
    words[run + RUN_PACKETS] = kept;
    words[run + RUN_VERDICT] = kept > 0 ? Verdict.Raw : Verdict.Done;
    words[run + RUN_KIND] = RunKind.Data;
    words[run + RUN_ARGUMENT] = this.#flows.keyWord(flow, KEY_SOCKET);
    this.#writeClient(flow, addressAt(index));
    this.#flows.touch(flow, floats[BATCH_NOW / 8] as number);
  }

  /** Tells a flow's client that a datagram did not arrive: whether it could; undefined when there is no such flow. */
  unreachable(flowPort: number, destination: number, destinationPort: number, error: ErrorName): boolean | undefined {
    const flow = flowPort - FIRST_FLOW_PORT;
    if (!this.#flows.isLive(flow)) return undefined;
    const socket = this.#flows.keyWord(flow, KEY_SOCKET);
    const rule = this.#rules.get(socket);
    if (rule?.destination !== destination || rule.destinationPort !== destinationPort) return undefined;
    const address = new DataView(new ArrayBuffer(ADDRESS_BYTES));
    this.#writeAddress(flow, address, 0);
    const program = { host: readHost(address, 0), port: readPort(address, 0) };
    const host = addressAsSeen(rule.host, program.host);
    return (
      host !== undefined && this.#port.tellUnreachable(program, { host, port: this.#port.boundPort(socket) }, error)
    );
  }

  /** Forgets the flows that were not used since `before`. */
  expire(before: number): void {
    for (let flow = this.#flows.expired(before); flow >= 0; flow = this.#flows.expired(before))
      this.#flows.remove(flow);
  }

  #flowOf(socket: number, index: number, now: number): number {
    const { key } = this.#flows;
    const address = addressAt(index);
    key[KEY_SOCKET] = socket;
    key[KEY_FAMILY] = this.#batchView.getInt32(address + ADDRESS_FAMILY, true);
    key[KEY_PORT] = this.#batchView.getInt32(address + ADDRESS_PORT, true);
    for (let i = 0; i < 4; i++) key[KEY_IP + i] = this.#batchView.getInt32(address + ADDRESS_IP + 4 * i, true);
    const known = this.#flows.find();
    if (known >= 0) {
      this.#flows.touch(known, now);
      return known;
    }
    const flow = this.#flows.add(now);
    if (flow >= 0) this.#sequences[flow] = 0;
    return flow;
  }

  #writeClient(flow: number, address: number): void {
    this.#writeAddress(flow, this.#batchView, address);
  }

  #writeAddress(flow: number, view: DataView, address: number): void {
    const flows = this.#flows;
    view.setInt32(address + ADDRESS_FAMILY, flows.keyWord(flow, KEY_FAMILY), true);
    view.setInt32(address + ADDRESS_PORT, flows.keyWord(flow, KEY_PORT), true);
    for (let i = 0; i < 4; i++) view.setInt32(address + ADDRESS_IP + 4 * i, flows.keyWord(flow, KEY_IP + i), true);
  }

  #drop(run: number, counter: number, packets: number): void {
    this.#counters.add(counter, packets);
    this.#batch.words[run + RUN_VERDICT] = Verdict.Drop;
  }
}

/** To which of the machine's addresses a client has sent; undefined: a forward at all of them cannot tell, but for clients on the loopback. */
function addressAsSeen(host: string, client: string): string | undefined {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const isLoopback = client.startsWith('127.') || client === '0:0:0:0:0:0:0:1';
  if (!isLoopback) return undefined;
  return client.includes(':') ? '::1' : '127.0.0.1';
}
