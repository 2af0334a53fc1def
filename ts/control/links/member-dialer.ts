import type { AcceptMessage } from '../../wire/handshake.js';
import { NONCE_BYTES } from '../../wire/session-keys.js';
import type { Timer } from '../timer-queue.js';
import { Backoff } from './backoff.js';
import type { LinkServices } from './services.js';
import type { Session, SessionTerms } from './session.js';

/** A Join is repeated after this time, then after twice as long, and given up after the longest. */
const FIRST_REPEAT_MS = 200;
const PATIENCE_MS = 3_000;

/** Which member of which bundle is dialed. */
export interface MemberPlace {
  /** The bundle's first session, which we dialed. */
  readonly main: Session;
  /** 1 .. of - 1. */
  readonly member: number;
  readonly of: number;
}

/** What an answered attempt has settled. */
export type DialedMember = Pick<SessionTerms, 'link' | 'ourNumber' | 'dialerNonce' | 'socket'>;

interface Attempt extends DialedMember {
  readonly until: number;
  repeatAfter: number;
}

/** Called with an Accept: install the session. */
type WhenAccepted = (dialer: MemberDialer, dialed: DialedMember, accept: AcceptMessage, now: number) => void;

/**
 * Opens one member of a bundle, by a socket of its own, to where the bundle's first session leads; and again, after a pause, when it is lost:
 *
 * ```
 * stopped ──> dialing ──> confirming (a session is installed) ──> stopped
 *               │  ^                        │
 *               v  │                        │
 *              waiting <────────────────────┘ lost
 * ```
 */
export class MemberDialer implements Timer {
  due = Infinity;
  place = -1;
  phase: 'stopped' | 'dialing' | 'confirming' | 'waiting' = 'stopped';
  readonly where: MemberPlace;
  readonly #services: LinkServices;
  readonly #accepted: WhenAccepted;
  readonly #backoff: Backoff;
  #attempt: Attempt | undefined;

  constructor(where: MemberPlace, services: LinkServices, accepted: WhenAccepted) {
    this.where = where;
    this.#services = services;
    this.#accepted = accepted;
    this.#backoff = new Backoff(services.random);
  }

  start(now: number): void {
    this.stop();
    const link = this.#services.pool.take();
    if (!link) return this.#wait(now);
    const { family } = this.where.main.terms.address;
    const { sockets } = this.#services;
    // Ports of its own, so that the network and the kernel can tell the members apart too; without them the link number does.
    const own = sockets.findIndex((socket) => socket.family === family && socket.member === this.where.member);
    this.phase = 'dialing';
    this.#attempt = {
      link: link.index,
      ourNumber: link.number,
      dialerNonce: this.#services.entropy(NONCE_BYTES),
      socket: own < 0 ? this.where.main.terms.socket : own,
      until: now + PATIENCE_MS,
      repeatAfter: FIRST_REPEAT_MS,
    };
    this.#send(this.#attempt, now);
  }

  stop(): void {
    if (this.#attempt) this.#services.pool.giveBack(this.#attempt.link);
    this.#attempt = undefined;
    this.#services.deadlines.clear(this);
    this.phase = 'stopped';
  }

  /** The session is up: the next loss starts with short pauses again. */
  succeeded(): void {
    this.phase = 'stopped';
    this.#backoff.reset();
  }

  /** The session has ended, or came to nothing. */
  lost(now: number): void {
    this.#wait(now);
  }

  owns(nonce: Uint8Array): boolean {
    return this.#attempt?.dialerNonce.every((byte, index) => byte === nonce[index]) ?? false;
  }

  handleAccept(accept: AcceptMessage, now: number): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    const { terms } = this.where.main;
    if (accept.id !== terms.peer || accept.bootEpoch !== terms.bootEpoch || accept.tags !== this.#services.tags)
      return this.#giveUp(now);
    this.#attempt = undefined; // its index is the session's now
    this.phase = 'confirming';
    this.#services.deadlines.clear(this);
    this.#accepted(this, attempt, accept, now);
  }

  /** The peer wants no such member, or speaks another version: it may change its mind. */
  handleRefusal(now: number): void {
    this.#giveUp(now);
  }

  handleTimeout(now: number): void {
    if (this.phase === 'waiting') this.start(now);
    else if (!this.#attempt) return;
    else if (now >= this.#attempt.until) this.#giveUp(now);
    else this.#send(this.#attempt, now);
  }

  #send(attempt: Attempt, now: number): void {
    const { self, role, bootEpoch, tags, frames, outbox, deadlines } = this.#services;
    const { main, member, of } = this.where;
    const { peer, address, sessionId } = main.terms;
    const frame = frames.seal(
      {
        kind: 'init',
        id: self,
        role,
        expectedId: peer,
        bootEpoch,
        nonce: attempt.dialerNonce,
        linkNumber: attempt.ourNumber,
        tags,
        purpose: 'configured',
        bundle: { sessionId, member, of },
      },
      self,
      peer,
    );
    outbox.push({ kind: 'sendTo', socket: attempt.socket, address, frame });
    deadlines.schedule(this, Math.min(attempt.until, now + attempt.repeatAfter));
    attempt.repeatAfter *= 2;
  }

  #giveUp(now: number): void {
    this.stop();
    this.#wait(now);
  }

  #wait(now: number): void {
    this.phase = 'waiting';
    this.#services.deadlines.schedule(this, now + this.#backoff.next());
  }
}
