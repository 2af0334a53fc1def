/**
 * The virtual sockets of a node: opens and closes them, sends their datagrams, hands out what comes, and tells them when there is room again.
 */
import type { ErrorName } from '../control/io.js';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { type Headers, makeFrame } from '../wire/frame.js';
import { Protocol, type TrafficClassName } from '../wire/network-header.js';
import type { Backpressure } from './backpressure.js';
import { DatagramSocket, type OutgoingPacket, type PacketSender } from './datagram-socket.js';
import { type ErrorCode, PortolanError } from './errors.js';
import type { RemoteSocket } from './events.js';
import { type PortMarker, VirtualPorts } from './virtual-ports.js';
import { ringsFor, type WorkerRings } from './worker-rings.js';

const ERRORS: Readonly<Record<ErrorName, readonly [ErrorCode, string]>> = {
  ttlExceeded: ['TTL_EXCEEDED', 'passed on too often'],
  noRoute: ['NO_ROUTE', 'no route'],
  portUnreachable: ['PORT_UNREACHABLE', 'nobody listens at that port'],
  tooBig: ['TOO_BIG', 'larger than a link on the way carries'],
  prohibited: ['PROHIBITED', 'not let pass'],
};

export interface BoundSocketsParts {
  readonly self: NodeId;
  /** To the workers that send UDP links. */
  readonly rings: readonly WorkerRings[];
  readonly backpressure: Backpressure;
  readonly counters: CounterBlock;
  /** Tells workers whether a port is bound. */
  readonly mark: PortMarker;
}

/** What may be full for a while: a ring, or a wire. */
interface Drainable {
  whenDrained(signal: AbortSignal): Promise<void>;
}

export class BoundSockets implements PacketSender {
  /** By port: its socket, or in a word who else has it. */
  readonly ports: VirtualPorts<DatagramSocket | string>;
  readonly #parts: BoundSocketsParts;
  readonly #closed = new AbortController();
  /** The sockets that were told to stop, by what is full. */
  readonly #waiting = new Map<Drainable, Set<DatagramSocket>>();
  #sequence = 0;

  constructor(parts: BoundSocketsParts) {
    this.#parts = parts;
    this.ports = new VirtualPorts(parts.mark);
  }

  /** Opens a socket at `port`; 0: at a free one. */
  bind(port: number, trafficClass: TrafficClassName = 'lowLatency'): DatagramSocket {
    return this.ports.claim(
      port,
      (chosen) => new DatagramSocket(chosen, this, () => this.ports.release(chosen), trafficClass),
    );
  }

  send(packet: OutgoingPacket): 'taken' | 'high' | 'full' {
    const { sourcePort, destination, destinationPort, trafficClass, payload } = packet;
    const frame = makeFrame(
      {
        ttl: 0, // the packet path writes the usual one
        destination,
        destinationPort,
        source: this.#parts.self,
        sourcePort,
        protocol: Protocol.Datagram,
        trafficClass,
        sequence: this.#sequence++,
      },
      payload,
    );
    const { rings: all, backpressure, counters } = this.#parts;
    const wire = backpressure.wireTo(packet);
    // One flow, one ring: datagrams leave in their order.
    const rings = wire?.rings ?? ringsFor(sourcePort, all);
    const state = rings.sendData(frame);
    if (state === 'full') {
      counters.add(COUNTER.originated, 1);
      counters.add(COUNTER.egressFull, 1);
    } else wire?.wrote(frame.byteLength);
    if (state !== 'taken') this.#holdUp(sourcePort, rings);
    else if (wire?.isHigh) this.#holdUp(sourcePort, wire);
    else return 'taken';
    return state === 'full' ? 'full' : 'high';
  }

  /** A datagram for a port of this node. */
  deliver(port: number, payload: Uint8Array, from: RemoteSocket): void {
    const socket = this.ports.owner(port);
    if (socket instanceof DatagramSocket) socket.deliver(payload, from);
  }

  /** An error for a datagram that one of the sockets had sent. */
  fail(name: ErrorName, reporter: NodeId, datagram: Headers): void {
    const socket = this.ports.owner(datagram.sourcePort);
    if (!(socket instanceof DatagramSocket)) return;
    const to = { id: formatNodeId(datagram.destination), port: datagram.destinationPort };
    const [code, words] = ERRORS[name];
    const message = `datagram to ${to.id}, port ${to.port}: ${words} (says ${formatNodeId(reporter)})`;
    socket.fail(new PortolanError(code, message), to, reporter);
  }

  close(): void {
    this.#closed.abort();
    for (const socket of this.ports.owners()) if (socket instanceof DatagramSocket) socket.close();
  }

  /** The socket at `port` is told when what is full has drained. */
  #holdUp(port: number, full: Drainable): void {
    const socket = this.ports.owner(port);
    if (!(socket instanceof DatagramSocket)) return;
    const others = this.#waiting.get(full);
    others?.add(socket);
    if (others) return;
    this.#waiting.set(full, new Set([socket]));
    void this.#awaitRoom(full);
  }

  async #awaitRoom(full: Drainable): Promise<void> {
    try {
      await full.whenDrained(this.#closed.signal);
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      throw error;
    }
    const sockets = this.#waiting.get(full) ?? [];
    this.#waiting.delete(full);
    const held = [...this.#waiting.values()];
    for (const socket of sockets) if (!held.some((others) => others.has(socket))) socket.drained();
  }
}
