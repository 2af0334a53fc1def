/**
 * Destinations whose route this node has pinned: looked for by its limits, asked for node by node, and looked for again whenever that fails.
 *
 * ```
 *   searching ── found ──> asking ── granted ──> pinned
 *      ^  │ refused          │ ended               │ ended
 *      │  v                  │                     │
 *    resting <───────────────┴─────────────────────┘   1 s, then twice as long each time, to 30 s
 * ```
 * While nothing is pinned, packets take the way of their class: a pin is for the better, never for worse.
 */
import type { NodeId } from '../../kit/node-id.js';
import type { PathMeasure, RouteLimits } from '../../wire/route-query.js';
import type { QueryResult } from '../query/queries.js';
import { type Timer, TimerQueue } from '../timer-queue.js';
import type { PinNews, PinnedPaths } from './pinned-paths.js';

const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 30_000;

/** What is wanted, under a number that the owner chose. */
export interface PinOrder {
  readonly number: number;
  readonly destination: NodeId;
  readonly trafficClass: number;
  readonly limits: RouteLimits;
}

/** How an order stands. */
export type PinState =
  | { readonly state: 'searching' }
  | { readonly state: 'asking' | 'pinned'; readonly path: readonly NodeId[]; readonly measure: PathMeasure }
  | { readonly state: 'resting'; readonly why: Extract<QueryResult, { kind: 'refused' }> | 'ended' };

export interface RoutePinsHost {
  /** Looks for a path; its results come to {@link RoutePins.handleResult} under this number. */
  ask(number: number, destination: NodeId, limits: RouteLimits, now: number): void;
  readonly paths: Pick<PinnedPaths, 'pin' | 'unpin'>;
  /** A random number of 64 bits. */
  randomId(): bigint;
  changed(order: PinOrder, state: PinState): void;
}

class Order implements Timer {
  due = Infinity;
  place = -1;
  state: PinState = { state: 'searching' };
  /** Of the path that is asked for, or pinned. */
  id: bigint | undefined;
  rest = FIRST_REST_MS;

  constructor(
    readonly terms: PinOrder,
    readonly handleTimeout: (now: number) => void,
  ) {}
}

export class RoutePins {
  readonly #host: RoutePinsHost;
  readonly #orders = new Map<number, Order>();
  readonly #deadlines = new TimerQueue<Order>();

  constructor(host: RoutePinsHost) {
    this.#host = host;
  }

  /** Pins the route to a destination from here on, until {@link unpin}. */
  pin(terms: PinOrder, now: number): void {
    const order = new Order(terms, (at) => this.#search(order, at));
    this.#orders.set(terms.number, order);
    this.#search(order, now);
  }

  unpin(number: number): void {
    const order = this.#orders.get(number);
    if (!order) return;
    this.#orders.delete(number);
    this.#deadlines.clear(order);
    if (order.id !== undefined) this.#host.paths.unpin(order.id);
  }

  /** Whether an order for this destination stands. */
  has(destination: NodeId): boolean {
    for (const { terms } of this.#orders.values()) if (terms.destination === destination) return true;
    return false;
  }

  /** What a search has found. False: it is nobody's here. */
  handleResult(number: number, result: QueryResult, now: number): boolean {
    const order = this.#orders.get(number);
    if (!order) return false;
    if (order.state.state !== 'searching') return true; // a later, better path: what is asked for already will do
    if (result.kind === 'refused') this.#rest(order, result, now);
    else this.#request(order, result, now);
    return true;
  }

  /** What became of a path. */
  handleNews(id: bigint, news: PinNews, now: number): void {
    for (const order of this.#orders.values()) {
      if (order.id !== id) continue;
      const { state } = order;
      if (news === 'ended') this.#rest(order, 'ended', now);
      else if (state.state === 'asking') {
        order.rest = FIRST_REST_MS;
        this.#enter(order, { ...state, state: 'pinned' });
      }
    }
  }

  handleTimeout(now: number): void {
    for (let order = this.#deadlines.pop(now); order; order = this.#deadlines.pop(now)) order.handleTimeout(now);
  }

  nextTimeout(): number {
    return this.#deadlines.next();
  }

  #search(order: Order, now: number): void {
    this.#enter(order, { state: 'searching' });
    const { number, destination, limits } = order.terms;
    this.#host.ask(number, destination, limits, now);
  }

  #request(order: Order, { path, measure }: Extract<QueryResult, { kind: 'found' }>, now: number): void {
    const id = this.#host.randomId();
    order.id = id;
    this.#enter(order, { state: 'asking', path, measure });
    if (!this.#host.paths.pin({ id, path, trafficClass: order.terms.trafficClass }, now))
      this.#rest(order, 'ended', now);
  }

  #rest(order: Order, why: Extract<PinState, { state: 'resting' }>['why'], now: number): void {
    order.id = undefined;
    this.#enter(order, { state: 'resting', why });
    this.#deadlines.schedule(order, now + order.rest);
    order.rest = Math.min(LONGEST_REST_MS, 2 * order.rest);
  }

  #enter(order: Order, state: PinState): void {
    order.state = state;
    this.#host.changed(order.terms, state);
  }
}
