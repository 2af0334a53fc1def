/**
 * Messages by which nodes tell each other of nodes to link with, as values (proto/portolan/v1/control.proto). Total: what makes no sense
 * yields `malformed`.
 */
import { create } from '@bufbuild/protobuf';
import { ipBytes, ipText } from '../kit/ip.js';
import { type NodeId, nodeIdProblem } from '../kit/node-id.js';
import {
  type TransportAddress as AddressMessage,
  type NeighbourAnswer as AnswerMessage,
  NeighbourAnswerSchema,
  NeighbourRequestSchema,
  type NeighbourRequest as RequestMessage,
  TransportAddress_Scheme as Scheme,
  TransportAddressSchema,
} from './gen/portolan/v1/control_pb.js';

/** Neighbours in an answer, and addresses of each, at most. */
export const MAX_NEIGHBOURS = 32;
export const MAX_NEIGHBOUR_ADDRESSES = 4;
/** Addresses in a request at most. */
export const MAX_LISTENS = 8;

/** Where a node can be dialed. */
export interface NodeAddress {
  readonly scheme: 'udp' | 'tcp';
  readonly family: 4 | 6;
  /** Textual IP address. */
  readonly host: string;
  /** 1 .. 65535 */
  readonly port: number;
}

/** Where a node says that it listens: without a host at whatever host it is seen. */
export type ListenClaim = NodeAddress | Pick<NodeAddress, 'scheme' | 'port'>;

export interface NeighbourRequest {
  /** Bit b: nodes are wanted whose ids differ from the asker's first in bit b. */
  readonly wantedBits: number;
  readonly listens: readonly ListenClaim[];
}

/** A node that may be linked with. */
export interface Neighbour {
  readonly id: NodeId;
  readonly addresses: readonly NodeAddress[];
  /** For how long nobody has heard of it; 0: the teller is linked with it. */
  readonly ageSeconds: number;
}

export interface NeighbourAnswer {
  readonly neighbours: readonly Neighbour[];
}

export type NeighbourMessage =
  | { readonly kind: 'neighbourRequest'; readonly request: NeighbourRequest }
  | { readonly kind: 'neighbourAnswer'; readonly answer: NeighbourAnswer };

const SCHEMES: readonly (readonly [NodeAddress['scheme'], Scheme])[] = [
  ['udp', Scheme.UDP],
  ['tcp', Scheme.TCP],
];

export function writeNeighbourRequest({ wantedBits, listens }: NeighbourRequest): RequestMessage {
  return create(NeighbourRequestSchema, { wantedBits, listens: listens.map(writeAddress) });
}

export function readNeighbourRequest({ wantedBits, listens }: RequestMessage): NeighbourRequest | 'malformed' {
  if (listens.length > MAX_LISTENS) return 'malformed';
  const claims = listens.map((claim) => (claim.host.length === 0 ? readPlace(claim) : readAddress(claim)));
  return { wantedBits, listens: claims.filter((claim) => claim !== undefined) };
}

export function writeNeighbourAnswer({ neighbours }: NeighbourAnswer): AnswerMessage {
  return create(NeighbourAnswerSchema, {
    neighbours: neighbours.map(({ id, addresses, ageSeconds }) => ({
      id,
      addresses: addresses.map(writeAddress),
      ageSeconds,
    })),
  });
}

/** Nodes of which no address can be read are left out. */
export function readNeighbourAnswer({ neighbours }: AnswerMessage): NeighbourAnswer | 'malformed' {
  if (neighbours.length > MAX_NEIGHBOURS) return 'malformed';
  const read: Neighbour[] = [];
  for (const { id, addresses, ageSeconds } of neighbours) {
    const known = readAddresses(addresses);
    if (nodeIdProblem(id) !== undefined || known === 'malformed') return 'malformed';
    if (known.length > 0) read.push({ id, addresses: known, ageSeconds });
  }
  return { neighbours: read };
}

/** Where one node can be dialed: at most {@link MAX_NEIGHBOUR_ADDRESSES}. Those that cannot be read are left out. */
export function readAddresses(addresses: readonly AddressMessage[]): NodeAddress[] | 'malformed' {
  if (addresses.length > MAX_NEIGHBOUR_ADDRESSES) return 'malformed';
  return addresses.map(readAddress).filter((address) => address !== undefined);
}

export function writeAddress(address: ListenClaim): AddressMessage {
  const scheme = SCHEMES.find(([name]) => name === address.scheme)?.[1] ?? Scheme.UNSPECIFIED;
  const host = 'host' in address ? ipBytes(address.host) : undefined;
  return create(TransportAddressSchema, { scheme, port: address.port, ...(host ? { host } : {}) });
}

/** Undefined: a transport of a later version, or no address. */
function readAddress(message: AddressMessage): NodeAddress | undefined {
  const place = readPlace(message);
  const host = ipText(message.host);
  if (place === undefined || host === undefined) return undefined;
  return { scheme: place.scheme, family: message.host.length === 4 ? 4 : 6, host, port: place.port };
}

function readPlace({ scheme, port }: AddressMessage): Pick<NodeAddress, 'scheme' | 'port'> | undefined {
  const name = SCHEMES.find(([, number]) => number === scheme)?.[0];
  return name === undefined || port < 1 || port > 65_535 ? undefined : { scheme: name, port };
}
