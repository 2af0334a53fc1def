/**
 * The records of the rings between the main thread and a worker, and between workers (which rings: ts/data/worker-contract.ts). In the machine's byte order;
 * every record starts with a word that says its kind:
 *
 * ```
 * SendLink     0 kind   4 link    8 frame type   12 payload ...    into a link: the worker writes the headers, counter and tag
 * SendTo       0 kind   4 -       8 -    12 address, 32 bytes  44 frame ...    as it is, to an address (handshakes)
 * SendPacket   0 kind   4 frame ...     both headers written, link fields zero: the worker looks up the route (originated)
 * Command      0 kind   4 JSON, UTF-8 ({@link WorkerCommand})
 * Punt         0 kind   4 PuntReason   8 link   12 address, 32 bytes (handshakes)   44 time   52 frame ...
 *                                               12 what would pass, bytes of frame (TooBig)
 * Deliver      0 kind   4 time   12 frame ...     for a bound socket of the library: its port is the frame's destination port
 * LinkDowned   0 kind   4 link    8 time   16 DownCause       a worker took a link down
 * HandDeliver  0 kind   4 frame ...     a checked packet for a port forward of this node, whose flows are worker 0's
 * HandForward  0 kind   4 our link number    8 RunKind    12 frame ...    decided already: into a link that the reader of the ring sends
 * ```
 * An address is laid out as in batch.ts: 0 family, 4 port, 8 sixteen bytes, 24 scope, 28 socket. A time is when the batch was received, in
 * milliseconds of the monotonic clock, a 64-bit float (not aligned: read it with a DataView). The TTL of a frame in SendPacket may be
 * given (trace does); 0 stands for the usual one. Echo replies come as Deliver too: the frame's protocol tells.
 */
export const RecordKind = {
  SendLink: 1,
  SendTo: 2,
  SendPacket: 3,
  Command: 4,
  Punt: 5,
  Deliver: 6,
  LinkDowned: 7,
  HandDeliver: 8,
  HandForward: 9,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** Why a worker took a link down: nothing was heard of it for too long; or its connection has ended. */
export const DownCause = { Silent: 1, Disconnected: 2 } as const;
export type DownCause = (typeof DownCause)[keyof typeof DownCause];

/** Byte offsets within a record. */
export const RECORD_KIND = 0;
export const SEND_LINK_LINK = 4;
export const SEND_LINK_TYPE = 8;
export const SEND_LINK_PAYLOAD = 12;
export const SEND_TO_ADDRESS = 12;
export const SEND_TO_FRAME = 44;
export const SEND_PACKET_FRAME = 4;
export const COMMAND_JSON = 4;
export const PUNT_REASON = 4;
export const PUNT_LINK = 8;
export const PUNT_ADDRESS = 12;
export const PUNT_LIMIT = 12;
export const PUNT_TIME = 44;
export const PUNT_FRAME = 52;
export const DELIVER_TIME = 4;
export const DELIVER_FRAME = 12;
export const LINK_DOWNED_LINK = 4;
export const LINK_DOWNED_TIME = 8;
export const LINK_DOWNED_CAUSE = 16;
export const LINK_DOWNED_BYTES = 20;
export const HAND_DELIVER_FRAME = 4;
export const HAND_FORWARD_NUMBER = 4;
export const HAND_FORWARD_KIND = 8;
export const HAND_FORWARD_FRAME = 12;
