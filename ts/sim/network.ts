/**
 * The virtual network: hosts by address, a pair of channels between those that a wire joins, and where TCP is used another pair for the frames of
 * connections, which lose nothing and keep the order. It carries real bytes and knows nothing of what is in them.
 */
import { invariant } from '../kit/assert.js';
import type { NodeId } from '../kit/node-id.js';
import type { Random } from '../kit/random.js';
import type { Scheme } from './addresses.js';
import { Channel, type ChannelModel, PERFECT_CHANNEL } from './channel.js';
import { type Datagram, DatagramPool } from './datagrams.js';
import type { EventQueue } from './event-queue.js';

/** Takes a datagram (or a frame of a connection) that arrives at a host: the first `length` of the bytes, which are valid until it returns. */
export type Receiver = (from: NodeId, bytes: DataView, length: number, scheme?: Scheme) => void;

/** A wire between two hosts, `a` < `b`. */
export interface Wire {
  readonly a: NodeId;
  readonly b: NodeId;
  readonly ab: Channel;
  readonly ba: Channel;
  /** What connections between the two send; only where TCP is used. */
  readonly streams?: { readonly ab: Channel; readonly ba: Channel };
}

/** By sender, then receiver. */
type Channels = Map<NodeId, Map<NodeId, Channel>>;

export class Network {
  readonly wires: Wire[] = [];
  /** Datagrams and bytes that hosts have sent, whatever became of them. */
  sentDatagrams = 0;
  sentBytes = 0;
  /** Whether a datagram for a host, which lies at `at`, passes at all; undefined: each does. */
  filter: ((to: NodeId, bytes: DataView, at: number) => boolean) | undefined;
  readonly #channels: Channels = new Map();
  readonly #streams: Channels = new Map();
  readonly #receivers = new Map<NodeId, Receiver>();
  readonly #pool = new DatagramPool((datagram) => this.#deliver(datagram));
  readonly #queue: EventQueue;
  readonly #random: Random;

  constructor(queue: EventQueue, random: Random) {
    this.#queue = queue;
    this.#random = random;
  }

  /** Joins two hosts; both directions start with the same model. `overTcp`: for connections, too. */
  connect(one: NodeId, other: NodeId, model: ChannelModel, overTcp = false): Wire {
    invariant(one !== other, 'a wire joins two hosts');
    const [a, b] = one < other ? [one, other] : [other, one];
    invariant(!this.#channels.get(a)?.has(b), 'two hosts have one wire at most');
    const pair = (channels: Channels, of: ChannelModel) => ({
      ab: this.#channel(channels, a, b, of),
      ba: this.#channel(channels, b, a, of),
    });
    const ends = { a, b, ...pair(this.#channels, model) };
    const stream = { ...PERFECT_CHANNEL, delay: model.delay, jitter: model.jitter };
    const wire = overTcp ? { ...ends, streams: pair(this.#streams, stream) } : ends;
    this.wires.push(wire);
    return wire;
  }

  /** Who receives at `host` from now on; undefined: nobody, datagrams vanish there. */
  attach(host: NodeId, receiver: Receiver | undefined): void {
    if (receiver) this.#receivers.set(host, receiver);
    else this.#receivers.delete(host);
  }

  isAttached(host: NodeId): boolean {
    return this.#receivers.has(host);
  }

  /** Sends a copy of `length` bytes at `at`; without a wire between the two it vanishes, as on the Internet. */
  send(from: NodeId, to: NodeId, bytes: DataView, at: number, length: number, scheme: Scheme = 'udp'): void {
    this.sentDatagrams++;
    this.sentBytes += length;
    const channel = (scheme === 'tcp' ? this.#streams : this.#channels).get(from)?.get(to);
    if (!channel || this.filter?.(to, bytes, at) === false) return;
    for (const time of channel.arrivals(this.#queue.now, length)) {
      const datagram = this.#pool.take();
      datagram.from = from;
      datagram.to = to;
      datagram.scheme = scheme;
      datagram.fill(bytes, at, length);
      this.#queue.at(time, datagram.arrive);
    }
  }

  #deliver(datagram: Datagram): void {
    const { from, to, bytes, length, scheme } = datagram;
    this.#receivers.get(to)?.(from, bytes, length, scheme);
    this.#pool.giveBack(datagram);
  }

  #channel(channels: Channels, from: NodeId, to: NodeId, model: ChannelModel): Channel {
    const channel = new Channel(model, this.#random.fork());
    const outgoing = channels.get(from) ?? new Map<NodeId, Channel>();
    channels.set(from, outgoing.set(to, channel));
    return channel;
  }
}

/** Whether datagrams get through in both directions, now. */
export function isWhole(wire: Wire): boolean {
  return wire.ab.cuts === 0 && wire.ba.cuts === 0;
}
