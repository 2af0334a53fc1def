/**
 * The region: one SharedArrayBuffer that control, workers and native code look at together. This file says what lies where.
 *
 * ```
 * +-----------------+ 0
 * | header          |  magic, layout version, capacities: whoever attaches checks them
 * +-----------------+ HEADER_BYTES
 * | worker states   |  256 bytes a worker                 (worker-state.ts)
 * | counters        |  a block a worker, one for control  (counters.ts)
 * | links up        |  a bit a link                       (link-table.ts)
 * | forwarding      |  4 classes x 4 layers x 256 words   (forwarding-table.ts)
 * | ports           |  a byte a local port                (port-table.ts)
 * | links           |  512 bytes a link                   (link-table.ts)
 * | replay windows  |  512 bytes (4096 bits) a link       (replay-window.ts)
 * | path MTUs       |  4096 words                         (path-mtus.ts)
 * | direct          |  16 to 32 bytes a link              (direct-table.ts, id-table.ts)
 * | bundles         |  128 bytes a link                   (bundles.ts)
 * | pins            |  32 bytes a pin                     (pin-table.ts)
 * | pinned          |  16 to 32 bytes a pin               (pin-table.ts, id-table.ts)
 * +-----------------+
 * ```
 * Everything in the region is in the machine's byte order (all supported machines are little-endian: `attach` checks it).
 */
import { invariant } from '../kit/assert.js';
import { idSlots } from './id-table.js';

export const CACHE_LINE = 128;

/** The first two words of a region. */
export const REGION_MAGIC = 0x504f5254; // "PORT"
export const REGION_LAYOUT_VERSION = 1;

export const HEADER_BYTES = 1024;
const HEADER_MAGIC = 0;
const HEADER_VERSION = 1;
const HEADER_WORKERS = 2;
const HEADER_LINKS = 3;
const HEADER_LEAVES = 4;
const HEADER_PINS = 5;
/** Header words that others own: own node id and flags (control), on a line of their own. */
export const HEADER_WORD_NODE_ID = 32;
export const HEADER_WORD_FLAGS = 33;
/** The network's fingerprint, and its handshake key of four words (handshake-gate.ts). */
export const HEADER_WORD_FINGERPRINT = 40;
export const HEADER_WORD_HANDSHAKE_KEY = 42;
/** The epoch (epochs.ts), and where neighbours are looked up (direct-table.ts): workers read this line every turn. */
export const HEADER_WORD_EPOCH = 64;
export const HEADER_WORD_DIRECT = 65;
/** How many bundles there are (bundles.ts), on the line that workers read every turn. */
export const HEADER_WORD_BUNDLES = 66;
/** Where pinned destinations are looked up (pin-table.ts). */
export const HEADER_WORD_PINNED = 67;
/** Links that are not over UDP (link-table.ts). */
export const HEADER_WORD_OTHER_LINKS = 96;
export const HEADER_WORD_PACED_LINKS = 97;

/** Flag of a region: its node is a leaf, which carries nobody's packets. */
export const NODE_FLAG_LEAF = 1;

export const WORKER_STATE_BYTES = 2 * CACHE_LINE;
/** Counters a block: see counter-names.ts. */
export const COUNTERS_PER_BLOCK = 128;
export const COUNTER_BLOCK_BYTES = COUNTERS_PER_BLOCK * 8;
/** 64 that send UDP links, and one that sends TCP links. */
export const MAX_WORKERS = 65;
export const MAX_LINKS = 4096;
export const LINKS_UP_BYTES = MAX_LINKS / 8;
export const CLASSES = 4;
export const FORWARDING_BYTES = CLASSES * 4 * 256 * 4;
export const PORT_TABLE_BYTES = 65_536;
export const LINK_ENTRY_BYTES = 512;
export const REPLAY_WINDOW_BITS = 4096;
export const REPLAY_WINDOW_BYTES = REPLAY_WINDOW_BITS / 8;
export const PATH_MTU_WORDS = 4096;
/** Buckets of a bundle, 16 bits each: a power of two. */
export const BUNDLE_BUCKETS = 64;
export const BUNDLE_BYTES = 2 * BUNDLE_BUCKETS;
export const PIN_ENTRY_BYTES = 32;
export const MAX_PINS = 4095;

/** How large a node's tables are. */
export interface RegionSizes {
  /** Workers: 1..{@link MAX_WORKERS}. Counter blocks are one more: the last is control's. */
  readonly workers: number;
  /** Link entries, index 0 (never a link) included: 2..4096. */
  readonly links: number;
  /** Links, of those, that are for leaves: 0..4095. Default: 0. */
  readonly leaves?: number;
  /** Pinned paths, through this node and from it: 0..{@link MAX_PINS}. Default: 0. */
  readonly pins?: number;
}

