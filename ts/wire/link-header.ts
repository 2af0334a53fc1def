/**
 * The link header: 24 bytes, big-endian, rewritten at every hop.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+-----------+---+---------------+---------------+
 * |version| type  |epoch|0 0 0 0|ECN|     TTL     |   reserved    |  0
 * +-------+-------+-----------+---+---------------+---------------+
 * |             link number, as the receiver gave it out          |  4
 * +---------------------------------------------------------------+
 * |        label: 0 = look up the destination, else a path        |  8
 * +---------------------------------------------------------------+
 * |                    counter, low 32 bits                       | 12
 * +---------------------------------------------------------------+
 * |                                                               | 16
 * +            tag: SipHash-2-4, keyed a session and direction    +
 * |                                                               | 20
 * +---------------------------------------------------------------+
 * ```
 * Flags (byte 1): bits 7-6 key epoch, bits 5-2 zero, bits 1-0 ECN (as in IP, RFC 3168).
 */
export const WIRE_VERSION = 1;

export const LINK_HEADER_BYTES = 24;

export const OFFSET_VERSION_TYPE = 0;
export const OFFSET_FLAGS = 1;
export const OFFSET_TTL = 2;
export const OFFSET_RESERVED = 3;
export const OFFSET_LINK_NUMBER = 4;
export const OFFSET_LABEL = 8;
export const OFFSET_COUNTER = 12;
export const OFFSET_TAG = 16;
export const TAG_BYTES = 8;

/** The TTL that a source writes: a guard against bugs, for the routes themselves cannot loop. */
export const INITIAL_TTL = 32;

/** What a frame is (low four bits of byte 0). Types not listed are refused. */
export const FrameType = {
  /** A packet of the overlay: routed by its network header. The tag covers the 48 bytes of headers. */
  Data: 0,
  /** A control message (Protocol Buffers) between the two ends of a link. The tag covers the payload too. */
  Control: 1,
  /** A hello: liveness, RTT, loss. Answered by workers, hence of fixed layout. The tag covers the payload too. */
  Hello: 2,
  /** A handshake message (Protocol Buffers), before there is a session: link number 0, tagged with the network's key. */
  Handshake: 3,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** The link number of frames that belong to no session yet. */
export const NO_LINK = 0;

/**
 * A link number is a link's index (low 12 bits) and the generation of that index (20 bits), so that frames of an
 * earlier owner of the index are told apart.
 */
export const LINK_INDEX_BITS = 12;
export const LINK_INDEX_MASK = (1 << LINK_INDEX_BITS) - 1;

export function linkNumber(index: number, generation: number): number {
  return ((generation << LINK_INDEX_BITS) | index) >>> 0;
}
