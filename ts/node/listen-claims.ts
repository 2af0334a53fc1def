/** What a node tells its neighbours of where it listens, for others to dial it there. */
import { isIP } from 'node:net';
import type { ListenClaim } from '../wire/neighbours.js';
import { parseTransportUrl } from './addresses.js';

/** Every address of the machine, as in `udp://0.0.0.0:7000`: where that is, a neighbour sees. */
const ANY_HOST = new Set(['0.0.0.0', '::']);

/** `urls`: where the node listens, with the ports that the system chose. */
export function listenClaims(urls: readonly string[]): ListenClaim[] {
  return urls.map((url): ListenClaim => {
    const { scheme, host, port } = parseTransportUrl(url, 'listen');
    return ANY_HOST.has(host) ? { scheme, port } : { scheme, family: isIP(host) === 6 ? 6 : 4, host, port };
  });
}
