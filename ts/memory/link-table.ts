/**
 * The link table: what workers must know of a link to receive from it and to send into it.
 *
 * An entry is 512 bytes, four parts on lines of their own, each with one kind of writer:
 *
 * ```
 *   0 +- control writes, workers read -------------------------------+
 *     |  0 state            4 our number (the peer writes it)        |
 *     |  8 peer's number   12 port kind   16 socket   20 MTU         |
 *     | 24 peer id         28 silence until down, ms                 |
 *     | 32 receive key, 16 bytes         48 transmit key, 16 bytes   |
 *     | 64 address: family, port, 16 bytes, scope                    |
 *     | 92 flags           96 own hello interval, ms                 |
 *     |100 interval last heard of the peer, ms  104 bundle's main   |
 *     |108 classes in which it leads straight to the peer           |
 *     |112 rate, kbit/s (0: not known)   116 wire   120 its worker   |
 * 128 +- the worker that holds the lock (replay-window.ts) -----+
 *     |128 lock            136 highest counter   144 frames received |
 *     |152 last heard, ms  160 last data heard, ms   168 bytes       |
 * 256 +- any worker, by atomic adds ---------------------------------+
 *     |256 next counter    264 frames sent       272 bytes sent      |
 *     |280 last data sent, ms                                        |
 * 384 +- the worker that sends the wire (ts/data/egress) ------------+
 *     |384 frames waiting   388 dropped there   392 marked there     |
 *     +--------------------------------------------------------------+
 * ```
 * Times are milliseconds of the machine's monotonic clock as 64-bit floats (one clock for all threads and for native code).
 *
 * Proof. *State*: Free -> Live (control, after the rest of the first part is written; release) -> Retired (control) -> Free (control,
 * after every worker has passed an epoch). Forbidden: writing keys, numbers or the address of an entry that is Live or Retired.
 * *Up* is a bit beside the table, so that one line tells of 1024 links: control sets it when a session is established; control or any worker
 * clears it (atomic `and`), a worker when the link was silent for too long: from then on every worker takes the backup next hop. Only
 * control sets it again. *Numbers*: a frame is taken only if its whole link number (index and generation) equals ours: a late
 * frame of an index's earlier owner is refused. *Other links*: control counts those that are not over UDP in a word of the region's header, up
 * before the entry is live and down when it is free: a worker that reads 0 there need not ask what carries a link. *Paced links*, those with a rate,
 * it counts in the word beside. Rate, wire and worker are written before an entry is live, and not again.
 */
import {
  CACHE_LINE,
  HEADER_WORD_OTHER_LINKS,
  HEADER_WORD_PACED_LINKS,
  LINK_ENTRY_BYTES,
  LINKS_UP_BYTES,
  REPLAY_WINDOW_BYTES,
  type Region,
} from './region.js';

export const LinkState = { Free: 0, Live: 1, Retired: 2 } as const;

/** What carries a link's frames. A worker hears and sends links of one kind; the others hand its frames over to it. */
export const PortKind = { None: 0, Udp: 1, Tcp: 2 } as const;
export type PortKind = (typeof PortKind)[keyof typeof PortKind];

export const AddressFamily = { None: 0, IPv4: 4, IPv6: 6 } as const;

/** Flag of an entry: tags are neither written nor checked (for measuring only; both ends must have agreed). */
export const LINK_FLAG_NO_TAGS = 1;

// Byte offsets within an entry.
export const LINK_STATE = 0;
export const LINK_OUR_NUMBER = 4;
export const LINK_PEER_NUMBER = 8;
export const LINK_PORT_KIND = 12;
export const LINK_SOCKET = 16;
export const LINK_MTU = 20;
export const LINK_PEER_ID = 24;
export const LINK_SILENCE_MS = 28;
export const LINK_RX_KEY = 32;
export const LINK_TX_KEY = 48;
export const LINK_ADDRESS_FAMILY = 64;
export const LINK_ADDRESS_PORT = 68;
export const LINK_ADDRESS = 72;
export const LINK_ADDRESS_SCOPE = 88;
export const LINK_FLAGS = 92;
export const LINK_HELLO_INTERVAL = 96;
export const LINK_HEARD_INTERVAL = 100;
/** Of a member of a bundle: the index of its main link (bundles.ts); otherwise 0. */
export const LINK_BUNDLE_OF = 104;
/** The classes in which packets for the peer itself go into the link (direct-table.ts): bit i for class i. */
export const LINK_DIRECT_CLASSES = 108;
export const LINK_RATE = 112;
/** Links of one wire share its rate: a link's own index, or, behind all of those, the number of a listening address. */
export const LINK_WIRE = 116;
/** Which of the workers that send UDP links has the wire's queue. */
export const LINK_WORKER = 120;

