/**
 * Route queries of one node: "is there a path to D that keeps to these limits?", asked along the neighbours that promise most, answered with an
 * explicit path (docs/routing.md, Q1 to Q7). A pure state machine. A query may also follow the tables, to measure what they do with packets (Q6).
 *
 * ```
 *   ask ─────────────┐                                     ┌──> a query a branch, to the best two neighbours
 *   query from a link┴─> seen? cached? ──> visit ──────────┤
 *   answer, refusal ─────────────────────> its visit ──────┴──> answer or refusal, to where the query came from
 * ```
 * Messages may be lost: a visit waits as long as its patience lasts, which is shorter at each hop, so that a refusal for want of an answer still
 * comes in time. A query costs at most twice its tokens in messages.
 */
import type { NodeId } from '../../kit/node-id.js';
import type { QueryMessage } from '../../wire/control.js';
import { MAX_NEIGHBOUR_ADDRESSES, type NodeAddress } from '../../wire/neighbours.js';
import {
  MAX_FOLLOWED_HOPS,
  MAX_HOPS,
  type PathMeasure,
  type RefusalReason,
  type RouteAnswer,
  type RouteQuery,
  type RouteRefusal,
  type SearchLimits,
  type Shortfall,
} from '../../wire/route-query.js';
import { TimerQueue } from '../timer-queue.js';
import { TokenBuckets } from '../token-buckets.js';
import { type Choice, chooseCandidates, type QueryLink, tablesChoice } from './candidates.js';
import { broken, joined, NOWHERE, rank, rest, valueOf } from './limits.js';
import { PathCache } from './path-cache.js';
import { SeenQueries } from './seen.js';
import { Visit, type VisitTerms } from './visit.js';

/**
 * A search is tried twice: closely along what is expected, which finds most of it for few messages; then farther off, for what neighbours say of other zones are means. Tokens: what a
 * query may cost, and an answer or a refusal to each message.
 */
const ATTEMPTS = [
  { slackPercent: 15, tokens: 128 },
  { slackPercent: 50, tokens: 192 },
] as const;
/** How long the source of a query waits, ms. */
const PATIENCE_MS = 3_000;
/** Kept back at each hop for the way of the answer, beside the link's own round trip, ms. */
const HOP_RESERVE_MS = 20;
/** Visits at a time, of all sources. */
const MAX_VISITS = 4096;
/** Queries a second that one neighbour may send, and saved up. */
const NEIGHBOUR_RATE = 200;
const NEIGHBOUR_BURST = 400;

/** What becomes of an own query: any number of paths, each better than the one before; or one refusal. */
export type QueryResult =
  | {
      readonly kind: 'found';
      readonly path: readonly NodeId[];
      readonly measure: PathMeasure;
      /** Where the destination can be dialed, as far as its neighbour on the path has told. */
      readonly addresses?: readonly NodeAddress[];
    }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly best: Shortfall | undefined };

/**
 * What may be answered from memory. `answers`: whoever asks has a pace of his own, and wants to know whether a refusal still stands; `none`: nor is what other nodes
 * remember good enough, for it is to be compared with what is measured now.
 */
export type Memory = 'all' | 'answers' | 'none';

export interface QueriesHost {
  readonly self: NodeId;
  /** The live links to neighbours that carry transit, and what they say of a destination. */
  links(destination: NodeId): Iterable<QueryLink>;
  /** Where packets of a class to a destination that is no leaf of this node go from here; undefined: nowhere. */
  next(destination: NodeId, trafficClass: number): Omit<QueryLink, 'rest'> | undefined;
  /** The link to a leaf of this node. */
  leaf(id: NodeId): PathMeasure | undefined;
  /** The neighbour at the other end of a live link. */
  peerAt(link: number): NodeId | undefined;
  /** Where a relay that this node has a link with can be dialed. */
  addressesOf(neighbour: NodeId): readonly NodeAddress[];
  send(link: number, message: QueryMessage): void;
  result(number: number, result: QueryResult): void;
  /** A random number of 64 bits. */
  randomId(): bigint;
}

