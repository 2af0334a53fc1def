/**
 * Many nodes that do nothing but answer route queries, in one group, under a virtual clock: links with a delay, what neighbours advertise is
 * the truth, messages go through their bytes. And the yardstick: an exhaustive search for what is possible at all.
 */

import type { QueryLink } from '../../../ts/control/query/candidates.js';
import { broken, joined, NOWHERE } from '../../../ts/control/query/limits.js';
import { type Memory, type QueryResult, RouteQueries } from '../../../ts/control/query/queries.js';
import type { NodeId } from '../../../ts/kit/node-id.js';
import { type Random, seededRandom } from '../../../ts/kit/random.js';
import { decodeControl, encodeControl, type QueryMessage } from '../../../ts/wire/control.js';
import type { NodeAddress } from '../../../ts/wire/neighbours.js';
import type { PathMeasure, RouteLimits, SearchLimits } from '../../../ts/wire/route-query.js';

/** A link as one of its ends sees it. */
export interface Edge {
  readonly to: number;
  readonly measure: PathMeasure;
}

interface InFlight {
  readonly at: number;
  readonly order: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

export interface Asked {
  readonly results: QueryResult[];
  /** Queries, answers and refusals that were sent for it. */
  readonly messages: number;
  /** When the first result came, ms after asking. */
  readonly firstMs: number;
}

const FIRST_ID = 0x01010101;

export class World {
  readonly edges: Edge[][];
  readonly #nodes: RouteQueries[];
  readonly #rest = new Map<number, { rttMs: number; cost: number }[]>();
  readonly #loss: number;
  readonly #random: Random;
  #flying: InFlight[] = [];
  #now = 0;
  #sent = 0;
  #results: { number: number; at: number; result: QueryResult }[] = [];
  #asked = 0;

  constructor(edges: Edge[][], seed: number, loss = 0) {
    this.edges = edges;
    this.#loss = loss;
    this.#random = seededRandom(seed);
    this.#nodes = edges.map((_, node) => this.#node(node));
  }

  static id(node: number): NodeId {
    return FIRST_ID + node;
  }

  /** Where the node can be dialed, as its neighbours say. */
  static addressOf(id: NodeId): NodeAddress {
    return { scheme: 'udp', family: 4, host: '10.0.0.1', port: id - FIRST_ID + 1 };
  }

  /** Points in a square of 100 ms by 100 ms, each linked with its nearest `degree / 2`; costs and bandwidths at random. */
  static random(nodes: number, degree: number, seed: number, loss = 0): World {
    const random = seededRandom(seed);
    const points = Array.from({ length: nodes }, () => ({ x: random.unit() * 100, y: random.unit() * 100 }));
    const edges: Edge[][] = points.map(() => []);
    const link = (a: number, b: number) => {
      if (a === b || edges[a]?.some(({ to }) => to === b)) return;
      const [p, q] = [points[a], points[b]];
      if (!p || !q) return;
      const rttMs = 1 + Math.round(1000 * Math.hypot(p.x - q.x, p.y - q.y) * (1 + 0.3 * random.unit())) / 1000;
      const measure = {
        rttMs,
        cost: 1 + Math.floor(random.unit() * 9),
        mbps: [5, 20, 100, 1000][Math.floor(random.unit() * 4)] as number,
        delivery: 1 - Math.floor(random.unit() * 3) / 1000,
        hops: 1,
      };
      edges[a]?.push({ to: b, measure });
      edges[b]?.push({ to: a, measure });
    };
    points.forEach((p, a) => {
      const near = points.map((q, b) => ({ b, far: Math.hypot(p.x - q.x, p.y - q.y) })).sort((s, t) => s.far - t.far);
      for (const { b } of near.slice(1, 1 + degree / 2)) link(a, b);
      if (a > 0) link(a, random.below(a)); // whole, and with short cuts
    });
    return new World(edges, seed, loss);
  }

  /** Asks, and lets the world run until nothing is on its way and nobody waits. */
  ask(from: number, to: number, limits: SearchLimits, memory?: Memory): Asked {
    return this.#run((number) => this.#nodes[from]?.ask(number, World.id(to), limits, this.#now, memory));
  }

  /** The same, by the {@link table}s. */
  follow(from: number, to: number, trafficClass = 0): Asked {
    return this.#run((number) => this.#nodes[from]?.follow(number, World.id(to), trafficClass, this.#now));
  }

  #run(ask: (number: number) => void): Asked {
    const started = this.#now;
    this.#sent = 0;
    this.#results = [];
    const number = ++this.#asked;
    ask(number);
    while (this.#step());
    const mine = this.#results.filter((result) => result.number === number);
    return {
      results: mine.map(({ result }) => result),
      messages: this.#sent,
      firstMs: (mine[0]?.at ?? Infinity) - started,
    };
  }

