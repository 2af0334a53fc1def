import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import type { NodeAddress } from '../../wire/neighbours.js';
import type { LinkProblem } from '../io.js';
import type { LinkFacts, Links } from '../links/links.js';

/** A relay that this node has a link with. */
export interface LinkedPeer {
  readonly id: NodeId;
  readonly link: number;
  readonly upAt: number;
  readonly weDialed: boolean;
  /** Where its frames come from. */
  readonly seenAt: NodeAddress;
  /** Where it can be dialed, as far as the session tells: a peer that dials over TCP comes from a port where it does not listen. */
  readonly address: NodeAddress | undefined;
  /** Milliseconds. */
  rtt: number;
}

/** What this part of control wants of links. */
export type LinkAccess = Pick<Links, 'choose' | 'giveUp' | 'release' | 'isConfigured' | 'resolve' | 'factsOf' | 'send'>;

/** Why a link ended that the other end did not want any more, or has no room for. */
export const TURNED_AWAY: ReadonlySet<LinkProblem> = new Set<LinkProblem>(['removed', 'full']);

/** The relays that this node has links with, whoever wanted them. */
export class LinkedPeers {
  readonly #byId = new Map<NodeId, LinkedPeer>();

  get size(): number {
    return this.#byId.size;
  }

  up(link: number, id: NodeId, rtt: number, { address, weDialed }: LinkFacts, now: number): LinkedPeer {
    const isKnown = weDialed || address.scheme === 'udp';
    const peer = { id, link, rtt, upAt: now, weDialed, seenAt: address, address: isKnown ? address : undefined };
    this.#byId.set(id, peer);
    return peer;
  }

  /** Returns false when another link has taken its place. */
  down(link: number, id: NodeId): boolean {
    return this.#byId.get(id)?.link === link && this.#byId.delete(id);
  }

  find(id: NodeId): LinkedPeer | undefined {
    return this.#byId.get(id);
  }

  at(link: number): LinkedPeer | undefined {
    for (const peer of this.#byId.values()) if (peer.link === link) return peer;
    return undefined;
  }

  all(): LinkedPeer[] {
    return [...this.#byId.values()];
  }
}

/** The layer (1..4) in which two different ids first differ. */
export const layerBetween = (a: NodeId, b: NodeId): number => sharedBytes(a, b) + 1;