export class RouteQueries {
  readonly #host: QueriesHost;
  readonly #seen = new SeenQueries();
  readonly #cache = new PathCache();
  readonly #visits = new Set<Visit>();
  readonly #byBranch = new Map<number, Visit>();
  readonly #deadlines = new TimerQueue<Visit>();
  readonly #neighbours = new TokenBuckets<number>(NEIGHBOUR_RATE, NEIGHBOUR_BURST, 4096);
  #lastBranch = 0;

  constructor(host: QueriesHost) {
    this.#host = host;
  }

  /** Looks for a path to another node. The results come under the number that `ask` is given, the first perhaps before it returns. */
  ask(number: number, destination: NodeId, limits: SearchLimits, now: number, memory: Memory = 'all'): void {
    const known = memory === 'none' ? undefined : this.#cache.find(destination, NOWHERE, [], limits, now);
    if (known) return this.#host.result(number, { kind: 'found', path: known.path, measure: known.measure });
    const refusal = memory === 'all' ? this.#cache.refusal(destination, limits, now) : undefined;
    if (refusal) return this.#host.result(number, { kind: 'refused', reason: 'limits', best: refusal.best });
    const what = { destination, limits, follow: undefined, fresh: memory === 'none' };
    this.#begin(number, what, now + PATIENCE_MS, 0, now);
  }

  /** Measures the way that packets to another node take by the tables of a class, now. One result: the way, or a refusal. */
  follow(number: number, destination: NodeId, trafficClass: number, now: number): void {
    const what = { destination, limits: {}, follow: trafficClass, fresh: true };
    this.#begin(number, what, now + PATIENCE_MS, 0, now);
  }

