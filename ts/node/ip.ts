/**
 * IP addresses between the control plane's values, the link table's bytes and the rings' records.
 */
import { SocketAddress } from 'node:net';
import type { TransportAddress } from '../control/io.js';
import { readHost, readPort, writeAddress } from '../memory/address.js';
import { ADDRESS_BYTES, ADDRESS_FAMILY, ADDRESS_IP, ADDRESS_SCOPE, ADDRESS_SOCKET } from '../memory/batch.js';
import type { LinkAddress } from '../memory/link-table.js';

const scratch = new Uint8Array(ADDRESS_BYTES);
const scratchView = new DataView(scratch.buffer);

/** As the link table holds it. The address has been resolved, or was received: its text is valid. */
export function toLinkAddress({ family, host, port }: TransportAddress): LinkAddress {
  writeAddress(scratchView, 0, host, port, 0);
  const bytes = scratch.slice(ADDRESS_IP, ADDRESS_IP + (family === 4 ? 4 : 16));
  return { family, port, bytes, scope: scratchView.getUint32(ADDRESS_SCOPE, true) };
}

/** The address in a record of a worker for `scheme`, and the socket by which it was seen; `undefined` when there is none. */
export function readAddress(
  view: DataView,
  at: number,
  scheme: TransportAddress['scheme'],
): { readonly source: TransportAddress; readonly socket: number } | undefined {
  const family = view.getInt32(at + ADDRESS_FAMILY, true);
  if (family !== 4 && family !== 6) return undefined;
  const host = family === 4 ? readHost(view, at) : shorten(readHost(view, at));
  return {
    source: { scheme, family, host, port: readPort(view, at) },
    socket: view.getInt32(at + ADDRESS_SOCKET, true),
  };
}

/** An IPv6 address as RFC 5952 writes it. */
function shorten(host: string): string {
  const [address = '', scope] = host.split('%');
  const short = new SocketAddress({ family: 'ipv6', address }).address;
  return scope === undefined ? short : `${short}%${scope}`;
}
