import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import { shuffled } from '../../kit/shuffled.js';
import { encodeControl } from '../../wire/control.js';
import {
  type ListenClaim,
  MAX_NEIGHBOUR_ADDRESSES,
  MAX_NEIGHBOURS,
  type Neighbour,
  type NeighbourAnswer,
  type NeighbourRequest,
  type NodeAddress,
} from '../../wire/neighbours.js';
import { BASE_MTU, HEADERS_BYTES } from '../../wire/network-header.js';
import { TokenBuckets } from '../token-buckets.js';
import type { CandidateBook } from './candidate-book.js';
import type { LinkedPeer, LinkedPeers } from './linked.js';
import { bucketOf, nextOnRing, previousOnRing, ZONES } from './ring.js';

/** Requests that are answered, and answers that are read: a second and neighbour, and saved up. */
const RATE = 1;
const BURST = 8;
/** Nodes of which nobody has heard for so long are not told of, ms. */
const TELL_MS = 5 * 60_000;
/** On each ring so many that follow the asker are told, so that it still has one when the first dies. */
const SUCCESSORS = 2;
/** A bucket holds enough when so many of its nodes are known. */
const ENOUGH_OF_BUCKET = 3;
/** An answer fits a frame that any link carries. */
const MAX_ANSWER_BYTES = BASE_MTU - HEADERS_BYTES;

/** What a node tells its neighbours of others, and learns from them. */
export class NeighbourExchange {
  readonly #self: NodeId;
  readonly #book: CandidateBook;
  readonly #linked: LinkedPeers;
  readonly #random: () => number;
  readonly #requests = new TokenBuckets<NodeId>(RATE, BURST, 4096);
  readonly #answers = new TokenBuckets<NodeId>(RATE, BURST, 4096);

  constructor(self: NodeId, book: CandidateBook, linked: LinkedPeers, random: () => number) {
    this.#self = self;
    this.#book = book;
    this.#linked = linked;
    this.#random = random;
  }

  /** What to ask: for all buckets of which few nodes are known. */
  request(listens: readonly ListenClaim[]): NeighbourRequest {
    const known = new Uint8Array(32);
    for (const { id } of this.#book.all()) {
      const bit = bucketOf(this.#self, id);
      known[bit] = Math.min(ENOUGH_OF_BUCKET, (known[bit] as number) + 1);
    }
    let wantedBits = 0;
    for (const [bit, count] of known.entries()) if (count < ENOUGH_OF_BUCKET) wantedBits |= 1 << bit;
    return { wantedBits: wantedBits >>> 0, listens };
  }

  /** The answer to a neighbour's request; undefined: it has asked too often. */
  answer(asker: LinkedPeer, request: NeighbourRequest, now: number): NeighbourAnswer | undefined {
    if (!this.#requests.take(asker.id, now)) return undefined;
    this.#learnListens(asker, request, now);
    const known = this.#tellable(now).filter(({ id }) => id !== asker.id);
    const chosen = new Map<NodeId, Neighbour>();
    const add = (neighbour: Neighbour | undefined) => {
      if (neighbour && chosen.size < MAX_NEIGHBOURS) chosen.set(neighbour.id, neighbour);
    };
    for (const shared of ZONES) {
      let after = asker.id;
      for (let i = 0; i < SUCCESSORS; i++) {
        const next = nextOnRing(known, after, shared);
        // Around the whole ring, or out of the asker's zone by way of this node's.
        if (next === undefined || sharedBytes(next.id, asker.id) < shared) break;
        add(next);
        after = next.id;
      }
      const previous = previousOnRing(known, asker.id, shared);
      if (previous) add(previous);
    }
    const order = shuffled(known, this.#random);
    const met = new Set<number>();
    for (const neighbour of order) {
      const bit = bucketOf(asker.id, neighbour.id);
      if (((request.wantedBits >>> bit) & 1) === 0 || met.has(bit)) continue;
      met.add(bit);
      add(neighbour);
    }
    for (const neighbour of order) add(neighbour);
    return fitting([...chosen.values()]);
  }

  /** Reads what a neighbour tells. Returns how many nodes are new; undefined: it has told too often. */
  learn(teller: NodeId, { neighbours }: NeighbourAnswer, now: number): number | undefined {
    if (!this.#answers.take(teller, now)) return undefined;
    let news = 0;
    for (const { id, addresses, ageSeconds } of neighbours)
      if (this.#book.hear(id, addresses, now - 1000 * ageSeconds, now)) news++;
    return news;
  }

  /**
   * A new neighbour: those whose ring successor is this node, and to whom the newcomer is nearer, are to hear of it, so that the ring closes. To whom to tell what.
   */
  advice(newcomer: LinkedPeer): { readonly to: LinkedPeer; readonly answer: NeighbourAnswer }[] {
    const { address } = newcomer;
    if (address === undefined) return [];
    const others = this.#linked.all().filter(({ id }) => id !== newcomer.id);
    const told = new Set<LinkedPeer>();
    for (const shared of ZONES) {
      if (sharedBytes(this.#self, newcomer.id) < shared) continue;
      const before = previousOnRing(others, this.#self, shared);
      const isBetween = before !== undefined && previousOnRing([before, newcomer], this.#self, shared) === newcomer;
      if (isBetween) told.add(before);
    }
    const answer = { neighbours: [{ id: newcomer.id, addresses: [address], ageSeconds: 0 }] };
    return [...told].map((to) => ({ to, answer }));
  }

  /** Where the asker listens, beside where it was seen. */
  #learnListens(asker: LinkedPeer, { listens }: NeighbourRequest, now: number): void {
    const seen = asker.seenAt;
    const addresses = listens.map((claim): NodeAddress => {
      if ('host' in claim) return claim;
      return { scheme: claim.scheme, family: seen.family, host: seen.host, port: claim.port };
    });
    const first = asker.address ? [asker.address] : [];
    this.#book.hear(asker.id, [...first, ...addresses], now, now);
  }

  /** Those of which it is known where they are, and that they were there not long ago. */
  #tellable(now: number): Neighbour[] {
    const told: Neighbour[] = [];
    for (const { id, addresses, seenAt, failures } of this.#book.all()) {
      const isLinked = this.#linked.find(id) !== undefined;
      if (addresses.length === 0 || (!isLinked && (failures > 0 || now - seenAt > TELL_MS))) continue;
      const ageSeconds = isLinked ? 0 : Math.max(0, Math.ceil((now - seenAt) / 1000));
      told.push({ id, addresses: addresses.slice(0, MAX_NEIGHBOUR_ADDRESSES), ageSeconds });
    }
    return told;
  }
}

/** As many of the first as fit a frame. */
function fitting(neighbours: readonly Neighbour[]): NeighbourAnswer {
  let answer: NeighbourAnswer = { neighbours };
  while (encodeControl({ kind: 'neighbourAnswer', answer }).byteLength > MAX_ANSWER_BYTES)
    answer = { neighbours: answer.neighbours.slice(0, -1) };
  return answer;
}
