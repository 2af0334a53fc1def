import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import type { LinkProblem, LinkStateName, LinkStatus, NodeRole } from '../io.js';
import type { Outbox } from '../outbox.js';
import type { Dialer } from './dialer.js';
import { formatAddress } from './services.js';
import type { Session } from './session.js';

/** A second node with one id is told of once in this time, and shown so long after it was last seen, ms. */
const DUPLICATE_TELL_MS = 10_000;
const DUPLICATE_SHOW_MS = 60_000;

/** Peers that are not configured are remembered for so long after their session, and at most so many of them. */
const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 256;
/** How often they are gone through: thousands of leaves come at once. */
const FORGET_EVERY_MS = 1000;

/** What is known of one peer. */
export interface Peer {
  readonly id: NodeId;
  /** Only peers that are configured or chosen are dialed. */
  dialer: Dialer | undefined;
  /** The network has chosen it, and not people. */
  isChosen: boolean;
  /** What it was when it last had a session. */
  role: NodeRole | undefined;
  /** The established session. */
  session: Session | undefined;
  /** Whether there was ever a session that was ready. */
  wasUp: boolean;
  problem: LinkProblem | undefined;
  detail: string;
  /** Another node claims the id as well. */
  duplicate: { readonly address: string; readonly seenAt: number; readonly toldAt: number } | undefined;
  /** Where it was last seen. */
  address: string;
  /** When it was last told about. */
  at: number;
}

/** All peers: configured ones, those that have dialed us, and for a while those that did. */
export class PeerBook {
  readonly #peers = new Map<NodeId, Peer>();
  readonly #self: NodeId;
  readonly #outbox: Outbox;
  #forgottenAt = -Infinity;

  constructor(self: NodeId, outbox: Outbox) {
    this.#self = self;
    this.#outbox = outbox;
  }

  find(id: NodeId): Peer | undefined {
    return this.#peers.get(id);
  }

  /** The peer's record, made if need be. */
  of(id: NodeId, now: number): Peer {
    let peer = this.#peers.get(id);
    if (!peer) {
      if (now - this.#forgottenAt >= FORGET_EVERY_MS) this.#forget(now);
      peer = {
        id,
        dialer: undefined,
        isChosen: false,
        role: undefined,
        session: undefined,
        wasUp: false,
        problem: undefined,
        detail: '',
        duplicate: undefined,
        address: '',
        at: now,
      };
      this.#peers.set(id, peer);
    }
    peer.at = now;
    return peer;
  }

  remove(id: NodeId): void {
    this.#peers.delete(id);
  }

  all(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** Notes why a peer is not reachable, and tells it once. */
  note(peer: Peer, problem: LinkProblem, detail: string): void {
    const isNew = peer.problem !== problem;
    peer.problem = problem;
    peer.detail = detail;
    if (isNew) this.#outbox.event({ type: 'linkProblem', peer: peer.id, problem, detail });
  }

  /** Somebody at `address` claims the id of a node that is alive: this one, or a neighbour. */
  duplicate(id: NodeId, address: string, now: number): void {
    const peer = this.of(id, now);
    const tell = now - (peer.duplicate?.toldAt ?? -Infinity) >= DUPLICATE_TELL_MS;
    peer.duplicate = { address, seenAt: now, toldAt: tell ? now : (peer.duplicate?.toldAt ?? now) };
    if (tell) this.#outbox.event({ type: 'duplicateId', id, address });
  }

  /** A line a peer, sessions that are up first. */
  statuses(now: number, closing: boolean): LinkStatus[] {
    this.#forget(now);
    return [...this.#peers.values()]
      .map((peer) => statusOf(peer, this.#self, closing, now))
      .sort((a, b) => Number(b.state === 'up') - Number(a.state === 'up') || a.peer - b.peer);
  }

  /** Drops what nobody needs: strangers whose session ended a while ago; the oldest of them when there are too many. */
  #forget(now: number): void {
    this.#forgottenAt = now;
    const strangers = [...this.#peers.values()].filter(({ dialer, session }) => !dialer && !session);
    strangers.sort((a, b) => b.at - a.at);
    for (const [index, { id, at }] of strangers.entries())
      if (index >= MAX_REMEMBERED - 1 || now - at > REMEMBER_MS) this.#peers.delete(id);
  }
}

function statusOf(peer: Peer, self: NodeId, closing: boolean, now: number): LinkStatus {
  const { session, duplicate } = peer;
  const showsDuplicate = duplicate !== undefined && now - duplicate.seenAt < DUPLICATE_SHOW_MS;
  return {
    peer: peer.id,
    address: session ? formatAddress(session.terms.address) : (peer.dialer?.address ?? peer.address),
    state: stateOf(peer, closing),
    link: session?.terms.link ?? 0,
    problem: showsDuplicate ? 'duplicateId' : peer.problem,
    detail: showsDuplicate ? `another node with this id is at ${duplicate.address}` : peer.detail,
    rtt: session?.hellos.rtt.smoothed,
    rttVariance: session?.hellos.rtt.variance,
    lossIn: session?.hellos.lossIn.percent ?? 0,
    lossOut: session?.hellos.lossOut.percent ?? 0,
    cost: session?.bandwidth.configured.cost,
    bandwidth: session?.bandwidth.status,
    mtu: session?.mtu.mtu,
    mtuState: session?.mtu.state,
    configured: peer.dialer !== undefined && !peer.isChosen,
    why: peer.dialer !== undefined && !peer.isChosen ? 'configured' : 'incoming',
    role: peer.role,
    foreign: peer.role === 'leaf' && sharedBytes(self, peer.id) < 3,
    members: [],
  };
}

function stateOf({ session, dialer, wasUp, problem }: Peer, closing: boolean): LinkStateName {
  if (closing) return 'closing';
  if (session?.phase === 'ready') return 'up';
  if (wasUp || !dialer) return 'down';
  return problem === 'unresolved' || (dialer.unresolved && problem === undefined) ? 'resolving' : 'dialing';
}
