import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import type { RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import type { NodeRole } from '../io.js';
import type { LinkListener } from '../links/links.js';
import type { Outbox } from '../outbox.js';
import type { LinkQuality } from '../routing/link-quality.js';
import type { Router } from '../routing/router.types.js';

/** A leaf of the own group shares so many leading bytes with its relay. */
const GROUP_BYTES = 3;

/**
 * What becomes of a session depends on who is at its other end. Relays are routing's neighbours. Leaves are not: each is entered in the leaf
 * table, and routing hears only of those of the own group, whose slot of layer 4 it then originates (docs/routing-protocol.md, "Leaves").
 */
export class RoleListener implements LinkListener {
  readonly #self: NodeId;
  readonly #router: Router;
  readonly #outbox: Outbox;
  /** By link. */
  readonly #leaves = new Map<number, NodeId>();

  constructor(self: NodeId, router: Router, outbox: Outbox) {
    this.#self = self;
    this.#router = router;
    this.#outbox = outbox;
  }

  /** How many are linked. */
  get leaves(): number {
    return this.#leaves.size;
  }

  linkUp(link: number, peer: NodeId, quality: LinkQuality, now: number, role: NodeRole): void {
    if (role === 'relay') {
      this.#router.linkUp(link, peer, quality, now);
      return;
    }
    this.#leaves.set(link, peer);
    this.#outbox.push({ kind: 'leafUp', id: peer, link });
    if (sharedBytes(this.#self, peer) === GROUP_BYTES) this.#router.leafUp(link, peer, quality, now);
  }

  linkDown(link: number, now: number): void {
    const leaf = this.#leaves.get(link);
    if (leaf !== undefined) {
      this.#leaves.delete(link);
      this.#outbox.push({ kind: 'leafDown', id: leaf, link });
    }
    this.#router.linkDown(link, now);
  }

  linkQuality(link: number, quality: LinkQuality, now: number): void {
    this.#router.linkQuality(link, quality, now);
  }

  /** A leaf has no part in routing, and nothing to say about it. */
  handleSync(link: number, message: RoutingSync, now: number): boolean {
    return !this.#leaves.has(link) && this.#router.handleSync(link, message, now);
  }
}