export const LINK_LOCK = CACHE_LINE;
export const LINK_RX_HIGHEST = CACHE_LINE + 8;
export const LINK_RX_FRAMES = CACHE_LINE + 16;
export const LINK_LAST_HEARD = CACHE_LINE + 24;
export const LINK_LAST_DATA_HEARD = CACHE_LINE + 32;
export const LINK_RX_BYTES = CACHE_LINE + 40;

export const LINK_TX_COUNTER = 2 * CACHE_LINE;
export const LINK_TX_FRAMES = 2 * CACHE_LINE + 8;
export const LINK_TX_BYTES = 2 * CACHE_LINE + 16;
export const LINK_LAST_DATA_SENT = 2 * CACHE_LINE + 24;

export const LINK_QUEUED_FRAMES = 3 * CACHE_LINE;
export const LINK_QUEUE_DROPPED = 3 * CACHE_LINE + 4;
export const LINK_ECN_MARKED = 3 * CACHE_LINE + 8;

/** Where a link's frames go, as the table holds it. Addresses are the 4 or 16 bytes of the IP address. */
export interface LinkAddress {
  readonly family: 4 | 6;
  readonly port: number;
  readonly bytes: Uint8Array;
  /** IPv6 scope (interface index of link-local addresses), otherwise 0. */
  readonly scope: number;
}

/** What control writes when a session is established. */
export interface LinkEntry {
  readonly peer: number;
  readonly ourNumber: number;
  readonly peerNumber: number;
  readonly portKind: PortKind;
  /** Which of the node's listening addresses the link uses. */
  readonly socket: number;
  readonly mtu: number;
  readonly address: LinkAddress;
  readonly rxKey: Uint8Array;
  readonly txKey: Uint8Array;
  readonly flags: number;
  /** Undefined: what is sent into it leaves at once. */
  readonly pace?: LinkPace | undefined;
  /** The main link of the bundle that it is a member of; 0: of none. */
  readonly bundleOf?: number;
}

/** How what is sent into a link is paced. */
export interface LinkPace {
  /** Kilobits a second: 1 to 2^31 - 1. */
  readonly rate: number;
  readonly wire: number;
  readonly worker: number;
}

/** What waits for a paced link, and what became of what waited; the last two modulo 2^32. */
export interface LinkQueue {
  /** Kilobits a second; 0: the link is not paced. */
  readonly rate: number;
  readonly frames: number;
  readonly dropped: number;
  readonly marked: number;
}

/** What the two ends of a link have counted and when it was last heard. */
export interface LinkCounters {
  readonly rxFrames: number;
  readonly rxBytes: number;
  readonly txFrames: number;
  readonly txBytes: number;
  readonly rxHighest: number;
  readonly lastHeard: number;
  /** The later of the last data frame received and sent; 0 when there was none. */
  readonly lastData: number;
}

/** The shared operations that the writer is made of. `Atomics`, but for tests that explore interleavings. */
export type LinkOperations = Pick<typeof Atomics, 'load' | 'store' | 'and' | 'or' | 'add'>;

/** The control thread's end. */
export class LinkTableWriter {
  readonly #header: Int32Array;
  readonly #words: Int32Array;
  readonly #uints: Uint32Array;
  readonly #floats: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #up: Int32Array;
  readonly #windows: Uint8Array;
  readonly #atomics: LinkOperations;

