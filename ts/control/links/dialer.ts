import { formatNodeId, type NodeId } from '../../kit/node-id.js';
import type { AcceptMessage, DialPurpose, ForeignMessage, RejectMessage } from '../../wire/handshake.js';
import { NONCE_BYTES } from '../../wire/session-keys.js';
import type { JobResult, LinkProblem, PeerAddress, TransportAddress } from '../io.js';
import type { Timer } from '../timer-queue.js';
import { Backoff } from './backoff.js';
import { formatAddress, type LinkServices, sameAddress } from './services.js';

/** An address that does not answer is left for the next one after this time, doubled each round up to the longest. */
const FIRST_PATIENCE_MS = 750;
const LONGEST_PATIENCE_MS = 3_000;
/** The same of a leaf, at first and at last. */
const LEAF_PATIENCE_MS = [3_000, 12_000] as const;
/** An Init is repeated after this time, then after twice as long, and so on. */
const FIRST_REPEAT_MS = 200;
/** The waits between rounds in which UDP is tried for a peer that has a session over TCP, ms. */
const SEEK_MS = [5_000, 60_000] as const;
/** UDP that has lasted for so long, ms, is trusted again: the next time that it fails, it is soon tried. */
const TRUSTED_MS = 60_000;
/** Resolving takes at most so long. */
const RESOLVE_MS = 5_000;
/** A peer has at most so many addresses, configured and resolved. */
export const MAX_ADDRESSES = 16;

/** Why a leaf cannot be dialed. */
const NO_RELAY = 'it is a leaf, which dials relays and takes nobody in';
/** The socket of a TCP connection that this node dials: none of those that listen. */
const NO_SOCKET = -1;

/** One try at one address. Its link index is reserved until the session is installed or the try given up. */
interface Attempt {
  readonly address: TransportAddress;
  readonly socket: number;
  readonly nonce: Uint8Array;
  readonly link: number;
  readonly ourNumber: number;
  readonly until: number;
  repeatAt: number;
  repeatAfter: number;
  /** What an answer that nobody vouches for says about why there will be no other. */
  hint: LinkProblem | undefined;
}

/** Whoever a dialer dials for. */
export interface DialerOwner {
  nextJobId(dialer: Dialer): number;
  /** An Accept came: install the session (`link` is now its own). */
  accepted(dialer: Dialer, attempt: Omit<Attempt, 'hint'>, accept: AcceptMessage, now: number): void;
  problem(dialer: Dialer, problem: LinkProblem, detail: string, now: number): void;
}

/**
 * Dials one peer until it has a session, for ever:
 *
 * ```
 * stopped ──> resolving ──> dialing ──> confirming ──> stopped (the session is established)
 *                 ^            │ ^          │
 *                 │            │ └── next ──┤ no answer, rejected
 *                 └── waiting <┴────────────┘ no address is left
 * ```
 * Addresses for UDP come before those for TCP. A session over TCP does not stop a dialer that has an address for UDP: it then *seeks*, in rounds that
 * leave TCP out and are further apart. Names are resolved anew in every round. `yielding` stands for `dialing` while the peer, whose id is smaller, dials us.
 */
export class Dialer implements Timer {
  due = Infinity;
  place = -1;
  phase: 'stopped' | 'resolving' | 'dialing' | 'confirming' | 'yielding' | 'waiting' = 'stopped';
  readonly peer: NodeId;
  purpose: DialPurpose;
  readonly #services: LinkServices;
  readonly #owner: DialerOwner;
  readonly #backoff: Backoff;
  readonly #seekBackoff: Backoff;
  #isSeeking = false;
  /** Since when there has been a session over UDP. */
  #foundAt = Infinity;
  #configured: PeerAddress[] = [];
  #jobs = new Map<number, PeerAddress>();
  #targets: TransportAddress[] = [];
  #untried: TransportAddress[] = [];
  #round = 0;
  #attempt: Attempt | undefined;
  #resolveError = '';

  constructor(peer: NodeId, services: LinkServices, owner: DialerOwner, purpose: DialPurpose = 'configured') {
    this.peer = peer;
    this.purpose = purpose;
    this.#services = services;
    this.#owner = owner;
    this.#backoff = new Backoff(services.random);
    this.#seekBackoff = new Backoff(services.random, ...SEEK_MS);
  }

  /** Adds an address; returns false when it is known, or one too many. */
  add(address: PeerAddress): boolean {
    const known = this.#configured.some(
      ({ scheme, host, port }) => scheme === address.scheme && host === address.host && port === address.port,
    );
    if (known || this.#configured.length >= MAX_ADDRESSES) return false;
    this.#configured.push(address);
    return true;
  }

  /** What is being dialed, or the first configured address. */
  get address(): string {
    const address = this.#attempt?.address ?? this.#configured[0];
    return address ? formatAddress(address) : '';
  }

  /** Whether no address of the peer is known. */
  get unresolved(): boolean {
    return this.#targets.length === 0;
  }

