/**
 * The path optimiser: looks for better paths for flows that last, and pins them (docs/routing.md, O1 to O7). Tables are aggregated, so their ways are
 * good; the best way to one node can only be found by asking for it.
 *
 * ```
 *   flow lasts ──> follow: what do the tables do now? ──> ask: a path that is better by 10 % and 2 ms? ──found──> ask: 3 % better still? ...
 *       ^                                                        │ refused                                           │ refused
 *       │                                                        v                                                   v
 *       └──── 45 s, or when the path grew slower or broke ──── rest <────────────── granted ──────────────────── pin the best
 * ```
 * Where even the best path is clearly worse than a link of one's own would be, one is made: see direct-links.ts.
 * Make before break: the path in use stays until its successor is granted. A path that is not better than the tables (any more) is given up. A pure state machine.
 */
import type { NodeId } from '../../kit/node-id.js';
import { TrafficClass } from '../../wire/network-header.js';
import type { QueryResult } from '../query/queries.js';
import { TimerQueue } from '../timer-queue.js';
import { DirectLinks, isStraight } from './direct-links.js';
import { FlowBook, IDLE_MS } from './flow-book.js';
import type { FlowPinNews, FlowSample, OptimiserHost, OwnLink, OwnPin } from './optimiser.types.js';
import { QuerySlots } from './query-slots.js';
import { type FlowPin, type FoundPath, TendedFlow } from './tended-flow.js';

/** Flows that are looked after at a time. */
const MAX_TENDED = 64;
/** Background queries a second, and at once after a rest. */
const QUERIES_PER_SECOND = 2;
const QUERY_BURST = 4;
/** Questions of one review after the first. */
const MAX_ROUNDS = 8;
/** How long a flow rests between reviews, and after something went wrong, ms. */
const REVIEW_MS = 45_000;
const RETRY_MS = 5_000;
/** After its path broke, ms; twice as long each time. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A path that grew slower brings a review, but not so soon after the last, ms. */
const REVIEW_GAP_MS = 10_000;
/** From a link that is up to the next review: routing says first whether it is used by itself, ms. */
const LINK_REVIEW_MS = 100;
/** No question and no pin waits longer for its outcome, ms. */
const PATIENCE_MS = 10_000;

/** The largest round trip that is better by a share and by milliseconds. */
const below = (rttMs: number, share: number, ms: number): number => Math.min((1 - share) * rttMs, rttMs - ms);
/** What a path must have to be pinned instead of the tables' way, or to take the place of another one; and to stay. */
const worthPinning = (tablesRttMs: number): number => below(tablesRttMs, 0.1, 2);
const worthChanging = (rttMs: number): number => below(rttMs, 0.05, 1);
const worthKeeping = (tablesRttMs: number): number => below(tablesRttMs, 0.05, 1);
/** What the next question asks for. */
const betterStill = (rttMs: number): number => 0.97 * rttMs;
const isMuchSlower = ({ rttMs, grantedRttMs }: FlowPin): boolean => rttMs > 1.1 * grantedRttMs + 2;

export class Optimiser {
  readonly #host: OptimiserHost;
  readonly #book = new FlowBook();
  readonly #slots = new QuerySlots(QUERIES_PER_SECOND, QUERY_BURST);
  readonly #links: DirectLinks;
  readonly #flows = new Map<NodeId, TendedFlow>();
  /** By the number of the question that is out, or of the pin. */
  readonly #numbers = new Map<number, TendedFlow>();
  readonly #deadlines = new TimerQueue<TendedFlow>();
  #last = 0;

  constructor(host: OptimiserHost) {
    this.#host = host;
    this.#links = new DirectLinks(host);
  }

