import type { NodeId } from '../../kit/node-id.js';
import type { GoodbyeReason } from '../../wire/control.js';
import type { LinkProblem } from '../io.js';
import { mayOverlap, Overlap, worksStill } from './overlap.js';
import { PendingSessions } from './pending.js';
import type { LinkServices } from './services.js';
import { PENDING_MS, Session, type SessionOwner, type SessionTerms } from './session.js';

/** Whoever acts on what becomes of sessions. */
export interface SessionEvents {
  /** The peer's session is this one from now on; its earlier one, if there was one, is over. */
  established(session: Session, now: number): void;
  ready(session: Session, now: number): void;
  rttChanged(session: Session, now: number): void;
  over(session: Session, ending: Ending, now: number): void;
}

/** How a session ended. */
export interface Ending {
  readonly problem: LinkProblem;
  /** It was established, and the peer's session until now. */
  readonly wasLive: boolean;
  /** It was up. */
  readonly wasReady: boolean;
}

/** All sessions: one that is live a peer, those that may become so, and for a while one that was (see {@link Overlap}). */
export class Sessions implements SessionOwner {
  readonly #byLink = new Map<number, Session>();
  readonly #live = new Map<NodeId, Session>();
  /** Proved, over another transport than the live one, and not yet ready. */
  readonly #rising = new Map<NodeId, Session>();
  readonly #overlaps = new Map<NodeId, Overlap>();
  /** Those that peers have dialed and not yet proved. */
  readonly #pending: PendingSessions;
  readonly #services: LinkServices;
  readonly #events: SessionEvents;

  constructor(services: LinkServices, events: SessionEvents) {
    this.#services = services;
    this.#events = events;
    this.#pending = new PendingSessions(services.pool.capacity);
  }

  at(link: number): Session | undefined {
    return this.#byLink.get(link);
  }

  /** The peer's established session. */
  live(peer: NodeId): Session | undefined {
    return this.#live.get(peer);
  }

