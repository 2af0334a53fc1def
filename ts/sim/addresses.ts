/** Addresses of the virtual network: a node's IPv4 address has the four bytes of its id, and all listen on one port. */
import type { TransportAddress } from '../control/io.js';
import { formatNodeId, type NodeId, parseNodeId } from '../kit/node-id.js';
import { writeAddress } from '../memory/address.js';
import { ADDRESS_FAMILY, ADDRESS_IP } from '../memory/batch.js';
import { AddressFamily, type LinkAddress } from '../memory/link-table.js';

export const SIM_PORT = 7000;

export function addressOf(id: NodeId): TransportAddress {
  return { scheme: 'udp', family: 4, host: formatNodeId(id), port: SIM_PORT };
}

/** Which node has the address; undefined: none can. */
export function idOfHost(host: string): NodeId | undefined {
  return parseNodeId(host);
}

/** As the link table holds it. */
export function linkAddressOf(id: NodeId): LinkAddress {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, id);
  return { family: AddressFamily.IPv4, port: SIM_PORT, bytes, scope: 0 };
}

/** Writes the address as batches and records hold it; every node has one socket, number 0. */
export function writeSimAddress(view: DataView, at: number, id: NodeId): void {
  writeAddress(view, at, formatNodeId(id), SIM_PORT, 0);
}

/** Reads what {@link writeSimAddress} has written; undefined: no address. */
export function readSimAddress(view: DataView, at: number): NodeId | undefined {
  return view.getInt32(at + ADDRESS_FAMILY, true) === AddressFamily.IPv4 ? view.getUint32(at + ADDRESS_IP) : undefined;
}