/** Where each part starts, in bytes from the start of the region. */
export interface RegionLayout extends Required<RegionSizes> {
  readonly workerStates: number;
  readonly counters: number;
  readonly linksUp: number;
  readonly forwarding: number;
  readonly ports: number;
  readonly linkEntries: number;
  readonly replayWindows: number;
  readonly pathMtus: number;
  readonly directTable: number;
  readonly bundles: number;
  /** The entry of index 0, which is none. */
  readonly pinEntries: number;
  readonly pinnedTable: number;
  readonly totalBytes: number;
}

/** Lays out a region of the given sizes. Native code computes the same (native/region.h). */
export function regionLayout({ workers, links, leaves = 0, pins = 0 }: RegionSizes): RegionLayout {
  invariant(
    Number.isInteger(workers) && workers >= 1 && workers <= MAX_WORKERS,
    `a region has 1 to ${MAX_WORKERS} workers`,
  );
  invariant(Number.isInteger(links) && links >= 2 && links <= MAX_LINKS, 'a region has 2 to 4096 links');
  invariant(Number.isInteger(leaves) && leaves >= 0 && leaves < links, 'each leaf has a link');
  invariant(Number.isInteger(pins) && pins >= 0 && pins <= MAX_PINS, `a region has 0 to ${MAX_PINS} pins`);
  const workerStates = HEADER_BYTES;
  const counters = workerStates + workers * WORKER_STATE_BYTES;
  const linksUp = counters + (workers + 1) * COUNTER_BLOCK_BYTES;
  const forwarding = linksUp + LINKS_UP_BYTES;
  const ports = forwarding + FORWARDING_BYTES;
  const linkEntries = ports + PORT_TABLE_BYTES;
  const replayWindows = linkEntries + links * LINK_ENTRY_BYTES;
  const pathMtus = replayWindows + links * REPLAY_WINDOW_BYTES;
  const directTable = pathMtus + PATH_MTU_WORDS * 4;
  const bundles = directTable + 2 * idSlots(links - 1) * 4;
  const pinEntries = (bundles + links * BUNDLE_BYTES + PIN_ENTRY_BYTES - 1) & -PIN_ENTRY_BYTES;
  const pinnedTable = pinEntries + (pins + 1) * PIN_ENTRY_BYTES;
  const totalBytes = pinnedTable + 2 * idSlots(pins) * 4;
  return {
    workers,
    links,
    leaves,
    pins,
    workerStates,
    counters,
    linksUp,
    forwarding,
    ports,
    linkEntries,
    replayWindows,
    pathMtus,
    directTable,
    bundles,
    pinEntries,
    pinnedTable,
    totalBytes,
  };
}

/** A region and its layout, as every accessor takes it. */
export interface Region {
  readonly buffer: SharedArrayBuffer;
  readonly layout: RegionLayout;
}

/** Makes a fresh region: all tables empty. */
export function createRegion(sizes: RegionSizes): Region {
  const layout = regionLayout(sizes);
  const buffer = new SharedArrayBuffer(layout.totalBytes);
  const header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  header[HEADER_VERSION] = REGION_LAYOUT_VERSION;
  header[HEADER_WORKERS] = layout.workers;
  header[HEADER_LINKS] = layout.links;
  header[HEADER_LEAVES] = layout.leaves;
  header[HEADER_PINS] = layout.pins;
  Atomics.store(header, HEADER_MAGIC, REGION_MAGIC);
  return { buffer, layout };
}

/** Before any worker attaches: the region's node is a leaf. */
export function markAsLeaf({ buffer }: Region): void {
  Atomics.or(new Int32Array(buffer), HEADER_WORD_FLAGS, NODE_FLAG_LEAF);
}

export function isLeafRegion({ buffer }: Region): boolean {
  return (Atomics.load(new Int32Array(buffer), HEADER_WORD_FLAGS) & NODE_FLAG_LEAF) !== 0;
}

/** Attaches to a region that another thread made. Throws an InvariantError when it is none, or of another layout. */
export function attachRegion(buffer: SharedArrayBuffer): Region {
  const header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  invariant(new Uint8Array(Uint32Array.of(1).buffer)[0] === 1, 'the machine is little-endian');
  invariant(Atomics.load(header, HEADER_MAGIC) === REGION_MAGIC, 'the shared memory holds a region');
  invariant(header[HEADER_VERSION] === REGION_LAYOUT_VERSION, `the region has layout version ${REGION_LAYOUT_VERSION}`);
  const layout = regionLayout({
    workers: header[HEADER_WORKERS] ?? 0,
    links: header[HEADER_LINKS] ?? 0,
    leaves: header[HEADER_LEAVES] ?? 0,
    pins: header[HEADER_PINS] ?? 0,
  });
  invariant(buffer.byteLength >= layout.totalBytes, 'the region is whole');
  return { buffer, layout };
}