  /** Both ends of a link notice that it is gone, now. */
  cut(a: number, b: number): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.edges[from] = (this.edges[from] ?? []).filter((edge) => edge.to !== to);
      this.#flying = this.#flying.filter((message) => message.from !== from || message.to !== to);
      this.#nodes[from]?.linkDown(to + 1, World.id(to), this.#now);
    }
    this.#rest.clear();
  }

  get open(): number {
    return this.#nodes.reduce((sum, node) => sum + node.open, 0);
  }

  get now(): number {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  measureOf(path: readonly NodeId[]): PathMeasure | undefined {
    let measure: PathMeasure = NOWHERE;
    for (let hop = 1; hop < path.length; hop++) {
      const from = (path[hop - 1] as number) - FIRST_ID;
      const edge = this.edges[from]?.find(({ to }) => World.id(to) === path[hop]);
      if (!edge) return undefined;
      measure = joined(measure, edge.measure);
    }
    return measure;
  }

  /** Whether any simple path keeps to the limits: all that no other beats in every respect are followed. */
  isPossible(from: number, to: number, limits: RouteLimits): boolean {
    const open = [{ node: from, measure: NOWHERE }];
    const labels = new Map<number, PathMeasure[]>();
    for (let state = open.pop(); state; state = open.pop()) {
      for (const edge of this.edges[state.node] ?? []) {
        const measure = joined(state.measure, edge.measure);
        if (broken(measure, limits)) continue;
        if (edge.to === to) return true;
        const known = labels.get(edge.to) ?? [];
        if (known.some((label) => beats(label, measure))) continue;
        labels.set(edge.to, [...known.filter((label) => !beats(measure, label)), measure]);
        open.push({ node: edge.to, measure });
      }
    }
    return false;
  }

  /** The least round trip or cost to a node, from each. */
  leastTo(to: number): { rttMs: number; cost: number }[] {
    const known = this.#rest.get(to);
    if (known) return known;
    const rtt = this.#dijkstra(to, 'rttMs');
    const cost = this.#dijkstra(to, 'cost');
    const least = rtt.map((rttMs, node) => ({ rttMs, cost: cost[node] as number }));
    this.#rest.set(to, least);
    return least;
  }

  #dijkstra(to: number, what: 'rttMs' | 'cost'): number[] {
    const least = this.edges.map(() => Infinity);
    least[to] = 0;
    const open = new Set([to]);
    while (open.size > 0) {
      const node = [...open].reduce((a, b) => ((least[a] as number) <= (least[b] as number) ? a : b));
      open.delete(node);
      for (const edge of this.edges[node] ?? []) {
        const value = (least[node] as number) + edge.measure[what];
        if (value >= (least[edge.to] as number)) continue;
        least[edge.to] = value;
        open.add(edge.to);
      }
    }
    return least;
  }

  #node(node: number): RouteQueries {
    return new RouteQueries({
      self: World.id(node),
      links: (destination) => this.#links(node, destination - FIRST_ID),
      next: (destination) => this.next(node, destination - FIRST_ID),
      leaf: () => undefined,
      peerAt: (link) => (this.edges[node]?.some(({ to }) => to === link - 1) ? World.id(link - 1) : undefined),
      addressesOf: (id) => [World.addressOf(id)],
      send: (link, message) => this.#send(node, link - 1, message),
      result: (number, result) => this.#results.push({ number, at: this.#now, result }),
      randomId: () => BigInt(Math.floor(this.#random.unit() * 2 ** 52)),
    });
  }

  /** The tables of a test: what `table` says, by node and destination. */
  table: (node: number, destination: number) => number | undefined = () => undefined;

  next(node: number, destination: number): Omit<QueryLink, 'rest'> | undefined {
    const to = this.table(node, destination);
    const edge = this.edges[node]?.find((one) => one.to === to);
    return edge && { link: edge.to + 1, peer: World.id(edge.to), measure: edge.measure };
  }

  #links(node: number, destination: number): QueryLink[] {
    const least = this.leastTo(destination);
    return (this.edges[node] ?? []).map(({ to, measure }) => ({
      link: to + 1,
      peer: World.id(to),
      measure,
      rest: (least[to]?.rttMs ?? Infinity) === Infinity ? undefined : least[to],
    }));
  }

  #send(from: number, to: number, message: QueryMessage): void {
    this.#sent++;
    const edge = this.edges[from]?.find((one) => one.to === to);
    if (!edge || this.#random.unit() < this.#loss) return;
    const at = this.#now + edge.measure.rttMs / 2;
    this.#flying.push({ at, order: this.#flying.length, from, to, bytes: encodeControl(message) });
  }

  /** The next thing that happens; false: nothing does any more. */
  #step(): boolean {
    const wake = Math.min(...this.#nodes.map((node) => node.nextTimeout()));
    const next = this.#flying.reduce<InFlight | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined);
    if (!next && wake === Infinity) return false;
    if (next && next.at <= wake) {
      this.#flying.splice(this.#flying.indexOf(next), 1);
      this.#now = next.at;
      const message = decodeControl(next.bytes);
      if (
        message === 'malformed' ||
        (message.kind !== 'routeQuery' && message.kind !== 'routeAnswer' && message.kind !== 'routeRefusal')
      )
        throw new Error('a message of a query was not understood');
      if (!this.#nodes[next.to]?.handle(next.from + 1, message, this.#now)) throw new Error('a message was refused');
    } else {
      this.#now = wake;
      for (const node of this.#nodes) if (node.nextTimeout() <= wake) node.handleTimeout(wake);
    }
    return true;
  }
}

/** Whether `a` is at least as good as `b` in every respect. */
function beats(a: PathMeasure, b: PathMeasure): boolean {
  return a.rttMs <= b.rttMs && a.cost <= b.cost && a.mbps >= b.mbps && a.delivery >= b.delivery && a.hops <= b.hops;
}
