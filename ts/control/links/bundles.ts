import type { GoodbyeReason } from '../../wire/control.js';
import type { AcceptMessage, BundleClaim, InitMessage } from '../../wire/handshake.js';
import type { MemberState, MemberStatus } from '../io.js';
import type { Origin } from './acceptor.js';
import { acceptedTerms, answerInit, type HandshakeTerms } from './handshake-terms.js';
import { type DialedMember, MemberDialer } from './member-dialer.js';
import { RAISE_MS } from './mtu-search.js';
import { type LinkServices, sameAddress } from './services.js';
import { Session, type SessionOwner } from './session.js';

/** The sessions of one pair of nodes beside their first one. */
interface Bundle {
  readonly main: Session;
  /** Sessions in all, the main one included. */
  readonly of: number;
  /** By member; 0 is the main session. Established ones. */
  readonly members: (Session | undefined)[];
  /** By member; only at the end that dialed the main session. */
  readonly dialers: (MemberDialer | undefined)[];
  /** What the packet path was told. */
  published: string;
}

/** A session of a bundle that is not established yet, or is. */
interface Membership {
  readonly bundle: Bundle;
  readonly member: number;
  readonly session: Session;
  /** The Accept that has answered the peer's Join, in case that it is repeated. */
  readonly accept: Uint8Array | undefined;
  /** When it looks for the main session's MTU again if its own is smaller, ms; and how long it waits after that. */
  searchAt: number;
  searchAfter: number;
}

/** The main session shows what the way carries, so a member that has given up that size has probably lost its probes: it tries again soon, then less and less often. */
const FIRST_SEARCH_MS = 5_000;
const LONGEST_SEARCH_MS = RAISE_MS;

/**
 * Bundles: a link may be opened as several sessions between different ports, so that several workers receive what comes by it. The first one
 * is the link that routing knows; a bundle lives and ends with it. Whoever dialed it opens the others, each with a Join that names the
 * main session: that of an earlier life finds no such session and is refused.
 *
 * A member carries data while it is established, its up bit is set and it carries frames as large as the main session does; the packet path
 * is told whenever that changes. It has hellos of its own. Routing never hears of it.
 */
export class Bundles implements SessionOwner {
  readonly #services: LinkServices;
  readonly #byMain = new Map<Session, Bundle>();
  readonly #byLink = new Map<number, Membership>();

  constructor(services: LinkServices) {
    this.#services = services;
  }

  /** The member session of a link. */
  at(link: number): Session | undefined {
    return this.#byLink.get(link)?.session;
  }

  /** A session with a peer is up: opens what else is wanted, if it is this end that dials. */
  opened(main: Session, now: number): void {
    const { linksPerPeer, role } = this.#services;
    const { weDialed, peerRole, address } = main.terms;
    if (address.scheme === 'tcp') return; // one worker has all connections: more of them would bring nothing
    if (!weDialed || linksPerPeer < 2 || role === 'leaf' || peerRole === 'leaf') return;
    const bundle = this.#make(main, linksPerPeer);
    for (let member = 1; member < linksPerPeer; member++) {
      const dialer = new MemberDialer({ main, member, of: linksPerPeer }, this.#services, (...dialed) =>
        this.#dialed(bundle, ...dialed),
      );
      bundle.dialers[member] = dialer;
      dialer.start(now);
    }
  }

