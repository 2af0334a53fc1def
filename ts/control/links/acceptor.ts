import type { NodeId } from '../../kit/node-id.js';
import { type ForeignMessage, type InitMessage, PROTOCOL_VERSION, type RejectReason } from '../../wire/handshake.js';
import type { LinkProblem, TransportAddress } from '../io.js';
import { TokenBuckets } from '../token-buckets.js';
import type { LinkAdvisor } from './advisor.js';
import type { Bundles } from './bundles.js';
import { answerInit } from './handshake-terms.js';
import type { PeerBook } from './peer-book.js';
import { formatAddress, type LinkServices, sameAddress } from './services.js';
import { PENDING_MS, type Session } from './session.js';
import type { Sessions } from './sessions.js';

/** Where a handshake frame came from, and by which of our sockets. */
export interface Origin {
  readonly source: TransportAddress;
  readonly socket: number;
}

/**
 * Answers Inits: with an Accept and an installed session, which is worth nothing until its first authenticated frame, or with a Reject. A replayed
 * Init leads to a session that nobody can prove; it times out and has disturbed nothing.
 */
export class Acceptor {
  readonly #services: LinkServices;
  readonly #sessions: Sessions;
  readonly #peers: PeerBook;
  readonly #bundles: Bundles;
  readonly #advisor: LinkAdvisor;
  /** What is sent before it was asked by somebody authenticated: one a second and host. */
  readonly #hints = new TokenBuckets<string>(1, 1, 256);
  /** The Accept of each pending session, in case that the Init is repeated. */
  readonly #accepts = new WeakMap<Session, Uint8Array>();

  constructor(services: LinkServices, sessions: Sessions, peers: PeerBook, bundles: Bundles, advisor: LinkAdvisor) {
    this.#services = services;
    this.#sessions = sessions;
    this.#peers = peers;
    this.#bundles = bundles;
    this.#advisor = advisor;
  }

  handleInit(init: InitMessage, origin: Origin, now: number): void {
    const { self, role, bootEpoch, tags } = this.#services;
    const address = formatAddress(origin.source);
    if (init.expectedId !== 0 && init.expectedId !== self) return this.#reject('wrongId', init, origin);
    if (init.id === self) {
      if (init.bootEpoch === bootEpoch) return this.#reject('wrongId', init, origin); // ourselves, by a roundabout way
      this.#peers.duplicate(self, address, now);
      return this.#reject('duplicateId', init, origin);
    }
    if (role === 'leaf' || init.role === 'other') {
      this.#refused(init.id, 'role', address);
      return this.#reject('role', init, origin);
    }
    if (init.tags !== tags) {
      this.#refused(init.id, 'otherTags', address);
      return this.#reject('tags', init, origin);
    }
    if (init.bundle) {
      const main = this.#sessions.live(init.id);
      if (!this.#bundles.handleJoin(main, init, init.bundle, origin, now)) this.#reject('bundle', init, origin);
      return;
    }
    if (this.#isSecondIncarnation(init, origin, now)) {
      this.#peers.duplicate(init.id, address, now);
      return this.#reject('duplicateId', init, origin);
    }
    const known = this.#sessions.ofInit(init.id, init.nonce);
    if (known) return this.#repeatAccept(known, origin);
    if (this.#ourInitWins(init, origin, now)) return;
    if (!this.#hasRoomFor(init, now)) return this.#reject('full', init, origin);
    this.#accept(init, origin, now);
  }

  handleForeign({ id, nonce, version }: ForeignMessage, origin: Origin, now: number): void {
    if (!this.#hints.take(origin.source.host, now)) return;
    this.#refused(id, 'otherVersion', `${formatAddress(origin.source)} speaks version ${version}`);
    this.#reject('protocolVersion', { id, nonce }, origin);
  }

  /** An Init of another network: the dialer cannot verify our answer, which is a hint for its people. */
  handleOtherNetwork(
    { id, nonce }: { readonly id: NodeId; readonly nonce: Uint8Array },
    origin: Origin,
    now: number,
  ): void {
    if (!this.#hints.take(origin.source.host, now)) return;
    this.#refused(id, 'otherNetworkKey', formatAddress(origin.source));
    this.#reject('networkKey', { id, nonce }, origin);
  }

  /** Another life of a neighbour's id, from elsewhere, while the neighbour is demonstrably alive: they are two nodes. */
  #isSecondIncarnation(init: InitMessage, { source }: Origin, now: number): boolean {
    const live = this.#sessions.live(init.id);
    return (
      live !== undefined &&
      live.terms.bootEpoch !== init.bootEpoch &&
      !sameAddress(live.terms.address, source) &&
      live.isAlive(now)
    );
  }

  /** Both ends dial each other at once: the smaller id's Init wins. */
  #ourInitWins(init: InitMessage, { source }: Origin, now: number): boolean {
    const dialer = this.#peers.find(init.id)?.dialer;
    if (!dialer) return false;
    if (this.#services.self < init.id) return dialer.isDialing(source);
    dialer.yield(now, PENDING_MS);
    return false;
  }

  /** People's links always have room, as far as there is any; leaves have their own. */
  #hasRoomFor({ id, role, purpose }: InitMessage, now: number): boolean {
    if (role === 'leaf' || this.#sessions.live(id) || this.#peers.find(id)?.dialer) return true;
    return this.#advisor.admits(id, purpose, now);
  }

  #accept(init: InitMessage, origin: Origin, now: number): void {
    const { pool, leafPool, outbox } = this.#services;
    const peerRole = init.role === 'leaf' ? 'leaf' : 'relay';
    const link = (peerRole === 'leaf' ? leafPool : pool).take();
    if (!link) {
      if (peerRole === 'leaf') this.#sessions.dropOldestLeaf(now);
      this.#refused(init.id, 'full', formatAddress(origin.source));
      return this.#reject('full', init, origin);
    }
    const { terms, accept: frame } = answerInit(this.#services, link, init, origin);
    const session = this.#sessions.install({ ...terms, peer: init.id, peerRole, bootEpoch: init.bootEpoch }, now);
    this.#accepts.set(session, frame);
    outbox.push({ kind: 'sendTo', socket: origin.socket, address: origin.source, frame });
  }

  /** The Accept was lost, or the Init came twice. To a session that is established, a repeated Init means nothing. */
  #repeatAccept(session: Session, { source, socket }: Origin): void {
    const frame = this.#accepts.get(session);
    if (session.phase !== 'installed' || !frame || !sameAddress(source, session.terms.address)) return;
    this.#services.outbox.push({ kind: 'sendTo', socket, address: source, frame });
  }

  #refused(peer: NodeId, problem: LinkProblem, detail: string): void {
    this.#services.outbox.event({ type: 'linkProblem', peer, problem, detail });
  }

  #reject(reason: RejectReason, init: { readonly id: NodeId; readonly nonce: Uint8Array }, origin: Origin): void {
    const { self, frames, outbox } = this.#services;
    const message = { kind: 'reject', reason, dialerNonce: init.nonce, version: PROTOCOL_VERSION, id: self } as const;
    const frame = frames.seal(message, self, init.id);
    outbox.push({ kind: 'sendTo', socket: origin.socket, address: origin.source, frame });
  }
}
