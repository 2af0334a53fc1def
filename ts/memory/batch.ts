/**
 * A batch: what one worker has received and what becomes of it. The receive stage fills it, the route stage writes a verdict a run,
 * the local and send stages act on the verdicts. It lies in memory that the worker shares with its native port, and with nobody else.
 *
 * A *run* is a row of consecutive packets that are decided alike: same kind, same incoming link and equal bytes 0-11 (but for the
 * counter and tag behind them), 24-31 and 36-39 of the headers, so destination, ports, protocol, class, TTL and label are the same.
 *
 * ```
 * +-- header, 128 bytes ------------------------------------------+ 0
 * | 0 runs   4 packets   8 now (ms, f64)   16 more waits (0 or 1) |
 * |20 packets that stages keep from earlier batches               |
 * |24 rings empty (0 or 1)             28 largest packet, bytes    |
 * +-- runs, 32 bytes each ----------------------------------------+ RUNS
 * | 0 kind        4 first packet  8 packets        12 link in     |
 * |16 frame at   20 verdict      24 argument       28 next (send) |
 * +-- packets, 8 bytes each --------------------------------------+ PACKETS
 * | 0 offset in the slab          4 length                        |
 * +-- addresses, 32 bytes, one a run (raw and handshake only) ----+ ADDRESSES
 * | 0 family (4, 6)  4 port   8 16 bytes   24 scope   28 socket   |
 * +---------------------------------------------------------------+ BATCH_BYTES
 * ```
 * "frame at" is the slab offset of the run's first packet: where the route stage reads the headers.
 */

export const MAX_RUNS = 4096;
export const MAX_PACKETS = 8192;

export const BATCH_RUN_COUNT = 0;
export const BATCH_PACKET_COUNT = 1;
/** Byte offset of the batch's time. */
export const BATCH_NOW = 8;
export const BATCH_MORE = 4;
export const BATCH_HELD = 5;
/** 1: the port has looked, and nothing waits in the worker's rings. 0: look yourself. */
export const BATCH_RINGS_EMPTY = 6;
/** The largest packet, in bytes, that has come into the batch since the size stage looked last, or more. */
export const BATCH_LARGEST = 7;

export const RUN_BYTES = 32;
export const PACKET_BYTES = 8;
export const ADDRESS_BYTES = 32;
// Byte offsets within an address, here, in records and in link entries (there without the socket).
export const ADDRESS_FAMILY = 0;
export const ADDRESS_PORT = 4;
export const ADDRESS_IP = 8;
export const ADDRESS_SCOPE = 24;
export const ADDRESS_SOCKET = 28;
export const RUNS = 128;
export const PACKETS = RUNS + MAX_RUNS * RUN_BYTES;
export const ADDRESSES = PACKETS + MAX_PACKETS * PACKET_BYTES;
export const BATCH_BYTES = ADDRESSES + MAX_RUNS * ADDRESS_BYTES;

// Words of a run.
export const RUN_WORDS = RUN_BYTES / 4;
export const RUN_KIND = 0;
export const RUN_FIRST = 1;
export const RUN_PACKETS = 2;
export const RUN_LINK = 3;
export const RUN_FRAME = 4;
export const RUN_VERDICT = 5;
export const RUN_ARGUMENT = 6;
export const RUN_NEXT = 7;

/** What a run's packets are. */
export const RunKind = {
  /** Data frames from a live link: tag and replay window are good. */
  Data: 1,
  Control: 2,
  Hello: 3,
  /** Handshake frames: not verified; where they came from is in the run's address. */
  Handshake: 4,
  /** Plain datagrams from a local socket (port forwards): no headers yet, but room for them before each. */
  Raw: 5,
  /** Whole frames that start at this node: the send stage does not count their TTL down. */
  Origin: 6,
  /** No packets: nobody is at the other end of the local socket in the link word, as the system has told. */
  Refused: 7,
} as const;

/** What becomes of a run; the argument is the word behind it. */
export const Verdict = {
  Undecided: 0,
  /** Send into the link `argument`: TTL (unless Origin), link number, counter and tag are written by the send stage. */
  Forward: 1,
  /** For this node; `argument`: the port's handler. */
  Deliver: 2,
  /** For the control plane; `argument`: a PuntReason. */
  Punt: 3,
  /** Count and forget; `argument`: the place of the drop's counter. */
  Drop: 4,
  /** Send each packet's bytes as they are from socket `argument` to the run's address. */
  Raw: 5,
  /** Dealt with. */
  Done: 6,
} as const;

/** Why control gets a frame. */
export const PuntReason = {
  Control: 1,
  Hello: 2,
  Handshake: 3,
  TtlExceeded: 4,
  NoRoute: 5,
  Error: 6,
  PortUnreachable: 7,
  TooBig: 8,
  Prohibited: 9,
} as const;

/** The views over a batch that every stage uses. */
export interface Batch {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly bytes: Uint8Array;
  /** The slab in which the packets lie. */
  readonly slab: DataView;
  readonly slabBytes: Uint8Array;
}

/** A batch over memory of at least {@link BATCH_BYTES} and a slab. */
export function openBatch(memory: SharedArrayBuffer, slab: SharedArrayBuffer): Batch {
  return {
    words: new Int32Array(memory),
    floats: new Float64Array(memory),
    bytes: new Uint8Array(memory),
    slab: new DataView(slab),
    slabBytes: new Uint8Array(slab),
  };
}

/** Word offset of run `index`. */
export const runAt = (index: number): number => RUNS / 4 + index * RUN_WORDS;
/** Word offset of packet `index`: offset in the slab, then length. */
export const packetAt = (index: number): number => PACKETS / 4 + index * 2;
/** Byte offset of the address of run `index`. */
export const addressAt = (index: number): number => ADDRESSES + index * ADDRESS_BYTES;