  /** A copy: whoever goes through it may end them. */
  all(): Session[] {
    return [...this.#byLink.values()];
  }

  /** The session that a dialer's Init has led to, if it still exists. */
  ofInit(peer: NodeId, dialerNonce: Uint8Array): Session | undefined {
    const live = this.#live.get(peer);
    const isOfInit = ({ terms }: Session) => !terms.weDialed && sameBytes(terms.dialerNonce, dialerNonce);
    return live && isOfInit(live) ? live : this.#pending.of(peer).find(isOfInit);
  }

  /** There is no link for another leaf: the one that has been proving itself for longest makes room for whoever comes next. */
  dropOldestLeaf(now: number): void {
    const oldest = this.#pending.oldestLeaf(now);
    if (oldest) this.end(oldest, 'replaced', undefined, now);
  }

  install(terms: SessionTerms, now: number): Session {
    const inTheWay = terms.weDialed ? undefined : this.#pending.inTheWayOf(terms.peer, terms.peerRole, now);
    if (inTheWay) this.end(inTheWay, 'replaced', undefined, now);
    const session = new Session(terms, this.#services, this, now);
    this.#byLink.set(terms.link, session);
    if (!terms.weDialed) this.#pending.add(session);
    return session;
  }

  /** Ends a session; `goodbye`: what the peer is told. */
  end(session: Session, problem: LinkProblem, goodbye: GoodbyeReason | undefined, now: number): void {
    const { link, peer } = session.terms;
    const wasLive = this.#live.get(peer) === session;
    if (wasLive) this.#live.delete(peer);
    this.#byLink.delete(link);
    this.#pending.delete(session);
    if (this.#rising.get(peer) === session) this.#rising.delete(peer);
    const overlap = this.#overlaps.get(peer);
    if (overlap && (wasLive || overlap.old === session)) {
      overlap.cancel();
      this.#overlaps.delete(peer);
      // The one that was left is still there.
      if (wasLive && overlap.old.isAlive(now)) {
        this.#live.set(peer, overlap.old);
        this.#leave(overlap.old, false, now);
      }
    }
    const rising = this.#rising.get(peer);
    if (wasLive && rising && !this.#live.has(peer)) {
      this.#rising.delete(peer);
      this.#live.set(peer, rising);
      this.#events.established(rising, now);
    }
    this.#finish(session, { problem, wasLive, wasReady: session.phase === 'ready' }, goodbye, now);
  }

  established(session: Session, now: number): void {
    const { peer } = session.terms;
    this.#pending.delete(session);
    const old = this.#live.get(peer);
    const rival = this.#rising.get(peer) ?? old;
    const overlaps = old !== undefined && mayOverlap(old, session, now);
    if (rival && (rival !== old || !overlaps) && isTwin(rival, session, now)) {
      this.end(session, 'replaced', 'replaced', now);
      return;
    }
    if (rival && rival !== old) this.end(rival, 'replaced', 'replaced', now);
    // Both ends may seek at once: of their two sessions the one that stays is not ready yet when the other one has to go.
    const isMoving = this.#overlaps.has(peer) && old !== undefined && worksStill(old, session, now);
    if (overlaps || isMoving) {
      this.#rising.set(peer, session);
      return;
    }
    const left = this.#overlaps.get(peer)?.old;
    if (left) this.end(left, 'replaced', 'replaced', now);
    // The new one first: whoever is told that the old one is over finds that there is no need to dial.
    this.#live.set(peer, session);
    if (old) this.#replace(old, now);
    this.#events.established(session, now);
  }

  ready(session: Session, now: number): void {
    const left = this.#rising.get(session.terms.peer) === session ? this.#takeOver(session, now) : undefined;
    this.#events.ready(session, now);
    if (left) this.#leave(left, true, now); // now that routing knows another way
  }

  rttChanged(session: Session, now: number): void {
    this.#events.rttChanged(session, now);
  }

  /** What comes by one link leaves by another: that one has begun to carry data, too, though nothing has moved to it. */
  busy(session: Session, now: number): void {
    if (session.isOfLeaf) return; // of which there may be thousands, and data begins and ends on them all the time
    for (const other of this.#live.values()) if (!other.isOfLeaf) other.look(now);
  }

  lost(session: Session, problem: 'noAnswer' | 'silent' | 'disconnected' | 'oneWay', now: number): void {
    // Told also to a peer that seems dead: when only one direction is, it need not find out by itself.
    this.end(session, problem, problem === 'noAnswer' && !session.terms.weDialed ? undefined : 'silence', now);
  }

  #leave(session: Session, isLeft: boolean, now: number): void {
    session.isLeft = isLeft;
    this.#events.rttChanged(session, now);
  }

  /** The session is as good as the live one: that one, which is returned, stays beside it for a while. */
  #takeOver(session: Session, now: number): Session | undefined {
    const { peer } = session.terms;
    const old = this.#live.get(peer);
    this.#rising.delete(peer);
    this.#live.set(peer, session);
    const before = this.#overlaps.get(peer);
    if (before) this.end(before.old, 'replaced', 'replaced', now); // two are enough
    if (old && !old.isOver()) {
      const fade = (left: Session, later: number) => this.end(left, 'replaced', 'replaced', later);
      this.#overlaps.set(peer, new Overlap(old, this.#services.deadlines, now, fade));
    }
    this.#events.established(session, now);
    return old?.isOver() === false ? old : undefined;
  }

  #replace(old: Session, now: number): void {
    this.#byLink.delete(old.terms.link);
    const ending: Ending = { problem: 'replaced', wasLive: true, wasReady: old.phase === 'ready' };
    this.#finish(old, ending, 'replaced', now);
  }

  #finish(session: Session, ending: Ending, goodbye: GoodbyeReason | undefined, now: number): void {
    if (session.isOver()) return;
    session.end(goodbye);
    this.#events.over(session, ending, now);
  }
}

/**
 * Whether the two sessions were opened at once, one by each end, and the established one is to stay: both ends must decide alike, so it is the one
 * that the smaller id dialed.
 */
function isTwin(old: Session, candidate: Session, now: number): boolean {
  return (
    old.terms.bootEpoch === candidate.terms.bootEpoch &&
    old.dialer < candidate.dialer &&
    now - old.establishedAt < PENDING_MS
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
