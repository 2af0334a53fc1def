/**
 * Bundles: links that are several sessions with one peer, so that they are received by several workers there. Routing knows a bundle by its
 * first session, the *main link*; the others are its members and are found from it by the flow.
 *
 * ```
 *   route: main link L ──> bucket (hash of the flow mod 64) ──> member whose up bit is set ──> send
 *
 *   buckets of L, 16 bits each      | L  a  b  c  L  a  b  c ...      0: L is no bundle
 *   a is missing                    | L  L  b  c  L  b  b  c ...      only a's buckets have changed: other flows stay where they were
 * ```
 * A link entry says of which main link it is a member (LINK_BUNDLE_OF), for a packet must not leave by the bundle that it came by.
 *
 * Proof. *Writer*: control alone, one atomic store a bucket. *Valid values of a bucket*: 0, or the index of a live link to L's peer; a reader takes
 * one bucket by one load, so it never needs two of them to fit together. *Transitions*: buckets name a member only after it was
 * established (its up bit is set before), and cease to before it is retired; its index is used again only after every worker has passed an
 * epoch since, so a batch in hand that has read the bucket still sends to the right peer. All buckets of L are cleared when L's session
 * ends, before its members are retired. LINK_BUNDLE_OF is written before a link is live and not again; it may name an index whose link has
 * gone a moment earlier: then a frame that is still on its way may count as one of that link, and at worst be dropped as not forwarded.
 * *Forbidden*: routes that name a member. How many bundles there are stands in the region's header: a worker that reads 0 there looks no further.
 */
import { LINK_BUNDLE_OF, linksUpWords } from './link-table.js';
import { BUNDLE_BUCKETS, HEADER_WORD_BUNDLES, LINK_ENTRY_BYTES, type Region } from './region.js';

type Operations = Pick<typeof Atomics, 'load' | 'store' | 'add'>;

/** The control thread's end. */
export class BundleWriter {
  readonly #header: Int32Array;
  readonly #buckets: Uint16Array;
  readonly #atomics: Operations;

  constructor(region: Region, atomics: Operations = Atomics) {
    this.#header = new Int32Array(region.buffer, 0, HEADER_WORD_BUNDLES + 1);
    this.#buckets = bucketsOf(region);
    this.#atomics = atomics;
  }

  /**
   * Spreads the flows into the main link `main` over `links`, its own index first; 0 stands for a member that is missing, whose flows the others share.
   * An empty list: it is no bundle any more.
   */
  set(main: number, links: readonly number[]): void {
    const at = main * BUNDLE_BUCKETS;
    const before = this.#atomics.load(this.#buckets, at) !== 0;
    const present = links.filter((link) => link !== 0);
    const after = present.length > 0;
    if (after && !before) this.#atomics.add(this.#header, HEADER_WORD_BUNDLES, 1);
    for (let bucket = 0; bucket < BUNDLE_BUCKETS; bucket++) {
      const own = links[bucket % links.length] ?? 0;
      const instead = present[Math.floor(bucket / links.length) % present.length] ?? 0;
      this.#atomics.store(this.#buckets, at + bucket, own || instead);
    }
    if (before && !after) this.#atomics.add(this.#header, HEADER_WORD_BUNDLES, -1);
  }
}

/** The workers' end. */
export class BundleReader {
  readonly #header: Int32Array;
  readonly #buckets: Uint16Array;
  readonly #entries: Int32Array;
  readonly #up: Int32Array;

  constructor(region: Region) {
    const { buffer, layout } = region;
    this.#header = new Int32Array(buffer, 0, HEADER_WORD_BUNDLES + 1);
    this.#buckets = bucketsOf(region);
    this.#entries = new Int32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
    this.#up = linksUpWords(region);
  }

  /** Whether there is any bundle: asked once a batch. */
  any(): boolean {
    return this.#header[HEADER_WORD_BUNDLES] !== 0;
  }

  /** The link by which routing knows the bundle of `link`: itself, if it is in none. */
  mainOf(link: number): number {
    return (this.#entries[(link * LINK_ENTRY_BYTES + LINK_BUNDLE_OF) / 4] as number) || link;
  }

  /** The link by which a flow into `main` leaves: the one of its bucket, or the next one whose up bit is set. `hash`: any 32 bits. */
  memberOf(main: number, hash: number): number {
    const at = main * BUNDLE_BUCKETS;
    for (let step = 0; step < BUNDLE_BUCKETS; step++) {
      const link = this.#buckets[at + (((hash >>> 26) + step) & (BUNDLE_BUCKETS - 1))] as number;
      if (link === 0) return main;
      if ((((this.#up[link >>> 5] as number) >>> (link & 31)) & 1) === 1) return link;
    }
    return main;
  }
}

/**
 * Hashes what is the same in all packets of a flow and of a run: destination, both ports, and the link that they came by. (The source is not, for
 * runs may mix sources.)
 */
export function flowHash(destination: number, ports: number, link: number): number {
  let hash = Math.imul(ports ^ (ports >>> 15), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 13) ^ destination, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16) ^ link, 0xc2b2ae35);
  return hash ^ (hash >>> 15);
}

function bucketsOf({ buffer, layout }: Region): Uint16Array {
  return new Uint16Array(buffer, layout.bundles, layout.links * BUNDLE_BUCKETS);
}
