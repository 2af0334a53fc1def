/**
 * Ways round a node that has no route (docs/routing.md, R21): a zone may have been split, and the tables lead into the half in which the destination is not. The node that has to drop a packet says so to its source, which
 * looks for a path without that node and pins it until the tables work again.
 *
 * ```
 *   noRoute for an own packet ──> asking ──found──> pinning ──granted──> pinned ──15 s──> do the tables work again? ──yes──> over
 *   (a pair of destination and       │ refused          │ ended            │  ^                     │ no
 *    reporter once in 5 s)           v                  v                  │  └─────────────────────┘
 *                                   over: the next error begins anew <─────┘ it broke, or 30 s without a packet
 * ```
 */
import type { NodeId } from '../../kit/node-id.js';
import type { QueryResult } from '../query/queries.js';
import { type Timed, TimerQueue } from '../timer-queue.js';
import { TokenBuckets } from '../token-buckets.js';
import type { FlowPinNews, FlowSample, OwnPin, PathHost } from './optimiser.types.js';
import type { FoundPath } from './tended-flow.js';

/** How long it is believed that a node has no route, ms. */
const BELIEF_MS = 5_000;
const MAX_BELIEFS = 1024;
const MAX_DETOURS = 64;
const RECHECK_MS = 15_000;
const IDLE_MS = 30_000;
/** No question and no pin waits longer for its outcome, ms. */
const PATIENCE_MS = 10_000;
/** Errors about packets that were under way when the path was granted say nothing of it, ms. */
const SETTLING_MS = 1_000;
/** Searches a second, and saved up: what finds no room is begun by a later error. */
const SEARCH_RATE = 2;
const SEARCH_BURST = 8;

class Detour implements Timed {
  due = Infinity;
  place = -1;
  state: 'asking' | 'pinning' | 'pinned' = 'asking';
  /** Of the question or the pin that is out. */
  number = 0;
  question = 0;
  found: FoundPath | undefined;
  rttMs = 0;
  grantedAt = Infinity;

  constructor(
    readonly destination: NodeId,
    readonly trafficClass: number,
    /** When its last packet was seen, ms. */
    public lastAt: number,
  ) {}
}

export class Detours {
  readonly #host: PathHost;
  readonly #detours = new Map<NodeId, Detour>();
  readonly #numbers = new Map<number, Detour>();
  readonly #deadlines = new TimerQueue<Detour>();
  readonly #searches = new TokenBuckets<0>(SEARCH_RATE, SEARCH_BURST, 1);
  /** By destination and reporter: until when it is believed. In the order of their ends. */
  readonly #beliefs = new Map<string, number>();
  #last = 0;

  constructor(host: PathHost) {
    this.#host = host;
  }

  /** The node `at` has no route for a packet of ours (0: this node itself has none). */
  unreachable(destination: NodeId, trafficClass: number, at: NodeId, now: number): void {
    if (this.#host.isTaken(destination) || !this.#isNews(destination, at, now)) return;
    const known = this.#detours.get(destination);
    if (known && now - known.grantedAt < SETTLING_MS) return;
    if (known?.state === 'asking' || known?.state === 'pinning') return;
    if (!this.#searches.take(0, now)) return;
    if (known) this.#end(known);
    if (this.#detours.size >= MAX_DETOURS) return;
    const detour = new Detour(destination, trafficClass, now);
    this.#detours.set(destination, detour);
    const question = this.#question(detour, now);
    this.#host.ask(question, destination, at === 0 ? {} : { avoid: at }, now);
  }

  /** Own traffic since the last time. */
  handleFlows(samples: Iterable<FlowSample>, now: number): void {
    if (this.#detours.size === 0) return;
    for (const { destination } of samples) {
      const detour = this.#detours.get(destination);
      if (detour) detour.lastAt = now;
    }
  }

  handleResult(number: number, result: QueryResult, now: number): void {
    const detour = this.#numbers.get(number);
    if (detour?.question !== number) return;
    this.#forgetQuestion(detour);
    // Followed: whether the tables lead there again. Asked: whether there is another path.
    if (detour.state === 'pinned') {
      if (result.kind === 'found') this.#end(detour);
    } else if (result.kind === 'refused') this.#end(detour);
    else this.#pin(detour, result, now);
  }

  handlePin(number: number, news: FlowPinNews, now: number): void {
    const detour = this.#numbers.get(number);
    if (detour?.number !== number) return;
    if (news.kind === 'ended') return this.#end(detour);
    detour.rttMs = news.rttMs;
    if (detour.state === 'pinned') return;
    detour.state = 'pinned';
    detour.grantedAt = now;
    this.#deadlines.schedule(detour, now + RECHECK_MS);
  }

  has(destination: NodeId): boolean {
    return this.#detours.has(destination);
  }

  /** Somebody who has precedence pins the route to there from here on. */
  release(destination: NodeId): void {
    const detour = this.#detours.get(destination);
    if (detour) this.#end(detour);
  }

  handleTimeout(now: number): void {
    for (let detour = this.#deadlines.pop(now); detour; detour = this.#deadlines.pop(now)) {
      if (detour.state !== 'pinned' || now - detour.lastAt >= IDLE_MS) this.#end(detour);
      else {
        const question = this.#question(detour, now);
        this.#deadlines.schedule(detour, now + RECHECK_MS);
        this.#host.follow(question, detour.destination, detour.trafficClass, now);
      }
    }
  }

  nextTimeout(): number {
    return this.#deadlines.next();
  }

  pins(): OwnPin[] {
    return [...this.#detours.values()].flatMap(({ state, found, destination, trafficClass, rttMs }) => {
      if (state !== 'pinned' || !found) return [];
      const measure = { ...found.measure, rttMs };
      return [{ owner: 'detour', destination, trafficClass, path: found.path, measure, tablesRttMs: undefined }];
    });
  }

  #pin(detour: Detour, found: FoundPath, now: number): void {
    detour.state = 'pinning';
    detour.found = found;
    detour.number = ++this.#last;
    this.#numbers.set(detour.number, detour);
    this.#deadlines.schedule(detour, now + PATIENCE_MS);
    if (!this.#host.pin(detour.number, found.path, detour.trafficClass, now)) this.#end(detour);
  }

  #end(detour: Detour): void {
    this.#detours.delete(detour.destination);
    this.#deadlines.clear(detour);
    this.#forgetQuestion(detour);
    this.#numbers.delete(detour.number);
    if (detour.number !== 0) this.#host.unpin(detour.number);
  }

  #question(detour: Detour, now: number): number {
    this.#forgetQuestion(detour);
    detour.question = ++this.#last;
    this.#numbers.set(detour.question, detour);
    this.#deadlines.schedule(detour, now + PATIENCE_MS);
    return detour.question;
  }

  #forgetQuestion(detour: Detour): void {
    this.#numbers.delete(detour.question);
    detour.question = 0;
  }

  #isNews(destination: NodeId, at: NodeId, now: number): boolean {
    for (const [pair, until] of this.#beliefs) {
      if (until > now && this.#beliefs.size < MAX_BELIEFS) break;
      this.#beliefs.delete(pair);
    }
    const pair = `${destination} ${at}`;
    if (this.#beliefs.has(pair)) return false;
    this.#beliefs.set(pair, now + BELIEF_MS);
    return true;
  }
}
