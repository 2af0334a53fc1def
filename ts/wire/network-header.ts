/**
 * The network header: 24 bytes, big-endian, fixed from end to end; it follows the link header, so the offsets
 * below count from the start of the frame.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |                       destination id                          | 24
 * +-------------------------------+-------------------------------+   or, for channels: the channel's hash, 64 bits
 * |          source port          |        destination port       | 28
 * +-------------------------------+-------------------------------+
 * |                 source (or publisher) id                      | 32
 * +---------------+---------------+---------------+---------------+
 * |   protocol    | traffic class | e2e key epoch |     flags     | 36
 * +---------------+---------------+---------------+---------------+
 * |                                                               | 40
 * +                 counter / sequence number                     +
 * |                                                               | 44
 * +---------------------------------------------------------------+
 * ```
 */
export const NETWORK_HEADER_BYTES = 24;

/** Both headers: where a frame's payload starts, and the length of the shortest frame. */
export const HEADERS_BYTES = 48;

export const OFFSET_DESTINATION = 24;
export const OFFSET_CHANNEL = 24;
export const OFFSET_SOURCE_PORT = 28;
export const OFFSET_DESTINATION_PORT = 30;
export const OFFSET_SOURCE = 32;
export const OFFSET_PROTOCOL = 36;
export const OFFSET_CLASS = 37;
export const OFFSET_KEY_EPOCH = 38;
export const OFFSET_NETWORK_FLAGS = 39;
export const OFFSET_SEQUENCE = 40;
export const OFFSET_PAYLOAD = HEADERS_BYTES;

/** What the payload is. */
export const Protocol = {
  /** A datagram between virtual sockets. */
  Datagram: 0,
  /** An echo request, answered by the destination's worker; ports and payload come back as they went. */
  EchoRequest: 1,
  EchoReply: 2,
  /** A part of a datagram larger than the path carries. */
  Fragment: 3,
  /** Something went wrong with a packet: payload as in `error-payload.ts`. */
  Error: 4,
  /** An IP packet. */
  Ip: 5,
  /** Between the two ends of one link: control, hello and handshake frames. Never routed. */
  Link: 6,
  /** A channel's data: the first eight bytes are the channel's hash, the source is the publisher. */
  Channel: 7,
} as const;
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

/** Traffic classes, each with its own routes; chosen by the source, never changed on the way. */
export const TrafficClass = { LowLatency: 0, LowCost: 1, Reliable: 2, HighBandwidth: 3 } as const;
export type TrafficClass = (typeof TrafficClass)[keyof typeof TrafficClass];
/** Their names for people and programs, by number. */
export const TRAFFIC_CLASS_NAMES = ['lowLatency', 'lowCost', 'reliable', 'highBandwidth'] as const;
export type TrafficClassName = (typeof TRAFFIC_CLASS_NAMES)[number];

/** The class of this name. */
export function trafficClassOf(name: TrafficClassName): TrafficClass {
  return TRAFFIC_CLASS_NAMES.indexOf(name) as TrafficClass;
}

/** Flag: the payload is sealed end to end and ends in a 16-byte authentication tag. */
export const NETWORK_FLAG_SEALED = 0x01;
export const SEAL_BYTES = 16;

/** A link's MTU, the largest frame in bytes, is 1200 at first: what crosses every IPv6 network, and nearly all of IPv4. */
export const BASE_MTU = 1200;
/** The largest frame that a port takes from the network: what an IP packet of 9000 bytes holds. */
export const MAX_MTU = 8972;
/** The overlay always carries this much payload: 1200 less the headers and a seal. */
export const BASE_PAYLOAD_BYTES = BASE_MTU - HEADERS_BYTES - SEAL_BYTES;
/** The largest payload of a datagram, as of UDP over IPv4: what does not fit its path is cut into fragments. */
export const MAX_PAYLOAD_BYTES = 65_507;
