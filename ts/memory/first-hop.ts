/**
 * Which link a packet that starts here would leave by, looked up as the route stage does (ts/data/route.ts), outside of a batch. The answer is a guess about what a
 * worker will find a moment later: tables may change in between.
 */
import type { NodeId } from '../kit/node-id.js';
import { BundleReader, flowHash } from './bundles.js';
import { DirectTable } from './direct-table.js';
import { backupOf, forwardingWords, primaryOf, ROUTED_CLASSES, slotFor } from './forwarding-table.js';
import { isLinkUp, linksUpWords } from './link-table.js';
import type { Region } from './region.js';

export class FirstHops {
  readonly #self: NodeId;
  readonly #forwarding: Int32Array;
  readonly #up: Int32Array;
  readonly #direct: DirectTable;
  readonly #bundles: BundleReader;

  constructor(region: Region, self: NodeId) {
    this.#self = self;
    this.#forwarding = forwardingWords(region);
    this.#up = linksUpWords(region);
    this.#direct = new DirectTable(region);
    this.#bundles = new BundleReader(region);
  }

  /** The link, 0: there is none, or the destination is this node itself. */
  linkTo(destination: NodeId, sourcePort: number, destinationPort: number, trafficClass: number): number {
    const main = this.#mainTo(destination, trafficClass < ROUTED_CLASSES ? trafficClass : 0);
    if (main === 0 || !this.#bundles.any()) return main;
    return this.#bundles.memberOf(main, flowHash(destination | 0, (sourcePort << 16) | destinationPort, 0));
  }

  #mainTo(destination: NodeId, table: number): number {
    const slot = slotFor(this.#self, destination, table);
    if (slot < 0) return 0;
    const direct = this.#direct.open() ? this.#direct.find(destination | 0, table) : 0;
    if (direct !== 0 && isLinkUp(this.#up, direct)) return direct;
    const word = this.#forwarding[slot] as number;
    const usable = (link: number) => link !== 0 && isLinkUp(this.#up, link);
    return [primaryOf(word), backupOf(word)].find(usable) ?? 0;
  }
}
