/**
 * Addresses of the virtual network: a node's IPv4 address has the four bytes of its id. All listen on one port for UDP, and on another one for TCP, by
 * which a connection is known at both of its ends.
 */
import type { TransportAddress } from '../control/io.js';
import { formatNodeId, type NodeId, parseNodeId } from '../kit/node-id.js';
import { readPort, writeAddress } from '../memory/address.js';
import { ADDRESS_FAMILY, ADDRESS_IP } from '../memory/batch.js';
import { AddressFamily, type LinkAddress } from '../memory/link-table.js';

export type Scheme = TransportAddress['scheme'];

export const SIM_PORT = 7000;
export const SIM_TCP_PORT = 7001;

const portOf = (scheme: Scheme): number => (scheme === 'tcp' ? SIM_TCP_PORT : SIM_PORT);

export function addressOf(id: NodeId, scheme: Scheme = 'udp'): TransportAddress {
  return { scheme, family: 4, host: formatNodeId(id), port: portOf(scheme) };
}

/** Which node has the address; undefined: none can. */
export function idOfHost(host: string): NodeId | undefined {
  return parseNodeId(host);
}

/** As the link table holds it. */
export function linkAddressOf(id: NodeId, scheme: Scheme): LinkAddress {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, id);
  return { family: AddressFamily.IPv4, port: portOf(scheme), bytes, scope: 0 };
}

/** Writes the address as batches and records hold it; every node has one socket of each kind, number 0. */
export function writeSimAddress(view: DataView, at: number, id: NodeId, scheme: Scheme): void {
  writeAddress(view, at, formatNodeId(id), portOf(scheme), 0);
}

/** Reads what {@link writeSimAddress} has written; undefined: no address. */
export function readSimAddress(view: DataView, at: number): TransportAddress | undefined {
  if (view.getInt32(at + ADDRESS_FAMILY, true) !== AddressFamily.IPv4) return undefined;
  return addressOf(view.getUint32(at + ADDRESS_IP), schemeAt(view, at));
}

/** The transport of an address that {@link writeSimAddress} has written. */
export function schemeAt(view: DataView, at: number): Scheme {
  return readPort(view, at) === SIM_TCP_PORT ? 'tcp' : 'udp';
}
