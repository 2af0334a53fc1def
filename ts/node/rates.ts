/**
 * Rates of links, as people write them behind an address, and to which links they apply:
 *
 * ```
 * 1.1.1.1@udp://host:7000?rate=50Mbit      the links to that peer
 * udp://0.0.0.0:7000?rate=50Mbit           all that leaves by that listening address: its links share the rate
 * ```
 * What is sent into a link whose rate is known waits in this node, in queues that are managed (ts/data/egress). A peer's rate counts before that of the
 * listening address.
 */
import type { TransportAddress } from '../control/io.js';
import type { NodeId } from '../kit/node-id.js';
import { readBitRate } from '../kit/quantity.js';
import type { LinkPace } from '../memory/link-table.js';
import { invalidOption } from './errors.js';

/** Kilobits a second: 100 kbit/s to 100 Gbit/s. */
const MIN_RATE = 100;
const MAX_RATE = 100_000_000;

/** A text without the rate behind it. */
export function withoutRate(text: unknown): unknown {
  return typeof text === 'string' ? text.replace(/\?rate=[^?&]*$/, '') : text;
}

/** The rate behind a text, kbit/s; 0: none. Throws when it is none that a link may have. */
export function rateBehind(text: unknown, option: string): number {
  const written = typeof text === 'string' ? /\?rate=([^?&]*)$/.exec(text)?.[1] : undefined;
  if (written === undefined) return 0;
  const rate = Math.round((readBitRate(written) ?? 0) / 1000);
  if (rate < MIN_RATE || rate > MAX_RATE)
    throw invalidOption(option, 'a rate such as ?rate=50Mbit, from 100kbit to 100Gbit', text);
  return rate;
}

/** One address of a peer, with the rate of the way there, kbit/s. */
export interface PeerRate {
  readonly id: NodeId;
  readonly scheme: TransportAddress['scheme'];
  readonly host: string;
  readonly port: number;
  readonly rate: number;
}

/** Rates of the listening addresses, by their numbers, kbit/s or 0. */
export type ListenRates = Readonly<Record<TransportAddress['scheme'], readonly number[]>>;

/** Which links are paced, how, and by which worker. */
export class LinkRates {
  readonly #listen: ListenRates;
  readonly #peers = new Map<NodeId, PeerRate[]>();
  readonly #links: number;
  readonly #workers: number;

  /** `links`: entries of the link table; `workers`: those that send UDP links. */
  constructor(listen: ListenRates, links: number, workers: number) {
    this.#listen = listen;
    this.#links = links;
    this.#workers = workers;
  }

  /** Says what is known of an address of a peer; a rate of 0 says nothing. */
  setPeer(peer: PeerRate): void {
    if (peer.rate === 0) return;
    const others = (this.#peers.get(peer.id) ?? []).filter(
      ({ scheme, host, port }) => scheme !== peer.scheme || host !== peer.host || port !== peer.port,
    );
    this.#peers.set(peer.id, [...others, peer]);
  }

  removePeer(id: NodeId): void {
    this.#peers.delete(id);
  }

  /** How a new link is paced; undefined: it is not. */
  paceOf(link: number, peer: NodeId, address: TransportAddress, socket: number): LinkPace | undefined {
    const own = this.#rateOfPeer(peer, address);
    const rate = own || (this.#listen[address.scheme][socket] ?? 0);
    if (rate === 0) return undefined;
    const wire = own > 0 ? link : this.#wireOf(address.scheme, socket);
    return { rate, wire, worker: wire % this.#workers };
  }

  /** Wires that there may be: a link's each, then those of the listening addresses. */
  get wires(): number {
    return this.#links + this.#listen.udp.length + this.#listen.tcp.length;
  }

  /** A wire has one worker, so addresses of different schemes have different ones. */
  #wireOf(scheme: TransportAddress['scheme'], socket: number): number {
    return this.#links + (scheme === 'tcp' ? this.#listen.udp.length : 0) + socket;
  }

  /** The rate of this address, or else the least that is known of the peer: who dialed us comes from an address that nobody has written down. */
  #rateOfPeer(peer: NodeId, { scheme, host, port }: TransportAddress): number {
    const known = this.#peers.get(peer) ?? [];
    const exact = known.find((address) => address.scheme === scheme && address.host === host && address.port === port);
    if (exact) return exact.rate;
    return known.length === 0 ? 0 : Math.min(...known.map(({ rate }) => rate));
  }
}