  /** The main session has ended: so do the others, with a goodbye if the peer is there to hear it. */
  closed(main: Session, goodbye: GoodbyeReason | undefined): void {
    const bundle = this.#byMain.get(main);
    if (!bundle) return;
    this.#byMain.delete(main);
    for (const dialer of bundle.dialers) dialer?.stop();
    if (bundle.published !== '') this.#tell(bundle, []); // before an index of theirs can be used again
    for (const { bundle: of, session } of this.#byLink.values())
      if (of === bundle) {
        this.#byLink.delete(session.terms.link);
        session.end(goodbye);
      }
  }

  /** What the main session carries may have changed. */
  changed(main: Session): void {
    const bundle = this.#byMain.get(main);
    if (bundle) this.#publish(bundle);
  }

  /** Addresses or routes of the machine have changed. */
  networkChanged(main: Session, now: number): void {
    for (const member of this.#byMain.get(main)?.members ?? []) member?.networkChanged(now);
  }

  /** Packets are led to the link from here on. */
  expectData(main: Session, now: number): void {
    for (const member of this.#byMain.get(main)?.members ?? []) member?.expectData(now);
  }

  /** The members as people want to see them; empty: the session is no bundle. */
  statuses(main: Session): MemberStatus[] {
    const bundle = this.#byMain.get(main);
    if (!bundle) return [];
    return Array.from({ length: bundle.of - 1 }, (_, at) => {
      const member = at + 1;
      const session = bundle.members[member];
      const state = this.#stateOf(bundle, member);
      return { member, link: session?.terms.link ?? 0, state, rtt: session?.hellos.rtt.smoothed };
    });
  }

  /** The dialer that waits for an answer to this nonce. */
  dialerOf(nonce: Uint8Array): MemberDialer | undefined {
    for (const { dialers } of this.#byMain.values())
      for (const dialer of dialers) if (dialer?.owns(nonce)) return dialer;
    return undefined;
  }

  // The listener's side.

  /** A Join for `main`, the peer's session; returns false when there is no such place. */
  handleJoin(main: Session | undefined, init: InitMessage, claim: BundleClaim, origin: Origin, now: number): boolean {
    if (!main || !this.#fits(main, init, claim)) return false;
    const bundle = this.#byMain.get(main) ?? this.#make(main, claim.of);
    if (bundle.of !== claim.of) return false;
    const rivals = [...this.#byLink.values()].filter(
      (other) => other.bundle === bundle && other.member === claim.member,
    );
    for (const { session, accept } of rivals) {
      if (sameBytes(session.terms.dialerNonce, init.nonce)) {
        this.#repeatAccept(session, accept, origin);
        return true;
      }
      if (session.phase === 'installed') this.#end(session, undefined, now); // an earlier try
    }
    return this.#accept(bundle, claim.member, init, origin, now);
  }

  // What becomes of members.

  established(session: Session, now: number): void {
    const place = this.#byLink.get(session.terms.link);
    if (!place) return;
    const { bundle, member } = place;
    const old = bundle.members[member];
    bundle.members[member] = session;
    if (old && old !== session) this.#end(old, 'replaced', now);
  }

  ready(session: Session): void {
    const place = this.#byLink.get(session.terms.link);
    if (!place) return;
    this.#services.outbox.push({ kind: 'linkUp', link: session.terms.link });
    place.bundle.dialers[place.member]?.succeeded();
    this.#publish(place.bundle);
  }

  rttChanged(session: Session, now: number): void {
    const place = this.#byLink.get(session.terms.link);
    if (!place) return;
    this.#publish(place.bundle);
    const isSmall = session.mtu.state === 'complete' && !this.#carries(place.bundle, session);
    if (!isSmall || now < place.searchAt) return;
    place.searchAt = now + place.searchAfter;
    place.searchAfter = Math.min(LONGEST_SEARCH_MS, 2 * place.searchAfter);
    session.mtu.restart(now);
  }

  /** A part of what the link carries. */
  busy(session: Session, now: number): void {
    this.#byLink.get(session.terms.link)?.bundle.main.look(now);
  }

  lost(session: Session, problem: 'noAnswer' | 'silent' | 'oneWay', now: number): void {
    this.#end(session, problem === 'noAnswer' && !session.terms.weDialed ? undefined : 'silence', now);
  }

  /** The peer says goodbye to one member. */
  handleGoodbye(session: Session, now: number): void {
    this.#end(session, undefined, now);
  }

  #make(main: Session, of: number): Bundle {
    const bundle: Bundle = { main, of, members: [], dialers: [], published: '' };
    this.#byMain.set(main, bundle);
    return bundle;
  }

  #fits(main: Session, init: InitMessage, { sessionId }: BundleClaim): boolean {
    const { terms, phase } = main;
    return (
      phase !== 'over' &&
      !terms.weDialed &&
      terms.sessionId === sessionId &&
      terms.bootEpoch === init.bootEpoch &&
      terms.peerRole === 'relay'
    );
  }

  #accept(bundle: Bundle, member: number, init: InitMessage, origin: Origin, now: number): boolean {
    const { pool, outbox } = this.#services;
    const link = pool.take();
    if (!link) return false;
    const { terms, accept } = answerInit(this.#services, link, init, origin);
    this.#install(bundle, member, terms, accept, now);
    outbox.push({ kind: 'sendTo', socket: origin.socket, address: origin.source, frame: accept });
    return true;
  }

  #repeatAccept(session: Session, accept: Uint8Array | undefined, { source, socket }: Origin): void {
    if (session.phase !== 'installed' || !accept || !sameAddress(source, session.terms.address)) return;
    this.#services.outbox.push({ kind: 'sendTo', socket, address: source, frame: accept });
  }

  #dialed(bundle: Bundle, dialer: MemberDialer, dialed: DialedMember, accept: AcceptMessage, now: number): void {
    const terms = acceptedTerms(this.#services, { ...dialed, address: bundle.main.terms.address }, accept);
    this.#install(bundle, dialer.where.member, terms, undefined, now);
  }

  #install(bundle: Bundle, member: number, terms: HandshakeTerms, accept: Uint8Array | undefined, now: number): void {
    const { link: bundleOf, peer, peerRole, bootEpoch } = bundle.main.terms;
    const session = new Session({ ...terms, peer, peerRole, bootEpoch, bundleOf }, this.#services, this, now);
    const search = { searchAt: now + FIRST_SEARCH_MS, searchAfter: FIRST_SEARCH_MS };
    this.#byLink.set(terms.link, { bundle, member, session, accept, ...search });
  }

  #end(session: Session, goodbye: GoodbyeReason | undefined, now: number): void {
    const place = this.#byLink.get(session.terms.link);
    if (place?.session !== session) return;
    const { bundle, member } = place;
    this.#byLink.delete(session.terms.link);
    if (bundle.members[member] === session) bundle.members[member] = undefined;
    this.#publish(bundle); // before an index can be used again
    session.end(goodbye);
    if (session.terms.weDialed) bundle.dialers[member]?.lost(now);
  }

  #stateOf(bundle: Bundle, member: number): MemberState {
    const session = bundle.members[member];
    if (session?.phase === 'ready') return this.#carries(bundle, session) ? 'up' : 'probing';
    return bundle.dialers[member] ? 'dialing' : 'down';
  }

  /** Whether flows may be spread over this member: not before what the main session carries fits into it. */
  #carries({ main }: Bundle, session: Session): boolean {
    return session.phase === 'ready' && session.mtu.mtu >= main.mtu.mtu;
  }

  #publish(bundle: Bundle): void {
    const links = Array.from({ length: bundle.of }, (_, member) => {
      if (member === 0) return bundle.main.terms.link;
      const session = bundle.members[member];
      return session && this.#carries(bundle, session) ? session.terms.link : 0;
    });
    const alone = links.every((link, member) => member === 0 || link === 0);
    this.#tell(bundle, alone ? [] : links);
  }

  #tell(bundle: Bundle, links: readonly number[]): void {
    const text = links.join(' ');
    if (text === bundle.published) return;
    bundle.published = text;
    this.#services.outbox.push({ kind: 'linkBundle', link: bundle.main.terms.link, links });
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
