/**
 * The options of a node: what people write, and what it means once every value has been checked. Nothing is opened or resolved here.
 */
import { availableParallelism } from 'node:os';
import type { BootstrapAddress } from '../control/io.js';
import type { NodeId } from '../kit/node-id.js';
import type { NodeRole } from '../wire/handshake.js';
import {
  type Expose,
  type Forward,
  type HostPort,
  type PeerAddress,
  parseBootstrap,
  parseExpose,
  parseForward,
  parseId,
  parsePeer,
  parseTransportUrl,
  type TransportUrl,
} from './addresses.js';
import { checkEmulation, type Emulation, parseEmulation } from './emulation.js';
import { invalidOption } from './errors.js';
import { checkNetworkKey } from './network-key.js';
import { type AddressOptions, NO_ADDRESS_OPTIONS, optionsBehind, type PeerRate, withoutOptions } from './rates.js';

/** Which packet path a node uses: `auto` takes the native one when it runs here, and says why when it does not. */
export type PacketPathOption = 'auto' | 'native' | 'portable';

/** What `createNode` takes. */
export interface NodeOptions {
  /** This node's id, as in `1.1.1.2`. */
  readonly id: string;
  /**
   * Where to listen, as in `udp://0.0.0.0:7000` or `tcp://0.0.0.0:7000`; port 0 lets the system choose. Default: `udp://0.0.0.0:0`. With `?rate=50Mbit` behind it, what leaves
   * by it is paced and queued here.
   */
  readonly listen?: readonly string[];
  /**
   * Nodes to link with, as in `1.1.1.1@udp://192.0.2.1:7000`. Several addresses of one id are tried in turn, those for `udp://` first.
   * `?rate=50Mbit` as for `listen`; `?bandwidth=1Gbit&cost=3` is what routing takes the way there for.
   */
  readonly peers?: readonly string[];
  /**
   * Links that the node makes on its own, with nodes that others tell of, 0..32; peers come on top. Default: 32 where `bootstrap` names anybody, else 0.
   */
  readonly neighbours?: number;
  /** Nodes to begin with, where neighbours are chosen: as `peers`, or without an id, as in `udp://192.0.2.1:7000`. One is enough. */
  readonly bootstrap?: readonly string[];
  /**
   * What all nodes of the network share: 64 hexadecimal digits, 32 bytes, or a passphrase of at least 12 characters. Without one the node
   * is in the open network, which any node may join.
   */
  readonly networkKey?: string | Uint8Array;
  /** Threads that forward, 1..64. Default: the processors less one, at most 4; the portable path always has one. */
  readonly workers?: number;
  /** UDP that enters the overlay here, as in `udp://127.0.0.1:5000=1.1.1.3:6000`. */
  readonly forwards?: readonly string[];
  /** Services that the overlay reaches here, as in `6000=udp://127.0.0.1:9000`. */
  readonly exposes?: readonly string[];
  /** The admin interface: `true` is a unix socket at the usual place, a text a path or `127.0.0.1:7080`; `false` or `off` is none (default). */
  readonly admin?: boolean | string;
  readonly packetPath?: PacketPathOption;
  /** UDP segmentation offload on sending, where the kernel has it. Default: true. */
  readonly gso?: boolean;
  /** The same on receiving. Default: true. */
  readonly gro?: boolean;
  /** False asks for links without authentication tags, for measuring only; both ends must ask. Default: true. */
  readonly tags?: boolean;
  /** A relay carries others' packets; a leaf only its own: it dials relays, takes nobody in, and routing does not know it. Default: relay. */
  readonly role?: NodeRole;
  /**
   * Sessions to open with each peer that is dialed, 1..8: one link of more than one goes on several ports, so that several workers receive it. Default: 1.
   */
  readonly linksPerPeer?: number;
  /** How many links the node has room for, those of leaves aside, 1..4095. Default: 1023. */
  readonly maxLinks?: number;
  /**
   * Networks to emulate for what this node sends, as in `delay=50ms jitter=5ms loss=1% rate=50Mbit` (all links), with a listening address or a node
   * id in front for what leaves by that address or is sent to that peer. The most specific one counts, and of those the last. Default: none.
   */
  readonly emulate?: readonly string[];
  /** How many leaves a relay has room for; with `maxLinks` at most 4095. Default: 1024, or what `maxLinks` leaves of it. */
  readonly maxLeaves?: number;
  /**
   * Whether flows of this node that last get better paths than the tables have, looked for in the background and pinned. A leaf has its relays' ways. Default: true.
   */
  readonly optimise?: boolean;
  /** Lets `node.injectFault` break things, for tests and demonstrations. Default: false. */
  readonly allowFaults?: boolean;
  /** Closes the node when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Options that have been checked. */
export interface NodeConfig {
  readonly id: NodeId;
  readonly listen: readonly ListenAddress[];
  /** Of the listening addresses, in their order. */
  readonly listenRates: readonly AddressOptions[];
  readonly peers: readonly PeerAddress[];
  readonly peerRates: readonly PeerRate[];
  readonly neighbours: number;
  readonly bootstrap: readonly BootstrapAddress[];
  readonly networkKey: string | Uint8Array | undefined;
  readonly workers: number;
  readonly forwards: readonly Forward[];
  readonly exposes: readonly Expose[];
  readonly admin: AdminConfig;
  readonly packetPath: PacketPathOption;
  readonly gso: boolean;
  readonly gro: boolean;
  readonly tags: boolean;
  readonly role: NodeRole;
  readonly linksPerPeer: number;
  readonly maxLinks: number;
  readonly emulate: readonly Emulation[];
  readonly maxLeaves: number;
  readonly optimise: boolean;
  readonly allowFaults: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A listening address, and the option that asked for it, as in `listen[0]`. */
export interface ListenAddress extends TransportUrl {
  readonly option: string;
}

export type AdminConfig =
  | { readonly kind: 'none' }
  | { readonly kind: 'default' }
  | { readonly kind: 'path'; readonly path: string }
  | ({ readonly kind: 'tcp' } & HostPort);

/** Links that a node makes on its own, at most. */
const MOST_NEIGHBOURS = 32;
/** Link indexes have twelve bits, and 0 is none. */
const MOST_LINKS = 4095;

const KNOWN = new Set<string>([
  'id',
  'listen',
  'peers',
  'neighbours',
  'bootstrap',
  'networkKey',
  'workers',
  'forwards',
  'exposes',
  'admin',
  'packetPath',
  'gso',
  'gro',
  'tags',
  'role',
  'linksPerPeer',
  'maxLinks',
  'emulate',
  'maxLeaves',
  'optimise',
  'allowFaults',
  'signal',
] satisfies (keyof NodeOptions)[]);

/** Checks all options; throws a PortolanError with code INVALID_OPTION that says which is wrong and what was expected. */
export function checkOptions(options: NodeOptions): NodeConfig {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object', options);
  for (const name of Object.keys(options))
    if (!KNOWN.has(name)) throw invalidOption(name, `one of the options ${[...KNOWN].join(', ')}`, 'an unknown option');
  const id = parseId(options.id, 'id');
  const listen = list(options.listen ?? ['udp://0.0.0.0:0'], 'listen', (text, option) => ({
    ...parseTransportUrl(withoutOptions(text), option, 0),
    option,
  }));
  const peers = list(options.peers, 'peers', (text, option) => parsePeer(withoutOptions(text), option));
  const peerRates = list(options.peers, 'peers', optionsBehind);
  for (const [index, peer] of peers.entries())
    if (peer.id === id) throw invalidOption(`peers[${index}]`, "another node's id than this node's own", options.id);
  const exposes = list(options.exposes, 'exposes', parseExpose);
  const taken = new Set<number>();
  for (const [index, { virtualPort }] of exposes.entries()) {
    if (taken.has(virtualPort))
      throw invalidOption(`exposes[${index}]`, 'a port that is not exposed twice', virtualPort);
    taken.add(virtualPort);
  }
  const role = oneOf(options.role, 'role', ['relay', 'leaf'], 'relay');
  const maxLinks = integer(options.maxLinks, 'maxLinks', 1, MOST_LINKS, 1023);
  const leavesByDefault = Math.min(1024, MOST_LINKS - maxLinks);
  if (role === 'leaf' && (options.maxLeaves ?? 0) !== 0)
    throw invalidOption('maxLeaves', 'none or 0, for a leaf takes nobody in', options.maxLeaves);
  const linksPerPeer = integer(options.linksPerPeer, 'linksPerPeer', 1, 8, 1);
  if (role === 'leaf' && linksPerPeer > 1)
    throw invalidOption('linksPerPeer', '1, for a leaf has one session with a relay', linksPerPeer);
  const { neighbours, bootstrap, bootstrapRates } = checkNeighbours(options, id, role);
  if ([...peers, ...bootstrap].some(({ scheme }) => scheme === 'udp') && !listen.some(({ scheme }) => scheme === 'udp'))
    throw invalidOption('listen', 'at least one address for udp://, for there are peers at such', options.listen);
  const emulate = list(options.emulate, 'emulate', parseEmulation);
  checkEmulation(emulate, listen);
  return {
    id,
    listen,
    listenRates: list(options.listen, 'listen', optionsBehind),
    peers,
    peerRates: [
      ...peers.map((peer, index) => ({ ...peer, ...(peerRates[index] ?? NO_ADDRESS_OPTIONS) })),
      ...bootstrapRates,
    ],
    neighbours,
    bootstrap,
    networkKey: checkNetworkKey(options.networkKey),
    workers: integer(options.workers, 'workers', 1, 64, Math.max(1, Math.min(4, availableParallelism() - 1))),
    forwards: list(options.forwards, 'forwards', parseForward),
    exposes,
    admin: parseAdmin(options.admin),
    packetPath: oneOf(options.packetPath, 'packetPath', ['auto', 'native', 'portable'], 'auto'),
    gso: flag(options.gso, 'gso', true),
    gro: flag(options.gro, 'gro', true),
    tags: flag(options.tags, 'tags', true),
    linksPerPeer,
    emulate,
    role,
    maxLinks,
    maxLeaves: role === 'leaf' ? 0 : integer(options.maxLeaves, 'maxLeaves', 0, MOST_LINKS - maxLinks, leavesByDefault),
    optimise: flag(options.optimise, 'optimise', true),
    allowFaults: flag(options.allowFaults, 'allowFaults', false),
    signal: checkSignal(options.signal),
  };
}

/** How many neighbours to choose, and whom to begin with. */
function checkNeighbours(
  options: NodeOptions,
  self: NodeId,
  role: NodeRole,
): Pick<NodeConfig, 'neighbours' | 'bootstrap'> & { readonly bootstrapRates: PeerRate[] } {
  const bootstrap = list(options.bootstrap, 'bootstrap', (text, option) =>
    parseBootstrap(withoutOptions(text), option),
  );
  const rates = list(options.bootstrap, 'bootstrap', optionsBehind);
  const neighbours = integer(
    options.neighbours,
    'neighbours',
    0,
    MOST_NEIGHBOURS,
    bootstrap.length > 0 ? MOST_NEIGHBOURS : 0,
  );
  if (role === 'leaf' && neighbours > 0)
    throw invalidOption('neighbours', '0, for a leaf links only with the relays that are its peers', neighbours);
  if (bootstrap.length > 0 && neighbours === 0)
    throw invalidOption('neighbours', 'at least 1, for there are bootstrap nodes', neighbours);
  const bootstrapRates = bootstrap.flatMap(({ id, ...address }, index) => {
    if (id === self) throw invalidOption(`bootstrap[${index}]`, "another node's id than this node's own", options.id);
    return id === undefined ? [] : [{ id, ...address, ...(rates[index] ?? NO_ADDRESS_OPTIONS) }];
  });
  return { neighbours, bootstrap, bootstrapRates };
}

/** Reads the option `admin`. */
export function parseAdmin(value: unknown, option = 'admin'): AdminConfig {
  if (value === undefined || value === false || value === 'off') return { kind: 'none' };
  if (value === true) return { kind: 'default' };
  if (typeof value === 'string') {
    if (value.includes('/') || value.endsWith('.sock')) return { kind: 'path', path: value };
    const match = /^(?:\[([^\]]+)\]|([^\s:]+)):(\d{1,5})$/.exec(value);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host !== undefined && port <= 65_535) {
      if (!isLoopback(host))
        throw invalidOption(option, 'a loopback address: the admin interface has no authentication of its own', value);
      return { kind: 'tcp', host, port };
    }
  }
  throw invalidOption(option, 'true, false, the path of a unix socket, or an address such as 127.0.0.1:7080', value);
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

function list<T>(value: unknown, option: string, parse: (item: unknown, option: string) => T): T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalidOption(option, 'an array', value);
  return value.map((item, index) => parse(item, `${option}[${index}]`));
}

function integer(value: unknown, option: string, min: number, max: number, absent: number): number {
  if (value === undefined) return absent;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw invalidOption(option, `an integer from ${min} to ${max}`, value);
  return value;
}

function flag(value: unknown, option: string, absent: boolean): boolean {
  if (value === undefined) return absent;
  if (typeof value !== 'boolean') throw invalidOption(option, 'true or false', value);
  return value;
}

function oneOf<T extends string>(value: unknown, option: string, names: readonly T[], absent: T): T {
  if (value === undefined) return absent;
  const found = names.find((name) => name === value);
  if (found === undefined) throw invalidOption(option, `one of ${names.join(', ')}`, value);
  return found;
}

function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw invalidOption('signal', 'an AbortSignal', value);
}
