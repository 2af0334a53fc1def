/**
 * A virtual datagram socket: a port of this node in the overlay, as `dgram` has one of the machine.
 */
import { EventEmitter } from 'node:events';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import { MAX_PAYLOAD_BYTES, type TrafficClass, type TrafficClassName, trafficClassOf } from '../wire/network-header.js';
import { parseId, parsePort } from './addresses.js';
import { invalidOption, PortolanError } from './errors.js';
import type { Message, RemoteSocket, SocketEvents } from './events.js';
import { parseTrafficClass } from './traffic-class.js';

/** How a socket gives a packet to the packet path. */
export interface PacketSender {
  /** Takes one packet. `high`: taken, but stop until `drain`. `full`: not taken, counted. */
  send(packet: OutgoingPacket): 'taken' | 'high' | 'full';
}

export interface OutgoingPacket {
  readonly sourcePort: number;
  readonly destination: NodeId;
  readonly destinationPort: number;
  readonly trafficClass: TrafficClass;
  readonly payload: Uint8Array;
}

export type { TrafficClassName } from '../wire/network-header.js';

export interface SendOptions {
  /** The traffic class, for this datagram alone. Default: the socket's. */
  readonly class?: TrafficClassName;
}

/** Datagrams that wait for a slow `for await` loop; later ones are dropped, as a kernel's socket buffer would. */
export const MAX_WAITING_MESSAGES = 4096;

export class DatagramSocket extends EventEmitter<SocketEvents> {
  readonly port: number;
  /** The traffic class of what is sent. */
  readonly class: TrafficClassName;
  readonly #sender: PacketSender;
  readonly #release: () => void;
  #open = true;
  #needsDrain = false;

  /** Made by `node.bind`. `release` gives the port back. */
  constructor(port: number, sender: PacketSender, release: () => void, trafficClass: TrafficClassName = 'lowLatency') {
    super();
    this.port = port;
    this.class = trafficClass;
    this.#sender = sender;
    this.#release = release;
  }

  /** The largest payload, in bytes; more throws TOO_BIG. What a packet does not carry (1136 bytes fit always) goes in several. */
  static readonly maxPayload = MAX_PAYLOAD_BYTES;

  get closed(): boolean {
    return !this.#open;
  }

  /**
   * Sends one datagram, copying the payload. Returns false when the queue to the packet path, or before the link by which the datagram leaves if that has a rate, has
   * reached its high-water mark: the caller then waits for `drain`; whoever goes on all the same will lose datagrams once the queue is full (counter `egressFull`).
   * Of several destinations each has its own way: another one may still be sent to.
   */
  send(payload: Uint8Array, id: string, port: number, options: SendOptions = {}): boolean {
    if (!this.#open) throw new PortolanError('CLOSED', `socket ${this.port} is closed`);
    if (!(payload instanceof Uint8Array)) throw invalidOption('payload', 'a Uint8Array', payload);
    if (payload.byteLength > MAX_PAYLOAD_BYTES)
      throw new PortolanError(
        'TOO_BIG',
        `a datagram carries at most ${MAX_PAYLOAD_BYTES} bytes of payload, this one has ${payload.byteLength}`,
      );
    const name = options.class === undefined ? this.class : parseTrafficClass(options.class, 'class');
    const state = this.#sender.send({
      sourcePort: this.port,
      destination: parseId(id, 'id'),
      destinationPort: parsePort(port, 'port'),
      trafficClass: trafficClassOf(name),
      payload,
    });
    if (state !== 'taken') this.#needsDrain = true;
    return state === 'taken';
  }

  /** Gives the port back. What was sent before still leaves. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#release();
    this.emit('close');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For the node: a datagram has come. */
  deliver(payload: Uint8Array, from: RemoteSocket): void {
    if (this.#open) this.emit('message', payload, from);
  }

  /** For the node: a datagram of this socket did not arrive. */
  fail(error: PortolanError, to: RemoteSocket, reporter: NodeId): void {
    if (this.#open && this.listenerCount('error') > 0)
      this.emit('error', error, { to, reporter: formatNodeId(reporter) });
  }

  /** For the node: there is room in the queue again. */
  drained(): void {
    if (!this.#open || !this.#needsDrain) return;
    this.#needsDrain = false;
    this.emit('drain');
  }

  /** All datagrams that come from now on, until the socket is closed. At most {@link MAX_WAITING_MESSAGES} wait for the loop. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    const waiting: Message[] = [];
    let wake: (() => void) | undefined;
    const onMessage = (payload: Uint8Array, from: RemoteSocket) => {
      if (waiting.length < MAX_WAITING_MESSAGES) waiting.push({ payload, from });
      wake?.();
    };
    const onClose = () => wake?.();
    this.on('message', onMessage).on('close', onClose);
    try {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else if (this.#open) await new Promise<void>((resolve) => (wake = resolve));
        else return;
      }
    } finally {
      this.off('message', onMessage).off('close', onClose);
    }
  }
}