  constructor(region: Region, atomics: LinkOperations = Atomics) {
    this.#atomics = atomics;
    const { buffer, layout } = region;
    const length = layout.links * LINK_ENTRY_BYTES;
    this.#header = new Int32Array(buffer, 0, HEADER_WORD_PACED_LINKS + 1);
    this.#words = new Int32Array(buffer, layout.linkEntries, length / 4);
    this.#uints = new Uint32Array(buffer, layout.linkEntries, length / 4);
    this.#floats = new Float64Array(buffer, layout.linkEntries, length / 8);
    this.#bytes = new Uint8Array(buffer, layout.linkEntries, length);
    this.#up = linksUpWords(region);
    this.#windows = new Uint8Array(buffer, layout.replayWindows, layout.links * REPLAY_WINDOW_BYTES);
  }

  /** Fills a free entry and makes it live. It carries nothing before {@link setUp}. */
  install(index: number, entry: LinkEntry, now: number): void {
    const at = index * LINK_ENTRY_BYTES;
    this.#bytes.fill(0, at, at + LINK_ENTRY_BYTES);
    this.#windows.fill(0, index * REPLAY_WINDOW_BYTES, (index + 1) * REPLAY_WINDOW_BYTES);
    this.#setUint(at + LINK_OUR_NUMBER, entry.ourNumber);
    this.#setUint(at + LINK_PEER_NUMBER, entry.peerNumber);
    this.#setUint(at + LINK_PORT_KIND, entry.portKind);
    this.#setUint(at + LINK_SOCKET, entry.socket);
    this.#setUint(at + LINK_MTU, entry.mtu);
    this.#setUint(at + LINK_PEER_ID, entry.peer);
    this.#bytes.set(entry.rxKey, at + LINK_RX_KEY);
    this.#bytes.set(entry.txKey, at + LINK_TX_KEY);
    this.#setUint(at + LINK_ADDRESS_FAMILY, entry.address.family);
    this.#setUint(at + LINK_ADDRESS_PORT, entry.address.port);
    this.#bytes.set(entry.address.bytes, at + LINK_ADDRESS);
    this.#setUint(at + LINK_ADDRESS_SCOPE, entry.address.scope);
    this.#setUint(at + LINK_FLAGS, entry.flags);
    this.#setUint(at + LINK_BUNDLE_OF, entry.bundleOf ?? 0);
    this.#setUint(at + LINK_TX_COUNTER, 1); // 0 is never sent, so that a window of zeros has seen nothing
    this.#floats[(at + LINK_LAST_HEARD) / 8] = now;
    if (entry.portKind !== PortKind.Udp) this.#atomics.add(this.#header, HEADER_WORD_OTHER_LINKS, 1);
    if (entry.pace) this.#setPace(at, entry.pace);
    this.#atomics.store(this.#words, (at + LINK_STATE) / 4, LinkState.Live);
  }

  /** Sets or clears the link's bit: whether workers may use it as a next hop. */
  setUp(index: number, up: boolean): void {
    const bit = 1 << (index & 31);
    if (up) this.#atomics.or(this.#up, index >>> 5, bit);
    else this.#atomics.and(this.#up, index >>> 5, ~bit);
  }

