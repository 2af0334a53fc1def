import type { NodeId } from '../../kit/node-id.js';
import { MAX_NEIGHBOUR_ADDRESSES, type NodeAddress } from '../../wire/neighbours.js';
import { sameAddress } from '../links/services.js';
import { bucketOf } from './ring.js';

/** Nodes that are known at most; and in one bucket, before others have to give way. */
export const MAX_CANDIDATES = 1024;
/** A node of which nobody has heard for so long is forgotten, ms. */
const FORGET_MS = 60 * 60_000;
/** A node that has failed so often in a row is taken for dead: it is asked now and then whether it is back. */
const DEAD_AFTER = 3;
/** The pause after a failure, doubled with each up to the longest, ms. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 120_000;
/** Of a new measurement so much counts, against those before. */
const RTT_GAIN = 0.25;

/** A node that may be linked with. */
export interface Candidate {
  readonly id: NodeId;
  /** The likeliest first. */
  addresses: readonly NodeAddress[];
  /** When somebody last heard of it, as far as we know. */
  seenAt: number;
  /** Smoothed round-trip time, ms, and of how many probes. */
  rtt: number | undefined;
  samples: number;
  /** When it was last probed; -Infinity: never. */
  probedAt: number;
  /** Probes and dials in a row that came to nothing. */
  failures: number;
  /** Not dialed before this time. */
  restUntil: number;
}

/** The nodes that a node knows of, bounded: where the book is full, the fullest bucket loses the one that was not heard of for longest. */
export class CandidateBook {
  readonly #candidates = new Map<NodeId, Candidate>();
  readonly #self: NodeId;

  constructor(self: NodeId) {
    this.#self = self;
  }

  get size(): number {
    return this.#candidates.size;
  }

  find(id: NodeId): Candidate | undefined {
    return this.#candidates.get(id);
  }

  all(): IterableIterator<Candidate> {
    return this.#candidates.values();
  }

  /** Somebody was heard of at `seenAt`. Returns whether it was not known. */
  hear(id: NodeId, addresses: readonly NodeAddress[], seenAt: number, now: number): boolean {
    if (id === this.#self || now - seenAt > FORGET_MS) return false;
    const known = this.#candidates.get(id);
    if (known) {
      const isNews = seenAt > known.seenAt;
      known.addresses = merged(isNews ? addresses : known.addresses, isNews ? known.addresses : addresses);
      known.seenAt = Math.max(known.seenAt, seenAt);
      return false;
    }
    if (this.#candidates.size >= MAX_CANDIDATES) this.#dropOne();
    this.#candidates.set(id, {
      id,
      addresses: merged(addresses, []),
      seenAt,
      rtt: undefined,
      samples: 0,
      probedAt: -Infinity,
      failures: 0,
      restUntil: -Infinity,
    });
    return true;
  }

  /** It has answered. */
  measured(candidate: Candidate, rtt: number, now: number): void {
    candidate.rtt = candidate.rtt === undefined ? rtt : candidate.rtt + RTT_GAIN * (rtt - candidate.rtt);
    candidate.samples++;
    this.alive(candidate, now);
  }

  alive(candidate: Candidate, now: number): void {
    candidate.seenAt = now;
    candidate.failures = 0;
    candidate.restUntil = -Infinity;
  }

  /** A probe or a dial came to nothing. */
  failed(candidate: Candidate, now: number): void {
    candidate.failures++;
    this.rest(candidate, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(candidate.failures, 10)), now);
  }

  /** It is not to be dialed for a while, ms. */
  rest(candidate: Candidate, pause: number, now: number): void {
    candidate.restUntil = Math.max(candidate.restUntil, now + pause);
  }

  /** Forgets those of which nobody has heard for long. */
  forget(now: number): void {
    for (const { id, seenAt } of this.#candidates.values()) if (now - seenAt > FORGET_MS) this.#candidates.delete(id);
  }

  #dropOne(): void {
    const buckets = new Map<number, Candidate[]>();
    let fullest: Candidate[] = [];
    for (const candidate of this.#candidates.values()) {
      const bit = bucketOf(this.#self, candidate.id);
      const bucket = buckets.get(bit) ?? [];
      bucket.push(candidate);
      buckets.set(bit, bucket);
      if (bucket.length > fullest.length) fullest = bucket;
    }
    let oldest = fullest[0];
    for (const candidate of fullest) if (oldest === undefined || candidate.seenAt < oldest.seenAt) oldest = candidate;
    if (oldest) this.#candidates.delete(oldest.id);
  }
}

export const isDead = ({ failures }: Candidate): boolean => failures >= DEAD_AFTER;

/** Each address once, the first ones first. */
function merged(first: readonly NodeAddress[], then: readonly NodeAddress[]): NodeAddress[] {
  const all: NodeAddress[] = [];
  for (const address of [...first, ...then])
    if (all.length < MAX_NEIGHBOUR_ADDRESSES && !all.some((other) => sameAddress(other, address))) all.push(address);
  return all;
}
