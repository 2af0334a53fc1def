import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import type { LinkProblem, NodeRole } from '../io.js';
import type { LinkListener, LinkMessage } from '../links/links.js';
import type { Neighbours } from '../neighbours/neighbours.js';
import type { Outbox } from '../outbox.js';
import type { Paths } from '../paths.js';
import type { LinkQuality } from '../routing/link-quality.js';
import type { Router } from '../routing/router.types.js';

/** A leaf of the own group shares so many leading bytes with its relay. */
const GROUP_BYTES = 3;

/**
 * What becomes of a session depends on who is at its other end. Relays are routing's neighbours. Leaves are not: each is entered in the leaf
 * table, and routing hears only of those of the own group, whose slot of layer 4 it then originates (docs/routing.md, "Leaves").
 */
export class RoleListener implements LinkListener {
  readonly #self: NodeId;
  readonly #router: Router;
  readonly #paths: Paths;
  readonly #neighbours: Neighbours;
  readonly #outbox: Outbox;
  readonly #qualities = new Map<number, LinkQuality>();
  /** By link. */
  readonly #leaves = new Map<number, { readonly id: NodeId; quality: LinkQuality }>();

  constructor(self: NodeId, router: Router, paths: Paths, neighbours: Neighbours, outbox: Outbox) {
    this.#self = self;
    this.#router = router;
    this.#paths = paths;
    this.#neighbours = neighbours;
    this.#outbox = outbox;
  }

  /** How many are linked. */
  get leaves(): number {
    return this.#leaves.size;
  }

  /** What a live link was last measured to be. */
  quality(link: number): LinkQuality | undefined {
    return this.#qualities.get(link);
  }

  linkUp(link: number, peer: NodeId, quality: LinkQuality, now: number, role: NodeRole): void {
    this.#qualities.set(link, quality);
    if (role === 'relay') {
      this.#router.linkUp(link, peer, quality, now);
      this.#neighbours.linkUp(link, peer, quality.rtt, now);
      this.#paths.linkUp(peer, now);
      return;
    }
    this.#leaves.set(link, { id: peer, quality });
    this.#outbox.push({ kind: 'leafUp', id: peer, link });
    if (sharedBytes(this.#self, peer) === GROUP_BYTES) this.#router.leafUp(link, peer, quality, now);
  }

  linkDown(link: number, peer: NodeId, now: number, problem: LinkProblem): void {
    const leaf = this.#leaves.get(link);
    this.#qualities.delete(link);
    if (leaf !== undefined) {
      this.#leaves.delete(link);
      this.#outbox.push({ kind: 'leafDown', id: leaf.id, link });
    }
    this.#router.linkDown(link, now);
    this.#paths.linkDown(link, peer, now);
    this.#neighbours.linkDown(link, peer, problem, now);
  }

  linkQuality(link: number, quality: LinkQuality, now: number): void {
    if (this.#qualities.has(link)) this.#qualities.set(link, quality);
    const leaf = this.#leaves.get(link);
    if (leaf) leaf.quality = quality;
    this.#router.linkQuality(link, quality, now);
    this.#neighbours.rttChanged(link, quality.rtt);
  }

  /** The link to a leaf of this node, as a query sees it. */
  leaf(id: NodeId): LinkQuality | undefined {
    for (const leaf of this.#leaves.values()) if (leaf.id === id) return leaf.quality;
    return undefined;
  }

  /** A leaf has no part in routing, and nothing to say about it; but it may ask for a route. */
  handleMessage(link: number, message: LinkMessage, now: number): boolean {
    switch (message.kind) {
      case 'routingSync':
        return !this.#leaves.has(link) && this.#router.handleSync(link, message.message, now);
      case 'neighbourRequest':
      case 'neighbourAnswer':
        return !this.#leaves.has(link) && this.#neighbours.handle(link, message, now);
      default:
        return this.#paths.handle(link, message, now);
    }
  }
}
