import type { NodeId } from '../../kit/node-id.js';
import { type ControlMessage, decodeControl, type GoodbyeReason } from '../../wire/control.js';
import type { AcceptMessage, DialPurpose } from '../../wire/handshake.js';
import { readHello } from '../../wire/hello.js';
import { FrameType, OFFSET_COUNTER } from '../../wire/link-header.js';
import { HEADERS_BYTES } from '../../wire/network-header.js';
import type { TrainMessage } from '../../wire/trains.js';
import type {
  JobResult,
  LinkProblem,
  LinkStatus,
  NodeRole,
  PeerAddress,
  ReceivedFrame,
  TransportAddress,
} from '../io.js';
import type { LinkQuality } from '../routing/link-quality.js';
import type { LinkAdvisor } from './advisor.js';
import { Bundles } from './bundles.js';
import { Dialer, type DialerOwner } from './dialer.js';
import { acceptedTerms } from './handshake-terms.js';
import { Handshakes } from './handshakes.js';
import { whileLeft } from './overlap.js';
import { type Peer, PeerBook } from './peer-book.js';
import { formatAddress, type LinkServices } from './services.js';
import type { Session } from './session.js';
import type { HeldMessage } from './session.types.js';
import { type Ending, type SessionEvents, Sessions } from './sessions.js';
import { Suspicions } from './suspicions.js';

/** What the two ends of a link that is up say to each other. */
export type LinkMessage = Exclude<ControlMessage, { kind: 'goodbye' | 'suspicion' } | TrainMessage>;

/** What is told of links that are up. */
export interface LinkListener {
  linkUp(link: number, peer: NodeId, quality: LinkQuality, now: number, role: NodeRole): void;
  linkDown(link: number, peer: NodeId, now: number, problem: LinkProblem): void;
  linkQuality(link: number, quality: LinkQuality, now: number): void;
  /** Returns false when the message breaks the protocol. */
  handleMessage(link: number, message: LinkMessage, now: number): boolean;
}

const GOODBYE_PROBLEMS: Readonly<Record<GoodbyeReason, LinkProblem>> = {
  shutdown: 'goodbye',
  replaced: 'replaced',
  removed: 'removed',
  silence: 'oneWay',
  other: 'goodbye',
};

/** Ends after which the peer is perhaps gone for others, too. */
const IS_SILENT: ReadonlySet<LinkProblem> = new Set<LinkProblem>(['silent', 'disconnected']);

/** Ends of sessions that nobody announced. */
const FOUND_OUT: ReadonlySet<LinkProblem> = new Set<LinkProblem>(['silent', 'disconnected', 'oneWay']);

/** Whoever has given the shell something to do. */
export interface JobOwner {
  handleJobDone(result: JobResult, now: number): void;
}

/** What is known of a link that is up. */
export interface LinkFacts {
  readonly address: TransportAddress;
  readonly weDialed: boolean;
  /** People want the link. */
  readonly configured: boolean;
}

/**
 * All links of a node: whom to dial, whom to let in, and what comes by the sessions. Peers that are configured, or that the advisor has chosen, are dialed
 * until they are given up; whoever knows the network key may dial us.
 */
export class Links implements SessionEvents, DialerOwner {
  readonly #services: LinkServices;
  readonly #listener: LinkListener;
  readonly #advisor: LinkAdvisor;
  readonly #peers: PeerBook;
  readonly #sessions: Sessions;
  readonly #bundles: Bundles;
  readonly #suspicions: Suspicions;
  readonly #handshakes: Handshakes;
  readonly #jobs = new Map<number, JobOwner>();
  #lastJob = 0;
  #closing = false;

  constructor(services: LinkServices, listener: LinkListener, advisor: LinkAdvisor) {
    this.#services = services;
    this.#listener = listener;
    this.#advisor = advisor;
    this.#peers = new PeerBook(services.self, services.outbox);
    this.#sessions = new Sessions(services, this);
    this.#bundles = new Bundles(services);
    this.#suspicions = new Suspicions(this.#sessions);
    this.#handshakes = new Handshakes(services, this.#sessions, this.#peers, this.#bundles, advisor);
  }