  /** Own traffic since the last time: to be called about every 500 ms while there is any. */
  handleFlows(samples: Iterable<FlowSample>, now: number): void {
    for (const { destination, trafficClass, packets } of samples) {
      if (trafficClass !== TrafficClass.LowLatency) continue;
      const isWorthwhile = this.#book.note(destination, packets, now);
      const flow = this.#flows.get(destination);
      if (flow) flow.lastAt = now;
      else if (isWorthwhile && !this.#host.isTaken(destination) && this.#hasRoom(now)) this.#begin(destination, now);
    }
  }

  /** What a question has brought. */
  handleResult(number: number, result: QueryResult, now: number): void {
    const flow = this.#numbers.get(number);
    if (flow?.question !== number) return; // the flow has ended, or asks something else by now
    if (flow.rounds === 0) this.#followed(flow, result, now);
    else this.#searched(flow, result, now);
  }

  /** What became of a pin. */
  handlePin(number: number, news: FlowPinNews, now: number): void {
    const flow = this.#numbers.get(number);
    if (flow?.coming?.number === number) {
      if (news.kind === 'granted') this.#granted(flow, flow.coming, news.rttMs, now);
      else this.#giveUp(flow, now);
    } else if (flow?.current?.number === number) {
      if (news.kind === 'granted') this.#renewed(flow, flow.current, news.rttMs, now);
      else this.#broke(flow, now);
    }
  }

  /** How far a node is without relays, ms; undefined: nobody has answered. */
  handleMeasured(destination: NodeId, rttMs: number | undefined, now: number): void {
    const flow = this.#flows.get(destination);
    if (flow) this.#links.measured(flow, rttMs, now);
  }

  /** There is a link with a node. */
  handleLinkUp(destination: NodeId, now: number): void {
    const flow = this.#flows.get(destination);
    if (flow && this.#links.up(flow)) this.#reviewSoon(flow, now);
  }

  /** The link that was asked for is no more, or never comes. */
  handleLinkGone(destination: NodeId, now: number): void {
    const flow = this.#flows.get(destination);
    if (flow && this.#links.gone(flow, now)) this.#reviewSoon(flow, now);
  }

  /** Links that are there for flows. */
  links(): OwnLink[] {
    return this.#links.links();
  }

  /** Somebody who has precedence pins the route to there from here on. */
  release(destination: NodeId, now: number): void {
    const flow = this.#flows.get(destination);
    if (flow) this.#end(flow, now);
  }

  handleTimeout(now: number): void {
    for (let flow = this.#deadlines.pop(now); flow; flow = this.#deadlines.pop(now)) {
      if (now >= flow.lastAt + IDLE_MS) this.#end(flow, now);
      else if (flow.actAt <= now) flow.act(now);
      else this.#schedule(flow);
    }
  }

  nextTimeout(): number {
    return this.#deadlines.next();
  }

  /** The flows that have a better path than the tables'. */
  pins(): OwnPin[] {
    return [...this.#flows.values()].flatMap(({ destination, trafficClass, tablesRttMs, current }) => {
      if (!current) return [];
      const { path, measure, rttMs } = current;
      return [{ owner: 'optimiser', destination, trafficClass, path, measure: { ...measure, rttMs }, tablesRttMs }];
    });
  }

  /** Flows that are looked after, with a better path or without. */
  get tended(): number {
    return this.#flows.size;
  }

  /** Flows that the tables serve well enough take turns. */
  #hasRoom(now: number): boolean {
    if (this.#flows.size < MAX_TENDED) return true;
    for (const flow of this.#flows.values()) {
      if (!flow.isResting || flow.current || flow.link) continue;
      this.#end(flow, now);
      return true;
    }
    return false;
  }

  #begin(destination: NodeId, now: number): void {
    const flow = new TendedFlow(destination, TrafficClass.LowLatency, now);
    this.#flows.set(destination, flow);
    this.#review(flow, now);
  }

  #review(flow: TendedFlow, now: number): void {
    flow.isResting = false;
    this.#inTurn(flow, now, (at) => {
      flow.reviewedAt = at;
      flow.isStale = false;
      flow.rounds = 0;
      flow.best = undefined;
      const question = this.#question(flow, at);
      this.#host.follow(question, flow.destination, flow.trafficClass, at);
    });
  }

  #followed(flow: TendedFlow, result: QueryResult, now: number): void {
    flow.tablesRttMs = result.kind === 'found' ? result.measure.rttMs : undefined;
    if (result.kind !== 'found') return this.#rest(flow, now + RETRY_MS);
    flow.isDirect = isStraight(result.path);
    this.#noteAddresses(flow, result);
    const { current } = flow;
    const tablesRttMs = result.measure.rttMs;
    if (current && current.rttMs > worthKeeping(tablesRttMs)) {
      flow.current = undefined;
      this.#unpin(current);
    }
    flow.boundMs = flow.current ? worthChanging(flow.current.rttMs) : worthPinning(tablesRttMs);
    flow.best = this.#straightWay(flow, tablesRttMs, result.path);
    this.#search(flow, now);
  }

  /** The link that was made for the flow, where tables and pin lead elsewhere though it is better; undefined: there is none. */
  #straightWay(flow: TendedFlow, tablesRttMs: number, [self]: readonly NodeId[]): FoundPath | undefined {
    const { link, isDirect, destination, current } = flow;
    const measure = link?.state === 'up' && !isDirect ? this.#host.direct(destination) : undefined;
    if (!measure || self === undefined || measure.rttMs > worthKeeping(tablesRttMs)) return undefined;
    if (current && (isStraight(current.path) || measure.rttMs > worthChanging(current.rttMs))) return undefined;
    return { kind: 'found', path: [self, destination], measure };
  }

  #noteAddresses(flow: TendedFlow, { addresses }: FoundPath): void {
    if (addresses && addresses.length > 0) flow.addresses = addresses;
  }

  /** Asks for a path that is better than what is there, or than the best that was found. */
  #search(flow: TendedFlow, now: number): void {
    flow.rounds++;
    if (flow.rounds > MAX_ROUNDS || flow.boundMs <= 0) return this.#conclude(flow, now);
    this.#inTurn(flow, now, (at) => {
      const rttMs = flow.best ? betterStill(flow.best.measure.rttMs) : flow.boundMs;
      const question = this.#question(flow, at);
      this.#host.ask(question, flow.destination, { rttMs }, at);
    });
  }

  #searched(flow: TendedFlow, result: QueryResult, now: number): void {
    const isFirst = !flow.isAnswered;
    if (result.kind === 'found') {
      flow.isAnswered = true;
      this.#noteAddresses(flow, result);
      if (!flow.best || result.measure.rttMs < flow.best.measure.rttMs) flow.best = result;
      if (isFirst) this.#search(flow, now);
    } else if (isFirst) this.#conclude(flow, now);
  }

  #conclude(flow: TendedFlow, now: number): void {
    const { best, destination, trafficClass } = flow;
    this.#forget(flow.question);
    flow.question = 0;
    if (!best || this.#host.isTaken(destination)) return this.#reviewed(flow, now);
    const { path, measure } = best;
    const { rttMs } = measure;
    const pin = { number: ++this.#last, path, measure, grantedRttMs: rttMs, grantedAt: now, rttMs };
    flow.coming = pin;
    this.#numbers.set(pin.number, flow);
    this.#later(flow, now + PATIENCE_MS, (at) => this.#giveUp(flow, at));
    if (!this.#host.pin(pin.number, path, trafficClass, now)) this.#giveUp(flow, now);
  }

  /** The path that was asked for does not come. */
  #giveUp(flow: TendedFlow, now: number): void {
    const { coming } = flow;
    flow.coming = undefined;
    if (coming) this.#unpin(coming);
    this.#rest(flow, now + RETRY_MS);
  }

  #granted(flow: TendedFlow, pin: FlowPin, rttMs: number, now: number): void {
    const former = flow.current;
    pin.grantedRttMs = pin.rttMs = rttMs;
    pin.grantedAt = now;
    flow.coming = undefined;
    flow.current = pin;
    if (former) this.#unpin(former);
    if (rttMs <= worthKeeping(flow.tablesRttMs ?? Infinity)) return this.#reviewed(flow, now);
    // It has grown slower since it was found.
    flow.current = undefined;
    this.#unpin(pin);
    this.#rest(flow, now + RETRY_MS);
  }

  #renewed(flow: TendedFlow, pin: FlowPin, rttMs: number, now: number): void {
    pin.rttMs = rttMs;
    if (now - pin.grantedAt >= LONGEST_PAUSE_MS) flow.pauseMs = 0;
    if (flow.isResting && isMuchSlower(pin) && now - flow.reviewedAt >= REVIEW_GAP_MS) this.#review(flow, now);
  }

  #broke(flow: TendedFlow, now: number): void {
    if (flow.current) this.#forget(flow.current.number);
    flow.current = undefined;
    if (!flow.isResting) return; // a review is under way
    flow.pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * flow.pauseMs));
    this.#rest(flow, now + flow.pauseMs);
  }

  /** The best that there is has been found. */
  #reviewed(flow: TendedFlow, now: number): void {
    this.#links.consider(flow, now);
    this.#rest(flow, now + (flow.isStale ? LINK_REVIEW_MS : REVIEW_MS));
  }

  /** Soon, or once more when the review that is under way is over. */
  #reviewSoon(flow: TendedFlow, now: number): void {
    if (flow.isResting) this.#rest(flow, now + LINK_REVIEW_MS);
    else flow.isStale = true;
  }

  #rest(flow: TendedFlow, until: number): void {
    this.#forget(flow.question);
    flow.question = 0;
    flow.isResting = true;
    this.#later(flow, until, (now) => this.#review(flow, now));
  }

  #end(flow: TendedFlow, now: number): void {
    this.#links.release(flow, now);
    this.#flows.delete(flow.destination);
    this.#deadlines.clear(flow);
    this.#forget(flow.question);
    for (const pin of [flow.current, flow.coming]) if (pin) this.#unpin(pin);
  }

  #unpin({ number }: FlowPin): void {
    this.#forget(number);
    this.#host.unpin(number);
  }

  #forget(number: number): void {
    this.#numbers.delete(number);
  }

  /** A number for the flow's next question. Should no result come, the flow is reviewed again. */
  #question(flow: TendedFlow, now: number): number {
    this.#forget(flow.question);
    flow.question = ++this.#last;
    flow.isAnswered = false;
    this.#numbers.set(flow.question, flow);
    this.#later(flow, now + PATIENCE_MS, (at) => this.#rest(flow, at + RETRY_MS));
    return flow.question;
  }

  /** Does the work when it is this flow's turn to ask. */
  #inTurn(flow: TendedFlow, now: number, work: (now: number) => void): void {
    const at = this.#slots.take(now);
    if (at <= now) work(now);
    else this.#later(flow, at, work);
  }

  #later(flow: TendedFlow, at: number, act: (now: number) => void): void {
    flow.actAt = at;
    flow.act = act;
    this.#schedule(flow);
  }

  #schedule(flow: TendedFlow): void {
    this.#deadlines.schedule(flow, Math.min(flow.actAt, flow.lastAt + IDLE_MS));
  }
}
