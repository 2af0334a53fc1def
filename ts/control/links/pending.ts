import type { NodeId } from '../../kit/node-id.js';
import type { NodeRole } from '../io.js';
import type { Session } from './session.js';

/**
 * Sessions that peers have begun and not yet proved: so many a peer, and in all so many or a quarter of all links, for the neighbours of a
 * large node all dial at once when it returns; but never more than half of all links. The oldest gives way.
 */
const MAX_PENDING_OF: Readonly<Record<NodeRole, number>> = { relay: 4, leaf: 2 };
const MAX_PENDING = 64;

/**
 * Sessions that wait for their first authenticated frame, by role and by peer. In a storm there are thousands of leaves' sessions, so none of
 * them is looked at for another's sake: whatever is done for one leaf takes the same time however many others wait.
 */
export class PendingSessions {
  /** Oldest first. */
  readonly #ofRole: Readonly<Record<NodeRole, Set<Session>>> = { relay: new Set(), leaf: new Set() };
  readonly #ofPeer = new Map<NodeId, Session[]>();
  readonly #limits: Readonly<Record<NodeRole, number>>;

  /** `capacity`: links for relays. */
  constructor(capacity: number) {
    // All leaves of a relay may dial at once, and every one is meant: see oldestLeaf.
    this.#limits = { relay: Math.min(capacity / 2, Math.max(MAX_PENDING, capacity / 4)), leaf: Infinity };
  }

  add(session: Session): void {
    const { peer, peerRole } = session.terms;
    this.#ofRole[peerRole].add(session);
    const others = this.#ofPeer.get(peer);
    if (others) others.push(session);
    else this.#ofPeer.set(peer, [session]);
  }

  delete(session: Session): void {
    const { peer, peerRole } = session.terms;
    if (!this.#ofRole[peerRole].delete(session)) return;
    const left = this.of(peer).filter((other) => other !== session);
    if (left.length > 0) this.#ofPeer.set(peer, left);
    else this.#ofPeer.delete(peer);
  }

  /** The peer's, oldest first. */
  of(peer: NodeId): readonly Session[] {
    return this.#ofPeer.get(peer) ?? [];
  }

  /** Which one must end before another of this peer begins; undefined: there is room. */
  inTheWayOf(peer: NodeId, role: NodeRole, now: number): Session | undefined {
    const own = this.of(peer).filter((session) => session.terms.peerRole === role && !session.isProven(now));
    if (own.length >= MAX_PENDING_OF[role]) return own[0];
    if (this.#ofRole[role].size < this.#limits[role]) return undefined;
    const unproven = [...this.#ofRole[role]].filter((session) => !session.isProven(now));
    return unproven.length >= this.#limits[role] ? unproven[0] : undefined;
  }

  /** The leaf that has been proving itself for longest, to make room for another one when there is no link left. */
  oldestLeaf(now: number): Session | undefined {
    for (const session of this.#ofRole.leaf) if (!session.isProven(now)) return session;
    return undefined;
  }
}
