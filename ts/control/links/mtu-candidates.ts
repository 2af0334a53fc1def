import { BASE_MTU, MAX_MTU } from '../../wire/network-header.js';
import type { TransportAddress } from '../io.js';

/**
 * Sizes of IP packets that paths are known to carry: the least of IPv6; tunnels over Ethernet (WireGuard 1420, VXLAN 1450, clouds 1460,
 * PPPoE 1492); Ethernet; wireless, FDDI and cloud networks; tunnels over jumbo frames, and those themselves.
 */
const PACKETS = [1280, 1350, 1380, 1400, 1420, 1440, 1450, 1460, 1480, 1492, 1500, 2304, 4000, 4352, 8896, 8950, 9000];
/** The commonest, which is tried first. */
const ETHERNET = 1500;
const UDP_HEADER = 8;

/** The frames to probe for on the way to an address: ascending, all above the base; and the one to begin with. */
export function mtuCandidates({ family }: Pick<TransportAddress, 'family'>): {
  readonly sizes: readonly number[];
  readonly first: number;
} {
  const headers = packetOverhead(family);
  const sizes = PACKETS.map((packet) => packet - headers).filter((size) => size > BASE_MTU && size <= MAX_MTU);
  return { sizes, first: ETHERNET - headers };
}

/** Bytes of a packet of the network below that are in front of a frame: the headers of IP (without options) and UDP. */
export function packetOverhead(family: 4 | 6): number {
  return (family === 4 ? 20 : 40) + UDP_HEADER;
}