  #begin(
    number: number,
    { destination, limits, follow, fresh }: Pick<VisitTerms, 'destination' | 'limits' | 'follow' | 'fresh'>,
    until: number,
    attempt: number,
    now: number,
  ): void {
    const { self } = this.#host;
    const leaf = this.#host.leaf(destination);
    if (leaf && !broken(leaf, limits))
      return this.#host.result(number, { kind: 'found', path: [self, destination], measure: leaf });
    const id = this.#host.randomId();
    this.#seen.admit(id, NOWHERE, now);
    const { slackPercent, tokens } = ATTEMPTS[attempt] ?? ATTEMPTS[0];
    const own = { upstream: 0, branch: number, path: [self], soFar: NOWHERE };
    const terms = { id, destination, limits, follow, fresh, slackPercent, attempt, until, ...own };
    this.#visit(terms, follow === undefined ? tokens : MAX_FOLLOWED_HOPS, now);
  }

  /** A message from a live link. False: it breaks the protocol and was dropped. */
  handle(link: number, message: QueryMessage, now: number): boolean {
    switch (message.kind) {
      case 'routeQuery':
        return this.#handleQuery(link, message.query, now);
      case 'routeAnswer':
        return this.#handleAnswer(link, message.answer, now);
      default:
        return this.#handleRefusal(link, message.refusal, now);
    }
  }

  linkDown(link: number, peer: NodeId, now: number): void {
    this.#cache.forgetVia(peer);
    for (const visit of this.#visits) {
      if (visit.terms.upstream === link)
        this.#end(visit); // nobody is there to be answered
      else {
        for (const branch of visit.branches(link)) this.#giveUp(visit, branch, 0, 'late', undefined);
        this.#goOn(visit, now);
      }
    }
  }

  handleTimeout(now: number): void {
    for (let visit = this.#deadlines.pop(now); visit; visit = this.#deadlines.pop(now)) {
      for (const branch of visit.branches()) this.#giveUp(visit, branch, 0, 'late', undefined);
      this.#conclude(visit, now);
    }
  }

  nextTimeout(): number {
    return this.#deadlines.next();
  }

  /** Visits that wait for answers. */
  get open(): number {
    return this.#visits.size;
  }

  #handleQuery(link: number, query: RouteQuery, now: number): boolean {
    const { self } = this.#host;
    const { id, branch, destination, limits, follow, fresh, slackPercent, soFar, path, tokens, patienceMs } = query;
    if (path.includes(self) || path.at(-1) !== this.#host.peerAt(link)) return false;
    const refuse = (reason: RefusalReason): true => {
      this.#host.send(link, { kind: 'routeRefusal', refusal: { branch, tokens, reason, best: undefined } });
      return true;
    };
    if (broken(soFar, limits, mostHops(query))) return refuse('limits'); // the sender ought to have seen it
    if (destination === self) {
      const answer = { branch, path: [...path, self], measure: soFar, ageMs: 0, addresses: [] };
      this.#host.send(link, { kind: 'routeAnswer', answer });
      return true;
    }
    const leaf = this.#host.leaf(destination);
    if (leaf) return this.#answerForLeaf(link, query, leaf);
    if (!this.#neighbours.take(link, now) || this.#visits.size >= MAX_VISITS) return refuse('busy');
    if (follow === undefined && !this.#seen.admit(id, soFar, now)) return refuse('seen');
    const known = fresh ? undefined : this.#cache.find(destination, soFar, path, limits, now);
    if (known) {
      const { measure, ageMs } = known;
      const answer = { branch, path: [...path, ...known.path], measure: joined(soFar, measure), ageMs, addresses: [] };
      this.#host.send(link, { kind: 'routeAnswer', answer });
      return true;
    }
    const until = now + patienceMs;
    const terms = {
      id,
      destination,
      limits,
      follow,
      fresh,
      slackPercent,
      attempt: 0,
      upstream: link,
      branch,
      path: [...path, self],
      soFar,
      until,
    };
    this.#visit(terms, tokens, now);
    return true;
  }

  /** The destination takes no part in routing, and is at the other end of one of this node's links. */
  #answerForLeaf(
    link: number,
    { branch, destination, path, soFar, limits, tokens, follow }: RouteQuery,
    leaf: PathMeasure,
  ): true {
    const measure = joined(soFar, leaf);
    const problem = broken(measure, limits, mostHops({ follow }));
    if (!problem) {
      const answer = { branch, path: [...path, this.#host.self, destination], measure, ageMs: 0, addresses: [] };
      this.#host.send(link, { kind: 'routeAnswer', answer });
      return true;
    }
    const best = { limit: problem.limit, value: valueOf(measure, problem.limit), over: this.#host.self };
    this.#host.send(link, { kind: 'routeRefusal', refusal: { branch, tokens, reason: 'limits', best } });
    return true;
  }

  #visit(terms: VisitTerms, tokens: number, now: number): void {
    const visit = new Visit(terms, this.#choose(terms), tokens);
    this.#visits.add(visit);
    this.#deadlines.schedule(visit, terms.until);
    this.#goOn(visit, now);
  }

  #choose(terms: VisitTerms): Choice {
    const { destination, follow } = terms;
    if (follow !== undefined) return tablesChoice(this.#host.next(destination, follow), terms);
    return chooseCandidates(this.#host.links(destination), { self: this.#host.self, ...terms });
  }

  /** Sends the branches that may be sent now; ends the visit when there is nothing left to wait for. */
  #goOn(visit: Visit, now: number): void {
    const { id, destination, limits, follow, fresh, slackPercent, path, until } = visit.terms;
    // The first answer wins: what is out may still better it, but nothing more is spent.
    if (visit.answered === Infinity) {
      for (let asked = visit.next(); asked.length > 0; asked = visit.next()) {
        for (const { candidate, tokens } of asked) {
          const { link, linkRttMs, soFar } = candidate;
          const patienceMs = until - now - linkRttMs - HOP_RESERVE_MS;
          const branch = this.#nextBranch(visit);
          visit.sent(branch, link, tokens);
          if (patienceMs < 1) this.#giveUp(visit, branch, tokens, 'late', undefined);
          else {
            const what = { id, branch, destination, limits, follow, fresh, slackPercent };
            this.#host.send(link, { kind: 'routeQuery', query: { ...what, soFar, path, tokens, patienceMs } });
          }
        }
      }
    }
    if (visit.exhausted) this.#conclude(visit, now);
  }

  #handleAnswer(link: number, answer: RouteAnswer, now: number): boolean {
    const { branch, path, measure, ageMs } = answer;
    const visit = this.#byBranch.get(branch);
    if (!visit?.has(branch, link)) return true; // it came too late
    const { destination, limits, path: before, soFar, upstream, branch: theirs } = visit.terms;
    const isContinued =
      before.every((node, hop) => path[hop] === node) && path[before.length] === this.#host.peerAt(link);
    if (!isContinued || path.at(-1) !== destination || broken(measure, limits, mostHops(visit.terms))) return false;
    if (limits.avoid !== undefined && path.includes(limits.avoid)) return false;
    const fromHere = { path: path.slice(before.length - 1), measure: rest(measure, soFar), ageMs };
    this.#cache.remember(destination, fromHere, now);
    const rankOfAnswer = rank(measure, limits);
    if (rankOfAnswer >= visit.answered) return true;
    visit.answered = rankOfAnswer;
    // A better one is waited for as long as this path takes to and fro.
    this.#deadlines.schedule(visit, Math.min(visit.terms.until, now + measure.rttMs));
    // The destination's neighbour says where it can be dialed, for the source may want a link of its own.
    const isNext = path.length === before.length + 1;
    const addresses = isNext ? this.#host.addressesOf(destination).slice(0, MAX_NEIGHBOUR_ADDRESSES) : answer.addresses;
    if (upstream === 0) this.#host.result(theirs, { kind: 'found', path, measure, addresses });
    else this.#host.send(upstream, { kind: 'routeAnswer', answer: { ...answer, branch: theirs, addresses } });
    return true;
  }

  #handleRefusal(link: number, { branch, tokens, reason, best }: RouteRefusal, now: number): boolean {
    const visit = this.#byBranch.get(branch);
    if (!visit?.has(branch, link)) return true;
    this.#giveUp(visit, branch, tokens, reason, best);
    this.#goOn(visit, now);
    return true;
  }

  #giveUp(visit: Visit, branch: number, tokens: number, reason: RefusalReason, best: Shortfall | undefined): void {
    this.#byBranch.delete(branch);
    visit.refused(branch, tokens, reason, best);
  }

  /** Nothing more can come of the visit: says so, unless it was answered. */
  #conclude(visit: Visit, now: number): void {
    this.#end(visit);
    if (visit.answered !== Infinity) return;
    const { upstream, branch, destination, limits, until, attempt } = visit.terms;
    const { tokens, reason, best } = visit.verdict;
    if (upstream !== 0) this.#host.send(upstream, { kind: 'routeRefusal', refusal: { branch, tokens, reason, best } });
    else if (looksFarther(visit.terms, reason)) this.#begin(branch, visit.terms, until, attempt + 1, now);
    else {
      if (reason === 'limits') this.#cache.rememberRefusal(destination, limits, best, now);
      this.#host.result(branch, { kind: 'refused', reason, best });
    }
  }

  #end(visit: Visit): void {
    this.#visits.delete(visit);
    this.#deadlines.clear(visit);
    for (const branch of visit.branches()) this.#byBranch.delete(branch);
  }

  /** A number that no branch has which is out. */
  #nextBranch(visit: Visit): number {
    do this.#lastBranch = (this.#lastBranch + 1) >>> 0;
    while (this.#byBranch.has(this.#lastBranch));
    this.#byBranch.set(this.#lastBranch, visit);
    return this.#lastBranch;
  }
}

/** Whether there is another attempt after one that came to nothing: not where nobody knows a way, is too busy or has no time left. */
function looksFarther({ follow, attempt }: VisitTerms, reason: RefusalReason): boolean {
  return follow === undefined && attempt + 1 < ATTEMPTS.length && (reason === 'limits' || reason === 'tokens');
}

/** A way through tables may be longer than a path that may be pinned. */
function mostHops({ follow }: Pick<RouteQuery, 'follow'>): number {
  return follow === undefined ? MAX_HOPS : MAX_FOLLOWED_HOPS;
}
