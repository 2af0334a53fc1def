/**
 * The virtual sockets of a node: opens and closes them, sends their datagrams, hands out what comes, and tells them when there is room again.
 */
import type { ErrorName } from '../control/io.js';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { type Headers, makeFrame } from '../wire/frame.js';
import { Protocol, type TrafficClassName } from '../wire/network-header.js';
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

export class BoundSockets implements PacketSender {
  /** By port: its socket, or in a word who else has it. */
  readonly ports: VirtualPorts<DatagramSocket | string>;
  readonly #self: NodeId;
  readonly #rings: readonly WorkerRings[];
  readonly #counters: CounterBlock;
  readonly #closed = new AbortController();
  readonly #waiting = new Set<WorkerRings>();
  #sequence = 0;

  constructor(self: NodeId, rings: readonly WorkerRings[], counters: CounterBlock, mark: PortMarker) {
    this.#self = self;
    this.#rings = rings;
    this.#counters = counters;
    this.ports = new VirtualPorts(mark);
  }

  /** Opens a socket at `port`; 0: at a free one. */
  bind(port: number, trafficClass: TrafficClassName = 'lowLatency'): DatagramSocket {
    return this.ports.claim(
      port,
      (chosen) => new DatagramSocket(chosen, this, () => this.ports.release(chosen), trafficClass),
    );
  }

  send({ sourcePort, destination, destinationPort, trafficClass, payload }: OutgoingPacket): 'taken' | 'high' | 'full' {
    const frame = makeFrame(
      {
        ttl: 0, // the packet path writes the usual one
        destination,
        destinationPort,
        source: this.#self,
        sourcePort,
        protocol: Protocol.Datagram,
        trafficClass,
        sequence: this.#sequence++,
      },
      payload,
    );
    // One socket, one ring: datagrams leave in their order.
    const rings = ringsFor(sourcePort, this.#rings);
    const state = rings.sendData(frame);
    if (state === 'full') {
      this.#counters.add(COUNTER.originated, 1);
      this.#counters.add(COUNTER.egressFull, 1);
    }
    if (state !== 'taken') void this.#awaitRoom(rings);
    return state;
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

  async #awaitRoom(rings: WorkerRings): Promise<void> {
    if (this.#waiting.has(rings)) return;
    this.#waiting.add(rings);
    try {
      await rings.whenDrained(this.#closed.signal);
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      throw error;
    } finally {
      this.#waiting.delete(rings);
    }
    for (const socket of this.ports.owners())
      if (socket instanceof DatagramSocket && ringsFor(socket.port, this.#rings) === rings) socket.drained();
  }
}
