import type { ForeignMessage, HandshakeMessage, ProbeMessage, ProbeReplyMessage } from '../../wire/handshake.js';
import { TokenBuckets } from '../token-buckets.js';
import { Acceptor, type Origin } from './acceptor.js';
import { Admission } from './admission.js';
import type { LinkAdvisor } from './advisor.js';
import type { Bundles } from './bundles.js';
import type { Dialer } from './dialer.js';
import type { PeerBook } from './peer-book.js';
import type { LinkServices } from './services.js';
import type { Sessions } from './sessions.js';

/** Probes that are answered, a second and saved up, from one host; hosts that are told apart. */
const PROBE_RATE = 100;
const PROBE_BURST = 200;
const PROBE_HOSTS = 256;

/** What is about sessions. */
type SessionMessage = Exclude<HandshakeMessage | ForeignMessage, ProbeMessage | ProbeReplyMessage>;

/** Opens handshake frames and hands them to whom they are for: Inits to the acceptor, answers to the dialer that has asked. */
export class Handshakes {
  readonly #services: LinkServices;
  readonly #peers: PeerBook;
  readonly #acceptor: Acceptor;
  readonly #admission: Admission;
  readonly #bundles: Bundles;
  readonly #advisor: LinkAdvisor;
  readonly #probes = new TokenBuckets<string>(PROBE_RATE, PROBE_BURST, PROBE_HOSTS);

  constructor(services: LinkServices, sessions: Sessions, peers: PeerBook, bundles: Bundles, advisor: LinkAdvisor) {
    this.#services = services;
    this.#peers = peers;
    this.#bundles = bundles;
    this.#advisor = advisor;
    this.#acceptor = new Acceptor(services, sessions, peers, bundles, advisor);
    this.#admission = new Admission(services, (init, origin, now) => this.#acceptor.handleInit(init, origin, now));
  }

  /** Nobody is let in any more. */
  close(): void {
    this.#admission.close();
  }

  handleFrame(frame: Uint8Array, origin: Origin, receivedAt: number, now: number): void {
    const opened = this.#services.frames.open(frame);
    if (opened.kind === 'authentic') {
      const { message } = opened;
      if (message.kind === 'probe') this.#answer(message, origin, now);
      else if (message.kind === 'probeReply') this.#advisor.handleProbeReply(message, receivedAt, now);
      else this.#dispatch(message, origin, now);
      return;
    }
    this.#services.outbox.count('handshakesRefused');
    if (opened.kind === 'otherNetwork') this.#otherNetwork(opened.message, origin, now);
  }

  /** Tells a node that asks that this one is there. A leaf takes nobody in, so nobody needs to find it. */
  #answer({ id, nonce }: ProbeMessage, { source, socket }: Origin, now: number): void {
    const { self, role, frames, outbox } = this.#services;
    if (role === 'leaf' || id === self) return;
    if (!this.#probes.take(source.host, now)) return outbox.count('probesLimited');
    const frame = frames.seal({ kind: 'probeReply', id: self, nonce }, self, id);
    outbox.push({ kind: 'sendTo', socket, address: source, frame });
  }

  #dispatch(message: SessionMessage, origin: Origin, now: number): void {
    if (message.kind === 'init') this.#admission.handleInit(message, origin, now);
    else if (this.#isForMember(message, now)) return;
    else if (message.kind === 'accept') this.#dialerOf(message.dialerNonce)?.handleAccept(message, now);
    else if (message.kind === 'reject') this.#dialerOf(message.dialerNonce)?.handleReject(message, now);
    else if (message.message === 'init') this.#acceptor.handleForeign(message, origin, now);
    else this.#dialerOf(message.nonce)?.handleForeign(message, now);
  }

  /** Hands an answer to the dialer of a bundle's member that has asked; false: none has. */
  #isForMember(message: Exclude<SessionMessage, { kind: 'init' }>, now: number): boolean {
    const dialer = this.#bundles.dialerOf(message.kind === 'foreign' ? message.nonce : message.dialerNonce);
    if (!dialer) return false;
    if (message.kind === 'accept') dialer.handleAccept(message, now);
    else dialer.handleRefusal(now);
    return true;
  }

  /** Nothing in it is to be believed, but people want to know that two nodes try to talk under different keys. */
  #otherNetwork(message: HandshakeMessage | ForeignMessage, origin: Origin, now: number): void {
    const isInit = message.kind === 'init' || (message.kind === 'foreign' && message.message === 'init');
    if (isInit) this.#acceptor.handleOtherNetwork(message, origin, now);
    else if (message.kind === 'reject' && message.reason === 'networkKey')
      this.#dialerOf(message.dialerNonce)?.handleNetworkKeyHint(message.dialerNonce, origin.source, now);
  }

  #dialerOf(nonce: Uint8Array): Dialer | undefined {
    for (const { dialer } of this.#peers.all()) if (dialer?.owns(nonce)) return dialer;
    return undefined;
  }
}
