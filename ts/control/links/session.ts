import type { NodeId } from '../../kit/node-id.js';
import { type ControlMessage, encodeControl, type GoodbyeReason } from '../../wire/control.js';
import { HELLO_FRAME_BYTES, type Hello, IDLE_INTERVAL } from '../../wire/hello.js';
import { FrameType } from '../../wire/link-header.js';
import { HEADERS_BYTES } from '../../wire/network-header.js';
import type { LinkObservation } from '../io.js';
import type { Timer } from '../timer-queue.js';
import { DataExpectation } from './expectation.js';
import { HelloExchange } from './hello-exchange.js';
import { HELLO_GAP, nextHelloAt } from './hello-ticks.js';
import { HelloGaps } from './lateness.js';
import { LinkBandwidth } from './link-bandwidth.js';
import { LinkMtu } from './link-mtu.js';
import { DATA_MEMORY_MS, FAST_INTERVAL, LEAF_IDLE_INTERVAL, Liveness } from './liveness.js';
import { Questions, SUSPECT_INTERVAL } from './questions.js';
import type { LinkServices } from './services.js';
import type { HeldMessage, SessionOwner, SessionTerms } from './session.types.js';

export type { SessionOwner, SessionTerms } from './session.types.js';

/** A session that is not established within this time is given up. */
export const PENDING_MS = 3_000;

/** Hellos before the first round-trip time is known: at once, then after 20, 40, 80 ... ms; and a few more to make it firm. */
const QUICK_INTERVAL = 20;
const QUICK_HELLOS = 3;

/** How often a leaf looks whether its links carry data, which its next hello may be seconds too late for. */
const LEAF_LOOK_MS = 500;
/** A leaf whose hello is not answered asks again after this time, ms, then after twice as long; in four times as long more its relay is gone. */
const LEAF_RETRY_MS = 1_000;
const LEAF_RETRIES = 2;
/** A relay sends a leaf that it hears regularly a hello of its own only this often, to know the round-trip time. */
const LEAF_MEASURE_MS = 60_000;

/** Control messages that come before the first round-trip time is known are kept, up to this many. */
const MAX_HELD = 16;

/** Of a link that is being installed there is nothing to observe yet. */
const UNSEEN: LinkObservation = {
  up: false,
  rxFrames: 0,
  txFrames: 0,
  rxHighest: 0,
  lastHeard: 0,
  lastData: 0,
  mtu: 0,
};

/**
 * One session with a peer:
 *
 * ```
 * installed ── first authenticated frame ──> established ── first round-trip time ──> ready ──> over
 *     └── 3 s ──> over                            └── silence, one-way loss, goodbye, replaced ────┘
 * ```
 * Only a ready session carries data and routes. Nothing leaves `over`.
 */
export class Session implements Timer {
  due = Infinity;
  place = -1;
  phase: 'installed' | 'established' | 'ready' | 'over' = 'installed';
  establishedAt = 0;
  /** Another session of the peer has taken its place, and it ends soon. */
  isLeft = false;
  readonly terms: SessionTerms;
  readonly liveness: Liveness;
  readonly hellos = new HelloExchange();
  readonly mtu: LinkMtu;
  readonly bandwidth: LinkBandwidth;
  readonly #services: LinkServices;
  readonly #owner: SessionOwner;
  readonly #installedAt: number;
  readonly #expectation = new DataExpectation();
  readonly #questions = new Questions();
  readonly #gaps: HelloGaps;
  #lastHello = -Infinity;
  #nextHello = Infinity;
  #quickSent = 0;
  /** Frames that had been sent when a hello was last due. */
  #sentBefore = 0;
  /** A leaf's hellos in a row after which nothing came. */
  #retries = 0;
  #timing = '';
  /** Control messages that wait until the session is ready. */
  #held: HeldMessage[] = [];

