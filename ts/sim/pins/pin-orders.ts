/**
 * Routes that random nodes look for and pin while faults happen, and packets that are sent along them; and at the end, whether each is pinned again, or
 * refused for a true reason.
 */
import type { ControlEvent } from '../../control/io.js';
import type { PinState } from '../../control/pins/route-pins.js';
import { formatNodeId, type NodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { CLASSES } from '../../memory/region.js';
import { MAX_HOPS, type RouteLimits } from '../../wire/route-query.js';
import type { Vertex } from '../checker.js';
import type { Wire } from '../network.js';
import type { Reference } from '../reference.js';
import type { World } from '../world.js';
import { leastRtt } from './least-rtt.js';

/** Orders in a run: so many and up to as many more. */
const ORDERS = 4;
/** An order stays for the rest of the run, or (as likely) for up to so long, ms. */
const LONGEST_STAY_MS = 12_000;
/** Searches in a run that nothing is pinned for. A search has a result within this time, ms. */
const SEARCHES = 4;
const PATIENCE_MS = 4_000;
/** Packets along pinned paths: bursts of so many, ms apart. */
const BURST = 32;
const BURST_GAP_MS = 12;
/** In so many of them a wire of the path is cut while they are under way, for up to so long, ms: packets that have a label and no way on are rare otherwise. */
const CUT_CHANCE = 0.5;
const CUT_AFTER_MS = 80;
const LONGEST_CUT_MS = 2_000;
interface Order {
  readonly number: number;
  readonly vertex: Vertex;
  readonly source: NodeId;
  readonly destination: NodeId;
  readonly trafficClass: number;
  readonly limits: RouteLimits;
  state: PinState;
}

interface Search {
  readonly vertex: Vertex;
  readonly text: string;
  readonly source: NodeId;
  readonly destination: NodeId;
  isAnswered: boolean;
}

export interface PinOrderSums {
  /** Times that an order was pinned, and that a path in use was lost. */
  pinned: number;
  lost: number;
  /** Orders and searches that were refused at some time. */
  refused: number;
  searches: number;
}

export class PinOrders {
  readonly sums: PinOrderSums = { pinned: 0, lost: 0, refused: 0, searches: 0 };
  /** What was wrong with the results of searches. */
  readonly problems: string[] = [];
  readonly #world: World;
  readonly #random: Random;
  readonly #orders = new Map<string, Order>();
  readonly #searches = new Map<string, Search>();
  readonly #wires: ReadonlySet<string>;
  #number = 0;
  #isHealed = false;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#wires = new Set(world.wires.flatMap(({ a, b }) => [`${a} ${b}`, `${b} ${a}`]));
    world.pins.onEvent = (vertex, event) => this.#hear(vertex, event);
  }

  schedule({ from, until }: { readonly from: number; readonly until: number }): void {
    const random = this.#random;
    const { queue } = this.#world;
    const someTime = () => from + random.unit() * (until - from);
    for (let i = ORDERS + random.below(ORDERS + 1); i > 0; i--) queue.at(someTime(), () => this.#order());
    for (let i = 0; i < SEARCHES; i++) queue.at(someTime(), () => this.#search());
    for (let time = from; time < until; time += 800 + random.below(1200)) queue.at(time, () => this.#burst());
  }

  /** No wire is cut any more. */
  heal(): void {
    this.#isHealed = true;
  }

  /** Nothing is wanted any more. */
  end(): void {
    for (const order of this.#live()) this.#unpin(order);
  }

  /** Orders whose state is not what the network allows. Sentences for people. */
  wrong(reference: Reference): string[] {
    return this.#live().flatMap((order) => {
      const problem = this.#problemOf(order, reference);
      if (problem === undefined) return [];
      const { source, destination, trafficClass } = order;
      return [
        `the path from ${formatNodeId(source)} to ${formatNodeId(destination)} in class ${trafficClass} ${problem}`,
      ];
    });
  }

  #problemOf({ source, destination, limits, state }: Order, reference: Reference): string | undefined {
    const arrives = reference.arriving(destination).has(source);
    if (state.state === 'pinned') {
      const dead = state.path.find((id) => !reference.nodes.includes(id));
      return dead === undefined ? undefined : `is pinned over ${formatNodeId(dead)}, which is dead`;
    }
    if (!arrives) return undefined; // nothing is promised
    if (state.state !== 'resting' || state.why === 'ended') return `is not pinned: ${state.state}`;
    const { reason } = state.why;
    if (reason !== 'limits') return `is refused for a reason that is not true: ${reason}`;
    // A query looks where it is promising, not everywhere: that it finds nothing within a round trip is no proof, nor is it wrong.
    return limits.rttMs === undefined ? `is refused, though any path would do` : undefined;
  }

  /** Orders whose source still lives. */
  #live(): Order[] {
    const orders = [...this.#orders.values()];
    return orders.filter(({ source, vertex }) => this.#world.node(source)?.vertex === vertex);
  }

  #order(): void {
    const random = this.#random;
    const [stays, stay] = [random.chance(0.5), random.unit() * LONGEST_STAY_MS];
    const trafficClass = random.below(CLASSES);
    const pair = this.#pair();
    if (!pair) return;
    const { node, source, destination, limits } = pair;
    if (this.#live().some((one) => one.source === source && one.destination === destination)) return;
    const number = ++this.#number;
    const order: Order = { number, vertex: node.vertex, ...pair, trafficClass, state: { state: 'searching' } };
    this.#orders.set(`${node.vertex} ${number}`, order);
    this.#world.note(
      source,
      `pins a path to ${formatNodeId(destination)} in class ${trafficClass}: ${limitsText(limits)}`,
    );
    node.command({ kind: 'pinRoute', order: { number, destination, trafficClass, limits } });
    if (!stays) this.#world.queue.after(stay, () => this.#unpin(order));
  }

  #unpin({ number, vertex, source, destination }: Order): void {
    const node = this.#world.node(source);
    if (node?.vertex !== vertex || !this.#orders.delete(`${vertex} ${number}`)) return;
    this.#world.note(source, `needs the path to ${formatNodeId(destination)} no more`);
    node.command({ kind: 'unpinRoute', number });
  }

  #search(): void {
    const pair = this.#pair();
    if (!pair) return;
    const { node, source, destination, limits } = pair;
    const number = ++this.#number;
    const text = `the search of ${formatNodeId(source)} for ${formatNodeId(destination)} (${limitsText(limits)})`;
    const search: Search = { vertex: node.vertex, source, destination, text, isAnswered: false };
    this.#searches.set(`${node.vertex} ${number}`, search);
    this.sums.searches++;
    node.command({ kind: 'findRoute', number, destination, limits });
    this.#world.queue.after(PATIENCE_MS, () => {
      const isAlive = this.#world.node(source)?.vertex === node.vertex;
      if (isAlive && !search.isAnswered) this.problems.push(`${text} has no result`);
    });
  }

  /** Packets along a pinned path, or the way of its class while there is none. */
  #burst(): void {
    const pinned = this.#live().filter(({ state }) => state.state === 'pinned');
    const order = pinned[this.#random.below(Math.max(1, pinned.length))];
    if (!order) return;
    const { source, destination, trafficClass, state } = order;
    const { queue } = this.#world;
    for (let i = 0; i < BURST; i++)
      queue.after(i * BURST_GAP_MS, () => this.#world.node(source)?.ping(destination, trafficClass));
    const path = 'path' in state ? state.path : [];
    const [isCut, hop] = [this.#random.chance(CUT_CHANCE), this.#random.below(Math.max(1, path.length - 1))];
    const duration = this.#random.unit() * LONGEST_CUT_MS;
    const wire = this.#world.wires.find(({ a, b }) => [a, b].every((id) => id === path[hop] || id === path[hop + 1]));
    if (isCut && wire) queue.after(CUT_AFTER_MS, () => this.#cut(wire, duration));
  }

  #cut({ a, b, ab, ba }: Wire, duration: number): void {
    if (this.#isHealed) return;
    this.#world.note(
      undefined,
      `cut ${formatNodeId(a)} - ${formatNodeId(b)}, which a pinned path takes, for ${duration.toFixed(0)} ms`,
    );
    for (const channel of [ab, ba]) channel.cuts++;
    this.#world.queue.after(duration, () => {
      if (!this.#isHealed) for (const channel of [ab, ba]) channel.cuts--;
    });
  }

  /** A live node, another one, and limits: half of them ask for any path at all, the others may be too tight. */
  #pair() {
    const random = this.#random;
    const { ids } = this.#world;
    const [source, destination] = [ids[random.below(ids.length)] as NodeId, ids[random.below(ids.length)] as NodeId];
    const [isTight, factor] = [random.chance(0.5), 0.5 + 2 * random.unit()];
    const node = this.#world.node(source);
    if (!node || source === destination) return undefined;
    const least = isTight ? leastRtt(this.#world, source, destination, MAX_HOPS) : Infinity;
    const limits: RouteLimits = least === Infinity ? { hops: MAX_HOPS } : { rttMs: factor * least };
    return { node, source, destination, limits };
  }

  #hear(vertex: Vertex, event: ControlEvent): void {
    if (event.type === 'routeResult') return this.#judge(vertex, event);
    if (event.type !== 'pinChanged') return;
    const order = this.#orders.get(`${vertex} ${event.number}`);
    if (!order) return;
    const { state } = event;
    if (state.state === 'pinned') this.sums.pinned++;
    else if (order.state.state === 'pinned') this.sums.lost++;
    if (state.state === 'resting' && state.why !== 'ended') this.sums.refused++;
    order.state = state;
  }

  #judge(vertex: Vertex, { number, result }: Extract<ControlEvent, { type: 'routeResult' }>): void {
    const search = this.#searches.get(`${vertex} ${number}`);
    if (!search) return;
    search.isAnswered = true;
    if (result.kind === 'refused') {
      this.sums.refused++;
      return;
    }
    const { path } = result;
    const isRight =
      path[0] === search.source &&
      path.at(-1) === search.destination &&
      new Set(path).size === path.length &&
      path.every((id, place) => place === 0 || this.#wires.has(`${path[place - 1]} ${id}`));
    if (!isRight) this.problems.push(`${search.text} has found no path: ${path.map(formatNodeId).join(' > ')}`);
  }
}

function limitsText({ rttMs, hops }: RouteLimits): string {
  return rttMs === undefined ? `at most ${hops} hops` : `within ${rttMs.toFixed(1)} ms`;
}