  // What comes in.

  handleFrame({ link, type, frame, receivedAt = Infinity, source, socket }: ReceivedFrame, now: number): void {
    if (this.#closing) return;
    if (type === FrameType.Handshake) {
      if (source && socket !== undefined)
        this.#handshakes.handleFrame(frame, { source, socket }, Math.min(receivedAt, now), now);
      return;
    }
    const session = this.#sessions.at(link) ?? this.#bundles.at(link);
    if (!session) return; // it ended while the frame was on its way from the worker
    if (frame.byteLength < HEADERS_BYTES) return this.#services.outbox.count('controlMalformed');
    session.proven(now);
    if (session.isOver()) return;
    if (type === FrameType.Hello) this.#handleHello(session, frame, Math.min(receivedAt, now), now);
    else if (type === FrameType.Control) this.#handleControl(session, frame, Math.min(receivedAt, now), now);
  }

  handleJobDone(result: JobResult, now: number): void {
    const owner = this.#jobs.get(result.id);
    this.#jobs.delete(result.id);
    owner?.handleJobDone(result, now);
  }

  /** A worker has cleared the link's up bit; if the bit is set, that was about an earlier session of this index. */
  handleLinkDown(link: number, now: number, cause: 'silent' | 'disconnected'): void {
    const session = this.#sessions.at(link);
    if (cause === 'disconnected') {
      if (session && !session.observe().up) this.#sessions.lost(session, 'disconnected', now);
    } else if (session?.phase === 'ready' && !session.observe().up) this.#sessions.lost(session, 'silent', now);
    const member = this.#bundles.at(link);
    if (member?.phase === 'ready' && !member.observe().up) this.#bundles.lost(member, 'silent', now);
  }

  // What people want.

  addPeer(address: PeerAddress, now: number): void {
    if (this.#closing || address.id === this.#services.self) return;
    const peer = this.#peers.of(address.id, now);
    peer.isChosen = false;
    peer.dialer ??= new Dialer(peer.id, this.#services, this);
    peer.dialer.purpose = 'configured';
    if (!peer.dialer.add(address)) return;
    if (!peer.session) peer.dialer.start(now, 'now');
    else if (address.scheme === 'udp') peer.dialer.settle(peer.session.terms.address.scheme, now, 'now');
  }

  removePeer(id: NodeId, now: number): void {
    const peer = this.#peers.find(id);
    if (!peer) return;
    this.#stopDialing(peer);
    this.#endSessions(id, now);
    this.#peers.remove(id);
  }

  // What the advisor wants.

  isConfigured(id: NodeId): boolean {
    const peer = this.#peers.find(id);
    return peer?.dialer !== undefined && !peer.isChosen;
  }

  /** Dials a peer that has no link and is not configured. */
  choose(id: NodeId, addresses: readonly PeerAddress[], purpose: DialPurpose, now: number): void {
    if (this.#closing || id === this.#services.self || this.isConfigured(id)) return;
    const peer = this.#peers.of(id, now);
    peer.isChosen = true;
    peer.dialer?.stop();
    peer.dialer = new Dialer(id, this.#services, this, purpose);
    for (const address of addresses) peer.dialer.add(address);
    if (!peer.session) peer.dialer.start(now, 'now');
  }

  /** A chosen peer is dialed no more; its link stays, if there is one. */
  release(id: NodeId): void {
    const peer = this.#peers.find(id);
    if (peer?.isChosen) this.#stopDialing(peer);
  }

  /** Ends the link with a peer that is not configured, and dials it no more. */
  giveUp(id: NodeId, now: number): void {
    if (!this.isConfigured(id)) this.removePeer(id, now);
  }

  /** Has a name resolved, for whoever is not a dialer. */
  resolve({ scheme, host, port }: Omit<PeerAddress, 'id'>, owner: JobOwner): void {
    const id = this.nextJobId(owner);
    this.#services.outbox.push({ kind: 'job', id, job: { kind: 'resolve', scheme, host, port } });
  }

  factsOf(link: number): LinkFacts | undefined {
    const terms = this.#sessions.at(link)?.terms;
    if (!terms) return undefined;
    return { address: terms.address, weDialed: terms.weDialed, configured: this.isConfigured(terms.peer) };
  }

  networkChange(now: number): void {
    if (this.#closing) return;
    for (const { dialer, session } of this.#peers.all()) {
      if (!session) dialer?.start(now, 'now');
      else {
        session.networkChanged(now);
        this.#bundles.networkChanged(session, now);
        dialer?.settle(session.terms.address.scheme, now, 'now');
      }
    }
  }

  /** Says goodbye to all; nothing is dialed or let in from here on. */
  close(now: number): void {
    this.#closing = true;
    this.#handshakes.close();
    for (const { dialer } of this.#peers.all()) dialer?.stop();
    for (const session of this.#sessions.all()) this.#sessions.end(session, 'goodbye', 'shutdown', now);
  }

  statuses(now: number): LinkStatus[] {
    return this.#peers.statuses(now, this.#closing).map((status) => {
      const session = this.#sessions.at(status.link);
      return session ? { ...status, members: this.#bundles.statuses(session) } : status;
    });
  }

  /** The peer at the other end of a link. */
  peerAt(link: number): NodeId | undefined {
    return this.#sessions.at(link)?.terms.peer;
  }

  /** The live link to a peer; 0: there is none that is ready. */
  linkTo(id: NodeId): number {
    const session = this.#sessions.live(id);
    return session?.phase === 'ready' ? session.terms.link : 0;
  }

  /** Packets are led to the link from here on. */
  expectData(link: number, now: number): void {
    const session = this.#sessions.at(link);
    if (!session) return;
    session.expectData(now);
    this.#bundles.expectData(session, now);
  }

  send(link: number, message: LinkMessage): void {
    this.#sessions.at(link)?.sendControl(message);
  }

  // What becomes of sessions.

  established(session: Session, now: number): void {
    const peer = this.#peers.of(session.terms.peer, now);
    this.#services.lateness.of(peer.id).opened(session.terms.bootEpoch, now);
    peer.session = session;
    peer.role = session.terms.peerRole;
    peer.address = formatAddress(session.terms.address);
    // A session of our own that waits for its first frame may still be the one that stays: see isTwin in sessions.ts.
    if (session.terms.weDialed || peer.dialer?.phase !== 'confirming')
      peer.dialer?.settle(session.terms.address.scheme, now, 'later');
  }

  ready(session: Session, now: number): void {
    const { link, peer: id, peerRole, address, sessionId } = session.terms;
    const peer = this.#peers.of(id, now);
    peer.wasUp = true;
    peer.problem = undefined;
    peer.detail = '';
    peer.dialer?.succeeded();
    this.#services.outbox.push({ kind: 'linkUp', link });
    this.#services.outbox.event({
      type: 'linkUp',
      link,
      peer: id,
      address: formatAddress(address),
      session: sessionId,
      role: peerRole,
    });
    this.#listener.linkUp(link, id, this.#qualityOf(session), now, peerRole);
    if (!session.isOver()) this.#bundles.opened(session, now);
    for (const message of session.takeHeld()) this.#act(session, message, now);
  }

  rttChanged(session: Session, now: number): void {
    this.#listener.linkQuality(session.terms.link, this.#qualityOf(session), now);
    this.#bundles.changed(session);
  }

  over(session: Session, { problem, wasLive, wasReady }: Ending, now: number): void {
    const { link, peer: id, weDialed } = session.terms;
    this.#bundles.closed(session, this.#closing ? 'shutdown' : 'removed');
    if (wasReady) this.#listener.linkDown(link, id, now, problem);
    // A session that was left for another one, or gives way to the one that it was left for, takes no link from people's view.
    if (wasReady && this.#sessions.live(id)?.phase !== 'ready')
      this.#services.outbox.event({ type: 'linkDown', link, peer: id, reason: problem });
    if (problem === 'silent') this.#services.lateness.of(id).gaveUp(session.terms.bootEpoch, now);
    if (wasReady && IS_SILENT.has(problem) && !session.isOfLeaf && !this.#closing) this.#suspicions.tell(id, now);
    const peer = this.#peers.find(id);
    if (!peer) return;
    peer.session = this.#sessions.live(id);
    if (this.#closing) return;
    if (peer.session) {
      if (weDialed || wasLive) peer.dialer?.settle(peer.session.terms.address.scheme, now, 'later');
    } else if (wasLive) {
      peer.at = now;
      this.#peers.note(peer, problem, '');
      // The one that found the silence dials at once; after a goodbye the peer may be gone, or just about to return.
      peer.dialer?.start(now, FOUND_OUT.has(problem) ? 'now' : 'later');
    } else if (weDialed) peer.dialer?.failed('noAnswer', now);
  }

  // What dialers ask for.

  nextJobId(owner: JobOwner): number {
    this.#lastJob++;
    this.#jobs.set(this.#lastJob, owner);
    return this.#lastJob;
  }

  accepted(dialer: Dialer, attempt: Parameters<DialerOwner['accepted']>[1], accept: AcceptMessage, now: number): void {
    const terms = acceptedTerms(this.#services, { ...attempt, dialerNonce: attempt.nonce }, accept);
    // No other role accepts.
    this.#sessions.install({ ...terms, peer: dialer.peer, peerRole: 'relay', bootEpoch: accept.bootEpoch }, now);
  }

  problem(dialer: Dialer, problem: LinkProblem, detail: string, now: number): void {
    const peer = this.#peers.find(dialer.peer);
    if (!peer || peer.session) return;
    this.#peers.note(peer, problem, detail);
    if (peer.isChosen) this.#advisor.dialFailed(peer.id, problem, now);
  }

  #stopDialing(peer: Peer): void {
    peer.dialer?.stop();
    peer.dialer = undefined;
    peer.isChosen = false;
  }

  #endSessions(id: NodeId, now: number): void {
    for (const session of this.#sessions.all())
      if (session.terms.peer === id) this.#sessions.end(session, 'removed', 'removed', now);
  }

  #qualityOf(session: Session): LinkQuality {
    const { hellos, bandwidth, isLeft } = session;
    const { cost } = bandwidth.configured;
    const quality = { rtt: hellos.steadyRtt ?? 0, loss: hellos.loss, cost, bandwidth: bandwidth.status?.mbit ?? 0 };
    return isLeft ? whileLeft(quality) : quality;
  }

  #handleHello(session: Session, frame: Uint8Array, receivedAt: number, now: number): void {
    const hello = readHello(frame.subarray(HEADERS_BYTES));
    if (hello) session.handleHello(hello, receivedAt, now);
    else this.#services.outbox.count('controlMalformed');
  }

  #handleControl(session: Session, frame: Uint8Array, receivedAt: number, now: number): void {
    const message = decodeControl(frame.slice(HEADERS_BYTES));
    if (message === 'malformed') this.#services.outbox.count('controlMalformed');
    else if (message.kind === 'train')
      session.bandwidth.hear(message.train, frame.byteLength, counterOf(frame), receivedAt);
    else if (message.kind === 'trainReport') {
      if (session.bandwidth.handleReport(message.report)) this.rttChanged(session, now);
    } else if (message.kind !== 'goodbye' && session.phase !== 'ready') session.hold(message);
    else this.#act(session, message, now);
  }

  #act(session: Session, message: HeldMessage, now: number): void {
    if (this.#bundles.at(session.terms.link)) {
      if (message.kind === 'goodbye') this.#bundles.handleGoodbye(session, now);
      else this.#services.outbox.count('controlMalformed'); // routing knows nothing of members
    } else if (message.kind === 'goodbye')
      this.#sessions.end(session, GOODBYE_PROBLEMS[message.reason], undefined, now);
    else if (message.kind === 'suspicion') this.#suspicions.hear(message.id, session.terms.peer, now);
    else if (!this.#listener.handleMessage(session.terms.link, message, now))
      this.#services.outbox.count('controlMalformed');
  }
}

/** The counter that a frame of a link carries: its low 32 bits. */
function counterOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(OFFSET_COUNTER);
}