  isUp(index: number): boolean {
    return isLinkUp(this.#up, index);
  }

  /** How long the link may be silent before workers take it down; and the hello intervals that their replies quote. All in ms. */
  setTiming(index: number, silence: number, ownInterval: number, heardInterval: number): void {
    const at = index * LINK_ENTRY_BYTES;
    this.#setUint(at + LINK_HELLO_INTERVAL, ownInterval);
    this.#setUint(at + LINK_HEARD_INTERVAL, heardInterval);
    this.#atomics.store(this.#words, (at + LINK_SILENCE_MS) / 4, silence);
  }

  /** The largest frame that may be sent into it, bytes. Workers lower it when the machine's own device refuses what it allows. */
  setMtu(index: number, mtu: number): void {
    this.#atomics.store(this.#words, (index * LINK_ENTRY_BYTES + LINK_MTU) / 4, mtu);
  }

  /** Which of the node's listening addresses the link uses. */
  socket(index: number): number {
    return this.#atomics.load(this.#words, (index * LINK_ENTRY_BYTES + LINK_SOCKET) / 4);
  }

  mtu(index: number): number {
    return this.#atomics.load(this.#words, (index * LINK_ENTRY_BYTES + LINK_MTU) / 4);
  }

  /** No frame is taken from or sent into the link from here on. Its index is free only after {@link free}. */
  retire(index: number): void {
    this.setUp(index, false);
    this.#atomics.store(this.#words, (index * LINK_ENTRY_BYTES + LINK_STATE) / 4, LinkState.Retired);
  }

  /** Gives the entry back; call it only after every worker has passed an epoch since {@link retire}. */
  free(index: number): void {
    const at = index * LINK_ENTRY_BYTES;
    this.#bytes.fill(0, at + LINK_RX_KEY, at + LINK_TX_KEY + 16);
    this.#atomics.store(this.#words, (at + LINK_STATE) / 4, LinkState.Free);
    if (this.portKind(index) !== PortKind.Udp) this.#atomics.add(this.#header, HEADER_WORD_OTHER_LINKS, -1);
    if (this.#words[(at + LINK_RATE) / 4] !== 0) this.#atomics.add(this.#header, HEADER_WORD_PACED_LINKS, -1);
  }

  /** Whether there is any link with a rate. */
  get anyPaced(): boolean {
    return this.#atomics.load(this.#header, HEADER_WORD_PACED_LINKS) !== 0;
  }

  /** How what is sent into a link is paced; undefined: it is not. */
  pace(index: number): LinkPace | undefined {
    const read = (offset: number) => this.#atomics.load(this.#uints, (index * LINK_ENTRY_BYTES + offset) / 4);
    const rate = read(LINK_RATE);
    return rate === 0 ? undefined : { rate, wire: read(LINK_WIRE), worker: read(LINK_WORKER) };
  }

  /** What waits for the link. */
  queue(index: number): LinkQueue {
    const at = index * LINK_ENTRY_BYTES;
    const read = (offset: number) => this.#atomics.load(this.#uints, (at + offset) / 4);
    return {
      rate: read(LINK_RATE),
      frames: read(LINK_QUEUED_FRAMES),
      dropped: read(LINK_QUEUE_DROPPED),
      marked: read(LINK_ECN_MARKED),
    };
  }

  /** What carries the link's frames; of a free entry, what carried them last. */
  portKind(index: number): PortKind {
    return this.#words[(index * LINK_ENTRY_BYTES + LINK_PORT_KIND) / 4] as PortKind;
  }

  /** Reads what workers have counted; exact up to 2^53, each number by itself. */
  counters(index: number): LinkCounters {
    const at = index * LINK_ENTRY_BYTES;
    return {
      rxFrames: this.#uint64(at + LINK_RX_FRAMES),
      rxBytes: this.#uint64(at + LINK_RX_BYTES),
      txFrames: this.#uint64(at + LINK_TX_FRAMES),
      txBytes: this.#uint64(at + LINK_TX_BYTES),
      rxHighest: this.#uint64(at + LINK_RX_HIGHEST),
      lastHeard: this.#floats[(at + LINK_LAST_HEARD) / 8] ?? 0,
      lastData: Math.max(
        this.#floats[(at + LINK_LAST_DATA_HEARD) / 8] ?? 0,
        this.#floats[(at + LINK_LAST_DATA_SENT) / 8] ?? 0,
      ),
    };
  }

  #setPace(at: number, { rate, wire, worker }: LinkPace): void {
    this.#setUint(at + LINK_RATE, rate);
    this.#setUint(at + LINK_WIRE, wire);
    this.#setUint(at + LINK_WORKER, worker);
    this.#atomics.add(this.#header, HEADER_WORD_PACED_LINKS, 1);
  }

  #setUint(byteOffset: number, value: number): void {
    this.#uints[byteOffset / 4] = value;
  }

  #uint64(byteOffset: number): number {
    // High, low, high again: a carry between the two halves is seen and read anew.
    for (;;) {
      const high = this.#atomics.load(this.#uints, byteOffset / 4 + 1);
      const low = this.#atomics.load(this.#uints, byteOffset / 4);
      if (this.#atomics.load(this.#uints, byteOffset / 4 + 1) === high) return high * 0x1_0000_0000 + low;
    }
  }
}

/** The bits of the links that are up, for plain reads in the packet path. */
export function linksUpWords(region: Region): Int32Array {
  return new Int32Array(region.buffer, region.layout.linksUp, LINKS_UP_BYTES / 4);
}

export function isLinkUp(up: Int32Array, index: number): boolean {
  return (((up[index >>> 5] as number) >>> (index & 31)) & 1) === 1;
}
