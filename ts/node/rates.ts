/**
 * Rates, bandwidths and costs of links, as people write them behind an address, and to which links they apply:
 *
 * ```
 * 1.1.1.1@udp://host:7000?rate=50Mbit      the links to that peer
 * udp://0.0.0.0:7000?rate=50Mbit           all that leaves by that listening address: its links share the rate
 * 1.1.1.1@udp://host:7000?bandwidth=1Gbit&cost=3      what routing takes the way for; nothing is paced
 * ```
 * What is sent into a link whose rate is known waits in this node, in queues that are managed (ts/data/egress). A peer's rate counts before that of the
 * listening address.
 */
import type { LinkTerms, TransportAddress } from '../control/io.js';
import type { NodeId } from '../kit/node-id.js';
import { readBitRate } from '../kit/quantity.js';
import type { LinkPace } from '../memory/link-table.js';
import { invalidOption } from './errors.js';

/** Kilobits a second: 100 kbit/s to 100 Gbit/s. */
const MIN_RATE = 100;
const MAX_RATE = 100_000_000;
const MAX_COST = 1000;
const DEFAULT_COST = 1;

/** What may stand behind an address. */
export interface AddressOptions {
  /** At which rate to send, kbit/s; 0: as fast as it goes. */
  readonly rate: number;
  /** What the way carries, kbit/s, for routing; 0: not known, or as the rate says. */
  readonly bandwidth: number;
  /** What the way costs, for routing, 0..1000. */
  readonly cost: number;
}

export const NO_ADDRESS_OPTIONS: AddressOptions = { rate: 0, bandwidth: 0, cost: DEFAULT_COST };

/** A text without the options behind it. */
export function withoutOptions(text: unknown): unknown {
  return typeof text === 'string' ? text.replace(/\?.*$/, '') : text;
}

/** The options behind a text. Throws when one is none that an address may have. */
export function optionsBehind(text: unknown, option: string): AddressOptions {
  const query = typeof text === 'string' ? /\?(.*)$/.exec(text)?.[1] : undefined;
  if (query === undefined) return NO_ADDRESS_OPTIONS;
  const found = { ...NO_ADDRESS_OPTIONS };
  for (const pair of query.split('&')) {
    const [name, value, ...rest] = pair.split('=');
    if (value === undefined || rest.length > 0 || (name !== 'rate' && name !== 'bandwidth' && name !== 'cost'))
      throw invalidOption(option, 'rate, bandwidth or cost behind the address, as in ?rate=50Mbit&cost=3', text);
    found[name] = name === 'cost' ? readCost(value, option, text) : readRate(name, value, option, text);
  }
  return found;
}

function readRate(name: string, value: string, option: string, text: unknown): number {
  const rate = Math.round((readBitRate(value) ?? 0) / 1000);
  if (rate < MIN_RATE || rate > MAX_RATE)
    throw invalidOption(option, `a rate such as ?${name}=50Mbit, from 100kbit to 100Gbit`, text);
  return rate;
}

function readCost(value: string, option: string, text: unknown): number {
  const cost = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(cost <= MAX_COST)) throw invalidOption(option, `a whole number such as ?cost=3, from 0 to ${MAX_COST}`, text);
  return cost;
}

/** One address of a peer, with what is known of the way there. */
export interface PeerRate extends AddressOptions {
  readonly id: NodeId;
  readonly scheme: TransportAddress['scheme'];
  readonly host: string;
  readonly port: number;
}

/** What is known of the listening addresses, by their numbers. */
export type ListenRates = Readonly<Record<TransportAddress['scheme'], readonly AddressOptions[]>>;

/** What was configured of links: which are paced, how, and by which worker; and what they are worth to routing. */
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

  /** Says what is known of an address of a peer. */
  setPeer(peer: PeerRate): void {
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
    const own = worst(this.#known(peer, address).map(({ rate }) => rate));
    const rate = own || (this.#listen[address.scheme][socket]?.rate ?? 0);
    if (rate === 0) return undefined;
    const wire = own > 0 ? link : this.#wireOf(address.scheme, socket);
    return { rate, wire, worker: wire % this.#workers };
  }

  /** What a link is worth to routing. Where a peer's address and the listening one both say something, the peer's counts. */
  termsOf(peer: NodeId, address: TransportAddress, socket: number): LinkTerms {
    const known = this.#known(peer, address);
    const listen = this.#listen[address.scheme][socket] ?? NO_ADDRESS_OPTIONS;
    const cost = known.length > 0 ? Math.max(...known.map((one) => one.cost)) : listen.cost;
    const bandwidth = worst(known.map(widthOf)) || widthOf(listen);
    return { cost, bandwidth: bandwidth / 1000 };
  }

  /** Wires that there may be: a link's each, then those of the listening addresses. */
  get wires(): number {
    return this.#links + this.#listen.udp.length + this.#listen.tcp.length;
  }

  /** A wire has one worker, so addresses of different schemes have different ones. */
  #wireOf(scheme: TransportAddress['scheme'], socket: number): number {
    return this.#links + (scheme === 'tcp' ? this.#listen.udp.length : 0) + socket;
  }

  /** This address of the peer, or else all that are known: who dialed us comes from an address that nobody has written down. */
  #known(peer: NodeId, { scheme, host, port }: TransportAddress): readonly PeerRate[] {
    const known = this.#peers.get(peer) ?? [];
    const exact = known.find((address) => address.scheme === scheme && address.host === host && address.port === port);
    return exact ? [exact] : known;
  }
}

const widthOf = ({ bandwidth, rate }: AddressOptions): number => bandwidth || rate;

/** The least of what is known; 0: nothing is. */
function worst(rates: readonly number[]): number {
  const known = rates.filter((rate) => rate > 0);
  return known.length === 0 ? 0 : Math.min(...known);
}