  constructor(terms: SessionTerms, services: LinkServices, owner: SessionOwner, now: number) {
    this.terms = terms;
    this.#services = services;
    this.#owner = owner;
    this.#installedAt = now;
    this.liveness = new Liveness(this.#idleInterval, this.#isStream);
    this.#gaps = new HelloGaps(services.lateness.of(terms.peer));
    this.mtu = new LinkMtu(terms, services, this.hellos, this);
    this.bandwidth = new LinkBandwidth(terms, services, this.hellos, this);
    const { link, peer, ourNumber, peerNumber, socket, address, rxKey, txKey, bundleOf = 0 } = terms;
    const { tags, outbox } = services;
    const { mtu } = this.mtu;
    const entry = { link, peer, ourNumber, peerNumber, socket, address, rxKey, txKey, mtu, tags, bundleOf };
    outbox.push({ kind: 'linkInstall', ...entry });
    // The listener keeps silent until the dialer has proved that it has the keys.
    if (terms.weDialed) this.sendHello(now, UNSEEN);
    else this.#schedule(now);
  }

  /** The node that dialed: of two sessions that were opened at once, the one of the smaller id stays. */
  get dialer(): NodeId {
    return this.terms.weDialed ? this.#services.self : this.terms.peer;
  }

  /** When the peer was last heard; a stall of our own does not count as its silence. */
  lastHeard(seen: LinkObservation = this.observe()): number {
    return Math.max(seen.lastHeard, this.establishedAt, this.#services.wake.since);
  }

  /** Whether the peer was heard within its detection time. */
  isAlive(now: number): boolean {
    return this.phase !== 'over' && now < this.lastHeard() + this.liveness.silence;
  }

  observe(): LinkObservation {
    return this.#services.observer.observe(this.terms.link);
  }

  /** Whether a worker has taken frames under its keys: their copies are on their way here. (Of a new session the table knows nothing yet.) */
  isProven(now: number): boolean {
    return now > this.#installedAt && this.observe().rxFrames > 0;
  }

  /** An authenticated frame came by this session. */
  proven(now: number): void {
    if (this.phase !== 'installed') return;
    this.phase = 'established';
    this.establishedAt = now;
    this.hellos.start(now);
    this.#owner.established(this, now);
    if (this.isOver()) return;
    this.#publishTiming();
    if (!this.terms.weDialed) this.sendHello(now);
    this.#schedule(now);
  }

  handleHello(hello: Hello, receivedAt: number, now: number): void {
    if (this.hellos.hearReport(hello, receivedAt) > 0) this.mtu.suspect(now);
    if (hello.reply) return this.#handleReply(hello, receivedAt, now);
    const { heard, announced, confirmed } = this.liveness;
    if (!this.liveness.hear(hello)) return;
    this.liveness.bear(this.#gaps.hear(hello, receivedAt));
    this.hellos.hearExcuse(hello);
    if (this.hellos.notArriving(hello, this.liveness, receivedAt)) {
      this.#owner.lost(this, 'oneWay', now);
      return;
    }
    // What made the peer hurry is perhaps still on its way.
    if (this.liveness.heard < heard) this.#expectation.begin(now);
    this.#chooseInterval(now);
    if (this.isOver()) return;
    this.#publishTiming();
    const isChange = heard !== this.liveness.heard || announced !== this.liveness.announced;
    // That an interval is confirmed is what the peer waits for to count with it.
    if (isChange || (!confirmed && this.liveness.confirmed))
      this.#nextHello = Math.min(this.#nextHello, this.#lastHello + HELLO_GAP);
    if (now >= this.#nextHello) this.sendHello(now);
    else this.#schedule(now);
  }

  /** Packets are led to it from here on: it may have to notice soon that its peer is gone. */
  expectData(now: number): void {
    if (this.phase !== 'ready' || this.liveness.announced === FAST_INTERVAL) return;
    this.#expectation.begin(now);
    this.#schedule(now);
  }

  /** Somebody has lost the peer: is it still there? An idle link would be told only by three hellos that do not come. */
  suspect(now: number): void {
    if (this.phase !== 'ready' || this.#isStream || this.isOfLeaf) return;
    if (this.#questions.suspect(now)) this.sendHello(now);
  }

  /** Looks whether it carries data, and sends hellos accordingly. */
  look(now: number): void {
    if (this.phase !== 'ready') return;
    const { announced } = this.liveness;
    this.#chooseInterval(now);
    if (this.liveness.announced !== announced) this.sendHello(now);
    else this.#schedule(now);
  }

  handleTimeout(now: number): void {
    if (this.isOver()) return;
    if (this.phase === 'installed' && now >= this.#installedAt + PENDING_MS) {
      if (this.isProven(now)) this.proven(now);
      else this.#owner.lost(this, 'noAnswer', now);
      if (this.isOver()) return;
    }
    if (this.phase !== 'installed') {
      const seen = this.observe();
      const silent = now >= this.#patienceEnds(seen);
      if (silent || (this.phase === 'ready' && !seen.up)) {
        // A worker that takes a link down before it was silent for long has seen its connection end.
        const isCut = !silent && this.#isStream;
        this.#owner.lost(this, isCut ? 'disconnected' : 'silent', now);
        return;
      }
      this.mtu.observe(seen.mtu, now);
      if (this.#services.role === 'leaf' && this.phase === 'ready') this.#askAgain(seen, now);
      if (this.isOver()) return;
    }
    const { announced } = this.liveness;
    const isLook = now >= this.#expectation.next;
    if (now >= this.#nextHello || isLook || this.#services.role === 'leaf') this.#chooseInterval(now);
    if (isLook && this.liveness.announced === announced) this.#expectation.looked(now);
    if (this.liveness.announced !== announced) this.sendHello(now);
    else if (now < this.#nextHello) this.#schedule(now);
    else if (this.#needsNoHello(now)) this.#passHello();
    else this.#sendDueHello(now);
  }

  sendHello(now: number, seen: LinkObservation = this.observe(), quiet = false): void {
    const payload = this.hellos.write(this.liveness, seen, now, quiet);
    this.#send(FrameType.Hello, payload);
    if (!quiet) this.#questions.asked(now, this.lastHeard(seen));
    this.#lastHello = now;
    this.#sentBefore = seen.txFrames + 1; // this one
    this.#nextHello = this.#afterHello(now);
    this.#publishTiming();
    this.#schedule(now);
    if (this.phase === 'ready') this.bandwidth.afterHello(this.mtu.mtu, this.liveness.announced === FAST_INTERVAL, now);
  }

  /** A hello of `size` bytes of frame, which may be lost, then an ordinary one behind it. Returns the sequence of the first. */
  sendProbe(size: number, now: number): number {
    const seen = this.observe();
    this.#send(FrameType.Hello, this.hellos.writeProbe(size - HEADERS_BYTES, this.liveness, seen, now));
    const { sequence } = this.hellos;
    this.sendHello(now, seen);
    return sequence;
  }

  /** Addresses or routes of the machine have changed: is the peer still there, and what does the way carry now? */
  networkChanged(now: number): void {
    this.sendHello(now);
    this.mtu.restart(now);
  }

  sendControl(message: ControlMessage): void {
    this.#send(FrameType.Control, encodeControl(message));
  }

  /** Keeps a control message until the session is ready; beyond {@link MAX_HELD} they are dropped, and the peer sends them again. */
  hold(message: HeldMessage): void {
    if (this.#held.length < MAX_HELD) this.#held.push(message);
  }

  takeHeld(): HeldMessage[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  /** Ends it, and tells the peer if there is a reason to tell. */
  end(goodbye: GoodbyeReason | undefined): void {
    if (this.isOver()) return;
    if (goodbye !== undefined) this.sendControl({ kind: 'goodbye', reason: goodbye });
    this.phase = 'over';
    this.#held = [];
    this.#services.deadlines.clear(this);
    this.mtu.stop();
    this.#services.outbox.push({ kind: 'linkRetire', link: this.terms.link });
  }

  /** (A method, because the owner's calls may have changed the phase behind the compiler's back.) */
  isOver(): boolean {
    return this.phase === 'over';
  }

  #handleReply(hello: Hello, receivedAt: number, now: number): void {
    if (hello.size > HELLO_FRAME_BYTES) return this.mtu.acknowledged(hello.sequence, hello.size, now);
    if (!this.hellos.hearReply(hello, receivedAt)) return;
    this.#measured(now);
    this.mtu.alive(hello.sequence, now);
  }

  #measured(now: number): void {
    if (this.phase === 'ready') {
      this.#owner.rttChanged(this, now);
      return;
    }
    this.phase = 'ready';
    this.#quickSent = 0;
    this.bandwidth.start(now);
    this.#owner.ready(this, now);
    if (!this.isOver()) this.mtu.start(now);
  }

  #chooseInterval(now: number): void {
    const { lastData } = this.observe();
    const carriesData = lastData > 0 && now - lastData < DATA_MEMORY_MS;
    const wasIdle = this.liveness.announced !== FAST_INTERVAL;
    this.liveness.want(carriesData ? FAST_INTERVAL : this.#idleInterval);
    if (!carriesData) return;
    this.#expectation.end();
    if (wasIdle && this.phase === 'ready') this.#owner.busy(this, now);
  }

  get #idleInterval(): number {
    return this.isOfLeaf ? LEAF_IDLE_INTERVAL : IDLE_INTERVAL;
  }

  get #isStream(): boolean {
    return this.terms.address.scheme === 'tcp';
  }

  /** One of its ends is a leaf. */
  get isOfLeaf(): boolean {
    return this.#services.role === 'leaf' || this.terms.peerRole === 'leaf';
  }

  /** When the peer is taken for gone if nothing comes from it until then. (What a stream loses is only late, and may be later than any answer.) */
  #patienceEnds(seen: LinkObservation = this.observe()): number {
    const heard = this.lastHeard(seen);
    const silence = heard + this.liveness.silence;
    if (this.phase !== 'ready' || this.isOfLeaf || this.#isStream) return silence;
    return Math.min(silence, this.#questions.limit(heard, this.liveness, this.hellos.rtt));
  }

  /**
   * An idle leaf asks, and a worker has answered since the last look: that shows it that this end lives, and this end that the leaf does. So a
   * relay with thousands of leaves sends hardly a hello of its own, and looks at each only when that one may have fallen silent.
   */
  #needsNoHello(now: number): boolean {
    const { announced, sending } = this.liveness;
    if (this.terms.peerRole !== 'leaf' || this.phase !== 'ready' || this.#quickSent < QUICK_HELLOS) return false;
    if (announced !== sending || sending !== this.#idleInterval) return false;
    return now - this.#lastHello < LEAF_MEASURE_MS && this.observe().txFrames > this.#sentBefore;
  }

  /**
   * An idle leaf asks so seldom that three of its intervals are long. But it knows that it has asked, and a relay answers at once: so what counts for
   * it is the silence after a question.
   */
  #askAgain(seen: LinkObservation, now: number): void {
    if (this.lastHeard(seen) >= this.#lastHello) this.#retries = 0;
    else if (now >= this.#lastHello + LEAF_RETRY_MS * 2 ** this.#retries) {
      if (this.#retries === LEAF_RETRIES) return this.#owner.lost(this, 'silent', now);
      this.#retries++;
      this.sendHello(now, seen);
    }
  }

  /** (Over a stream, windows live on answers.) */
  #sendDueHello(now: number): void {
    const heard = this.lastHeard();
    const mustAsk = this.#isStream || this.#questions.isSuspected(heard, this.hellos.rtt);
    this.sendHello(now, this.observe(), !mustAsk && this.hellos.canBeQuiet(this.liveness, heard, now));
  }

  #passHello(): void {
    const seen = this.observe();
    this.#sentBefore = seen.txFrames;
    this.#nextHello = Math.min(this.#lastHello + LEAF_MEASURE_MS, this.lastHeard(seen) + this.liveness.silence);
    this.#services.deadlines.schedule(this, this.#nextHello);
  }

  /** When the hello after one that leaves `now` is due: never later than the interval says. */
  #afterHello(now: number): number {
    if (this.phase !== 'ready') return now + Math.min(this.#idleInterval, QUICK_INTERVAL * 2 ** this.#quickSent++);
    if (this.#quickSent++ < QUICK_HELLOS) return now + QUICK_INTERVAL;
    if (this.#questions.isSuspected(this.lastHeard(), this.hellos.rtt)) return now + SUSPECT_INTERVAL;
    return nextHelloAt(now, this.liveness.sending, this.#services);
  }

  /** The next hello, the end of patience with silence, or of the time to get established: whatever comes first. */
  #schedule(now: number): void {
    if (this.isOver()) return;
    const limit = this.phase === 'installed' ? this.#installedAt + PENDING_MS : this.#patienceEnds();
    // With an interval that was shortened meanwhile, the next hello comes sooner than planned.
    if (this.phase === 'ready') this.#nextHello = Math.min(this.#nextHello, now + this.liveness.sending);
    const look = this.#services.role === 'leaf' ? now + LEAF_LOOK_MS : Infinity;
    this.#services.deadlines.schedule(this, Math.min(this.#nextHello, limit, look, this.#expectation.next));
  }

  #publishTiming(): void {
    if (this.phase === 'installed') return;
    const { silence, announced: ownInterval, heard: heardInterval } = this.liveness;
    const timing = `${silence} ${ownInterval} ${heardInterval}`;
    if (timing === this.#timing) return;
    this.#timing = timing;
    this.#services.outbox.push({ kind: 'linkTiming', link: this.terms.link, silence, ownInterval, heardInterval });
  }

  #send(type: FrameType, payload: Uint8Array): void {
    this.#services.outbox.push({ kind: 'send', link: this.terms.link, type, payload });
  }
}
