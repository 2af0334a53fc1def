import type { NodeId } from '../../kit/node-id.js';
import type { ProbeReplyMessage } from '../../wire/handshake.js';
import { type NodeAddress } from '../../wire/neighbours.js';
import { NONCE_BYTES } from '../../wire/session-keys.js';
import type { LinkServices } from '../links/services.js';
import type { Timer } from '../timer-queue.js';
import { type Candidate, type CandidateBook, isDead } from './candidate-book.js';
import type { LinkedPeers } from './linked.js';

/** From one probe to the next, ms: at first, and later. */
const FAST_EVERY_MS = 200;
const SLOW_EVERY_MS = 2_000;
/** At first means so long, ms. */
const FAST_FOR_MS = 30_000;
/** An answer that takes longer is none, ms. */
const PATIENCE_MS = 3_000;
/** A round-trip time is measured anew after so long, ms; one that may lead to another link, soon. */
const STALE_MS = 60_000;
const CONFIRM_MS = 1_000;
/** A round-trip time is believed after so many measurements. */
export const ENOUGH_SAMPLES = 3;
/** Nodes that are taken for dead are asked this often, ms. */
const DEAD_EVERY_MS = 15_000;

export interface ProbeEvents {
  /** Somebody has answered: who it is, and where. */
  answered(id: NodeId, address: NodeAddress, rtt: number, now: number): void;
  /** Nobody has. */
  unanswered(id: NodeId | undefined, now: number): void;
}

interface Probe {
  /** Undefined: whoever is there. */
  readonly id: NodeId | undefined;
  readonly address: NodeAddress;
  readonly sentAt: number;
}

/** Measures how far nodes are that this one has no link with, a few a second: the new ones first, then the longest not measured. */
export class Prober implements Timer {
  due = Infinity;
  place = -1;
  readonly #services: LinkServices;
  readonly #book: CandidateBook;
  readonly #linked: LinkedPeers;
  readonly #events: ProbeEvents;
  readonly #underWay = new Map<string, Probe>();
  #fastUntil = -Infinity;

  constructor(services: LinkServices, book: CandidateBook, linked: LinkedPeers, events: ProbeEvents) {
    this.#services = services;
    this.#book = book;
    this.#linked = linked;
    this.#events = events;
  }

  start(now: number): void {
    this.#fastUntil = now + FAST_FOR_MS;
    this.#services.deadlines.schedule(this, now + FAST_EVERY_MS);
  }

  stop(): void {
    this.#services.deadlines.clear(this);
  }

  handleTimeout(now: number): void {
    this.#expire(now);
    const next = this.#choose(now);
    const address = next?.addresses.find((one) => this.#socketFor(one) >= 0);
    if (next) next.probedAt = now;
    if (next && address) this.probe(next.id, address, now);
    const every = now < this.#fastUntil ? FAST_EVERY_MS : SLOW_EVERY_MS;
    this.#services.deadlines.schedule(this, now + every * (0.75 + 0.5 * this.#services.random()));
  }

  /** Probes an address; `id`: who is expected there, if that is known. */
  probe(id: NodeId | undefined, address: NodeAddress, now: number): void {
    const { self, frames, outbox, entropy } = this.#services;
    const socket = this.#socketFor(address);
    if (socket < 0) return;
    const nonce = entropy(NONCE_BYTES);
    this.#underWay.set(keyOf(nonce), { id, address, sentAt: now });
    const frame = frames.seal({ kind: 'probe', id: self, nonce }, self, id ?? 0);
    outbox.push({ kind: 'sendTo', socket, address, frame });
  }

  handleReply({ id, nonce }: ProbeReplyMessage, receivedAt: number, now: number): void {
    const probe = this.#underWay.get(keyOf(nonce));
    if (!probe) return;
    this.#underWay.delete(keyOf(nonce));
    // Another node than the one that was there: the answer says nothing of that one.
    if (probe.id !== undefined && probe.id !== id) this.#events.unanswered(probe.id, now);
    this.#events.answered(id, probe.address, Math.max(0, receivedAt - probe.sentAt), now);
  }

  /** Only sockets for UDP can send without a connection; -1: there is none. */
  #socketFor({ scheme, family }: NodeAddress): number {
    return scheme === 'udp' ? this.#services.sockets.findIndex((socket) => socket.family === family) : -1;
  }

  #expire(now: number): void {
    for (const [key, { id, sentAt }] of this.#underWay) {
      if (now - sentAt < PATIENCE_MS) break; // in the order of their sending
      this.#underWay.delete(key);
      this.#events.unanswered(id, now);
    }
  }

  /** Whoever has waited longest beyond its interval; undefined: nobody is due. */
  #choose(now: number): Candidate | undefined {
    let best: Candidate | undefined;
    let longest = 0;
    for (const candidate of this.#book.all()) {
      if (this.#linked.find(candidate.id)) continue;
      const waited = now - candidate.probedAt - intervalOf(candidate);
      if (waited <= longest) continue;
      best = candidate;
      longest = waited;
    }
    return best;
  }
}

function intervalOf(candidate: Candidate): number {
  if (isDead(candidate)) return DEAD_EVERY_MS;
  if (candidate.failures > 0) return CONFIRM_MS;
  return candidate.samples < ENOUGH_SAMPLES ? CONFIRM_MS : STALE_MS;
}

function keyOf(nonce: Uint8Array): string {
  let key = '';
  for (const byte of nonce) key += String.fromCharCode(byte);
  return key;
}
