/**
 * Checks the bundles of a node against its tables, each time that either has changed: what is in the shared memory, not what control says.
 *
 * - A bucket of a main link names a live link to that link's peer: the main link itself, or one of its members.
 * - A bucket whose own session is there before and after a change is that session's all the while: so a flow keeps its order while nothing happens to its session.
 * - Routes name no member.
 */
import { LINK_BUNDLE_OF, LINK_PEER_ID, LINK_STATE, LinkState } from '../memory/link-table.js';
import { BUNDLE_BUCKETS, LINK_ENTRY_BYTES, type Region } from '../memory/region.js';

export class BundleChecker {
  /** What was wrong, a sentence each. */
  readonly problems: string[] = [];
  /** Changes that were looked at. */
  changes = 0;
  readonly #entries: Int32Array;
  readonly #buckets: Uint16Array;
  /** By main link: the sessions over which control has spread its flows, 0 for one that is missing. */
  readonly #bundles = new Map<number, readonly number[]>();

  constructor({ buffer, layout }: Region) {
    this.#entries = new Int32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
    this.#buckets = new Uint16Array(buffer, layout.bundles, layout.links * BUNDLE_BUCKETS);
  }

  /** The buckets of `main` are about to be set: call what is returned when they are. */
  spread(main: number, links: readonly number[]): () => void {
    const before = this.#bundles.get(main) ?? [];
    const old = this.#bucketsOf(main).slice();
    return () => {
      this.#bundles.set(main, links);
      this.changes++;
      const isSame = before.length === links.length;
      for (const [bucket, link] of this.#bucketsOf(main).entries()) {
        const place = bucket % links.length;
        const stayed = isSame && links[place] !== 0 && links[place] === before[place];
        if (stayed && link !== old[bucket]) this.#wrong(`bucket ${bucket} of link ${main} has left its session`);
        if (links.length === 0 && link !== 0) this.#wrong(`link ${main} is no bundle and has buckets`);
      }
      this.look();
    };
  }

  /** Looks at all buckets. */
  look(): void {
    for (const main of this.#bundles.keys())
      for (const [bucket, link] of this.#bucketsOf(main).entries()) {
        if (link === 0) continue;
        const isLive = this.#word(link, LINK_STATE) === LinkState.Live;
        const isOurs = link === main || this.#word(link, LINK_BUNDLE_OF) === main;
        if (!isLive || !isOurs || this.#word(link, LINK_PEER_ID) !== this.#word(main, LINK_PEER_ID))
          this.#wrong(`bucket ${bucket} of link ${main} names link ${link}, which is no live session of it`);
      }
  }

  /** A route was stored. */
  route(...links: readonly number[]): void {
    for (const link of links)
      if (link !== 0 && this.#word(link, LINK_BUNDLE_OF) !== 0) this.#wrong(`a route names link ${link}, a member`);
  }

  #bucketsOf(main: number): Uint16Array {
    return this.#buckets.subarray(main * BUNDLE_BUCKETS, (main + 1) * BUNDLE_BUCKETS);
  }

  #word(link: number, offset: number): number {
    return this.#entries[(link * LINK_ENTRY_BYTES + offset) / 4] as number;
  }

  #wrong(sentence: string): void {
    this.problems.push(sentence);
  }
}