  /** Begins a round at once, or after the back-off. */
  start(now: number, when: 'now' | 'later'): void {
    this.stop();
    if (when === 'now') this.#resolve(now);
    else this.#wait(now);
  }

  /** The peer's session is over `scheme`: if that is TCP, UDP is tried now and then, or at once, as far as there is an address for it. */
  settle(scheme: TransportAddress['scheme'], now: number, when: 'now' | 'later'): void {
    if (scheme === 'udp') {
      this.stop();
      this.#foundAt = Math.min(this.#foundAt, now);
      return;
    }
    const wasFound = this.#foundAt;
    this.#foundAt = Infinity;
    if (!this.#configured.some((address) => address.scheme === 'udp')) return this.stop();
    if (when === 'now' || now - wasFound > TRUSTED_MS) this.#seekBackoff.reset();
    else if (this.#isSeeking && this.phase !== 'confirming') return; // a round, or the wait for it, goes on
    this.stop();
    this.#isSeeking = true;
    if (when === 'now') this.#resolve(now);
    else this.#wait(now);
  }

  /** The peer is no longer wanted, or there is nothing better than what it has. */
  stop(): void {
    this.#isSeeking = false;
    this.#dropAttempt();
    this.#jobs.clear();
    this.#services.deadlines.clear(this);
    this.phase = 'stopped';
  }

  /** A session was up: the next failure starts with short waits again. */
  succeeded(): void {
    this.#backoff.reset();
    this.#round = 0;
  }

  /** The session that was accepted came to nothing. */
  failed(problem: LinkProblem, now: number): void {
    if (this.phase === 'confirming') this.#giveUp(problem, '', now);
  }

  /** Whether an Init is under way to this address. */
  isDialing(address: TransportAddress): boolean {
    return this.phase === 'dialing' && this.#attempt !== undefined && sameAddress(this.#attempt.address, address);
  }

  /** Lets the peer's own Init win; goes on if nothing comes of it. */
  yield(now: number, patience: number): void {
    if (this.phase !== 'dialing') return;
    this.#dropAttempt();
    this.phase = 'yielding';
    this.#services.deadlines.schedule(this, now + patience);
  }

  handleTimeout(now: number): void {
    if (this.phase === 'waiting') this.#resolve(now);
    else if (this.phase === 'yielding') this.#next(now);
    else if (this.phase === 'resolving') {
      this.#jobs.clear();
      this.#resolveError ||= 'the name service does not answer';
      this.#next(now);
    } else if (this.#attempt && this.phase === 'dialing') this.#repeatOrGiveUp(this.#attempt, now);
  }

  handleJobDone(result: JobResult, now: number): void {
    const asked = this.#jobs.get(result.id);
    if (!asked) return;
    this.#jobs.delete(result.id);
    if ('error' in result) this.#resolveError = result.error;
    else {
      const found = result.addresses.slice(0, MAX_ADDRESSES - this.#targets.length);
      this.#targets.push(...found);
      this.#untried.push(...found);
    }
    if (this.phase === 'resolving') this.#next(now);
  }

  /** Whether this is the nonce of the Init that is under way. */
  owns(nonce: Uint8Array): boolean {
    return this.#attemptOf(nonce) !== undefined;
  }

  handleAccept(accept: AcceptMessage, now: number): void {
    const attempt = this.#attemptOf(accept.dialerNonce);
    if (!attempt) return;
    if (accept.id !== this.peer) return this.#giveUp('wrongId', `${formatNodeId(accept.id)} answers there`, now);
    if (accept.tags !== this.#services.tags) return this.#giveUp('otherTags', '', now);
    if (accept.role !== 'relay') return this.#giveUp('role', NO_RELAY, now);
    this.#attempt = undefined;
    this.phase = 'confirming';
    this.#services.deadlines.clear(this);
    this.#owner.accepted(this, attempt, accept, now);
  }

  handleReject({ reason, dialerNonce, version, id }: RejectMessage, now: number): void {
    if (!this.#attemptOf(dialerNonce)) return;
    if (reason === 'protocolVersion') this.#giveUp('otherVersion', `it speaks version ${version}`, now);
    else if (reason === 'wrongId') this.#giveUp('wrongId', `${formatNodeId(id)} answers there`, now);
    else if (reason === 'tags') this.#giveUp('otherTags', '', now);
    else if (reason === 'role') this.#giveUp('role', NO_RELAY, now);
    else if (reason === 'full') this.#giveUp('full', 'it has no room for another link', now);
    else if (reason === 'duplicateId') this.#giveUp('duplicateId', 'another node has our id', now);
    else this.#giveUp('noAnswer', 'rejected', now);
  }

  handleForeign({ nonce, version }: ForeignMessage, now: number): void {
    if (this.#attemptOf(nonce)) this.#giveUp('otherVersion', `it speaks version ${version}`, now);
  }

  /** An answer that nobody vouches for says that the network keys differ: noted, but the real answer may still come. */
  handleNetworkKeyHint(dialerNonce: Uint8Array, source: TransportAddress, now: number): void {
    const attempt = this.#attemptOf(dialerNonce);
    if (!attempt || !sameAddress(attempt.address, source)) return;
    attempt.hint = 'otherNetworkKey';
    this.#owner.problem(this, 'otherNetworkKey', formatAddress(source), now);
  }

  #resolve(now: number): void {
    this.phase = 'resolving';
    this.#targets = [];
    this.#untried = [];
    this.#resolveError = '';
    this.#jobs.clear();
    for (const address of this.#configured) {
      if (this.#isSeeking && address.scheme !== 'udp') continue;
      const id = this.#owner.nextJobId(this);
      this.#jobs.set(id, address);
      this.#services.outbox.push({
        kind: 'job',
        id,
        job: { kind: 'resolve', scheme: address.scheme, host: address.host, port: address.port },
      });
    }
    this.#services.deadlines.schedule(this, now + RESOLVE_MS);
  }

  /** Dials the next address; waits for the next round when none is left. */
  #next(now: number): void {
    for (;;) {
      const target = this.#takeTarget();
      if (target === undefined) break;
      if (target.scheme === 'tcp') return this.#dial(target, NO_SOCKET, now);
      const socket = this.#services.sockets.findIndex(({ family }) => family === target.family);
      if (socket >= 0) return this.#dial(target, socket, now);
      this.#owner.problem(this, 'noAnswer', `there is no listening socket of IPv${target.family} to dial from`, now);
    }
    if (this.#jobs.size > 0) {
      this.phase = 'resolving';
      this.#services.deadlines.schedule(this, now + RESOLVE_MS);
      return;
    }
    if (this.unresolved) this.#owner.problem(this, 'unresolved', this.#resolveError || 'it has no address', now);
    this.#wait(now);
  }

  /** The next address to try; undefined: none is left, or one for UDP may still come. */
  #takeTarget(): TransportAddress | undefined {
    const first = this.#untried.findIndex(({ scheme }) => scheme === 'udp');
    if (first >= 0) return this.#untried.splice(first, 1)[0];
    const awaited = [...this.#jobs.values()].some(({ scheme }) => scheme === 'udp');
    return awaited ? undefined : this.#untried.shift();
  }

  #wait(now: number): void {
    this.phase = 'waiting';
    if (!this.#isSeeking) this.#round++;
    this.#services.deadlines.schedule(this, now + (this.#isSeeking ? this.#seekBackoff : this.#backoff).next());
  }

  #dial(address: TransportAddress, socket: number, now: number): void {
    const link = this.#services.pool.take();
    if (!link) {
      this.#owner.problem(this, 'full', 'this node has no room for another link', now);
      return this.#wait(now);
    }
    this.phase = 'dialing';
    this.#attempt = {
      address,
      socket,
      nonce: this.#services.entropy(NONCE_BYTES),
      link: link.index,
      ourNumber: link.number,
      until: now + this.#patience(),
      repeatAt: now,
      repeatAfter: FIRST_REPEAT_MS,
      hint: undefined,
    };
    this.#repeatOrGiveUp(this.#attempt, now);
  }

  /**
   * A relay that returns answers thousands of leaves one after the other: whoever gives up too soon makes it answer twice, and has it answer
   * others later. So leaves have more patience, and more each round, as any retry under congestion.
   */
  #patience(): number {
    const isLeaf = this.#services.role === 'leaf';
    const [first, longest] = isLeaf ? LEAF_PATIENCE_MS : [FIRST_PATIENCE_MS, LONGEST_PATIENCE_MS];
    return Math.min(longest, first * 2 ** Math.min(this.#round, 10));
  }

  #repeatOrGiveUp(attempt: Attempt, now: number): void {
    if (now >= attempt.until) return this.#giveUp(attempt.hint ?? 'noAnswer', formatAddress(attempt.address), now);
    if (now >= attempt.repeatAt) {
      this.#sendInit(attempt);
      attempt.repeatAt = now + attempt.repeatAfter;
      attempt.repeatAfter *= 2;
    }
    this.#services.deadlines.schedule(this, Math.min(attempt.until, attempt.repeatAt));
  }

  #sendInit({ socket, address, nonce, ourNumber }: Attempt): void {
    const { self, role, bootEpoch, tags, frames, outbox } = this.#services;
    const { peer, purpose } = this;
    const frame = frames.seal(
      { kind: 'init', id: self, role, expectedId: peer, bootEpoch, nonce, linkNumber: ourNumber, tags, purpose },
      self,
      peer,
    );
    outbox.push({ kind: 'sendTo', socket, address, frame });
  }

  #giveUp(problem: LinkProblem, detail: string, now: number): void {
    this.#dropAttempt();
    this.#owner.problem(this, problem, detail, now);
    this.#next(now);
  }

  #attemptOf(nonce: Uint8Array): Attempt | undefined {
    const attempt = this.phase === 'dialing' ? this.#attempt : undefined;
    return attempt?.nonce.every((byte, index) => byte === nonce[index]) ? attempt : undefined;
  }

  #dropAttempt(): void {
    if (this.#attempt) this.#services.pool.giveBack(this.#attempt.link);
    this.#attempt = undefined;
  }
}
