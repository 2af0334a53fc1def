/**
 * Route queries in a planet: every node has the real state machine (`ts/control/query`), asks along its links, and believes what its neighbours advertise.
 * The planet stands still meanwhile; messages travel with the delays of links, on a clock of their own.
 */
import type { QueryLink } from '../../control/query/candidates.js';
import { measureOf } from '../../control/query/limits.js';
import { type Memory, type QueryResult, RouteQueries } from '../../control/query/queries.js';
import { invariant } from '../../kit/assert.js';
import type { NodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import type { QueryMessage } from '../../wire/control.js';
import type { NodeAddress } from '../../wire/neighbours.js';
import type { RouteLimits } from '../../wire/route-query.js';
import { EventQueue } from '../event-queue.js';
import type { PlanetWorld } from './planet-world.js';
import type { Station } from './station.js';

/** What is remembered of a query is forgotten after this long, ms: the next one has no help of it. */
const FORGET_MS = 60_000;
const LARGEST_HALF = 2 ** 32;

export interface Asked {
  /** Paths, each better than the one before, or one refusal. */
  readonly results: readonly QueryResult[];
  /** Queries, answers and refusals that were sent for it. */
  readonly messages: number;
  /** From asking to the first result, ms. */
  readonly firstMs: number;
}

type OnResult = (result: QueryResult, now: number) => void;

export class PlanetQueries {
  /** The clock of queries, and what happens at its times. */
  readonly queue = new EventQueue();
  /** Queries, answers and refusals so far. */
  messages = 0;
  readonly #world: PlanetWorld;
  readonly #random: Random;
  readonly #nodes = new Map<Station, RouteQueries>();
  readonly #listeners = new Map<number, OnResult>();
  #asked = 0;

  constructor(world: PlanetWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Asks, and lets time pass until nothing is on its way and nobody waits. */
  ask(source: Station, destination: NodeId, limits: RouteLimits): Asked {
    const { now } = this.queue;
    const before = this.messages;
    const results: QueryResult[] = [];
    let firstMs = Infinity;
    this.search(source, destination, limits, 'all', (result, at) => {
      if (results.length === 0) firstMs = at - now;
      results.push(result);
    });
    while (this.queue.runNext());
    this.forget();
    return { results, messages: this.messages - before, firstMs };
  }

  /** Begins a search; {@link queue} must run. */
  search(source: Station, destination: NodeId, limits: RouteLimits, memory: Memory, onResult: OnResult): void {
    const queries = this.#queriesOf(source);
    queries.ask(this.#number(onResult), destination, limits, this.queue.now, memory);
    this.#schedule(queries);
  }

  /** Begins to measure what the tables do with packets of a class; {@link queue} must run. */
  follow(source: Station, destination: NodeId, trafficClass: number, onResult: OnResult): void {
    const queries = this.#queriesOf(source);
    queries.follow(this.#number(onResult), destination, trafficClass, this.queue.now);
    this.#schedule(queries);
  }

  /** Lets so much time pass that nobody remembers anything. */
  forget(): void {
    this.queue.runUntil(this.queue.now + FORGET_MS);
    this.#listeners.clear();
  }

  #number(onResult: OnResult): number {
    this.#listeners.set(++this.#asked, onResult);
    return this.#asked;
  }

  #queriesOf(station: Station): RouteQueries {
    const known = this.#nodes.get(station);
    if (known) return known;
    const { id, router, sessions } = station;
    const peerAt = (link: number) => {
      const session = sessions.get(link);
      return session && this.#world.plan.ids[session.peer];
    };
    const made = new RouteQueries({
      self: id,
      links: (destination): QueryLink[] =>
        router.ways(destination).map(({ quality, ...way }) => ({ ...way, measure: measureOf(quality) })),
      next: (destination, trafficClass) => nextOf(station, this.#world.plan.ids, destination, trafficClass),
      leaf: () => undefined,
      peerAt,
      addressesOf: (neighbour) => [placeOf(neighbour)],
      send: (link, message) => this.#send(station, link, message),
      result: (number, result) => this.#listeners.get(number)?.(result, this.queue.now),
      randomId: () => BigInt(this.#random.below(LARGEST_HALF)) * BigInt(LARGEST_HALF) + BigInt(this.#random.next()),
    });
    this.#nodes.set(station, made);
    return made;
  }

  #send(from: Station, index: number, message: QueryMessage): void {
    this.messages++;
    const session = from.sessions.get(index);
    const to = session && this.#world.stations[session.peer];
    if (!session || !to) return;
    const { link, end } = session;
    this.queue.after(link.rtt / 2, () => {
      const queries = this.#queriesOf(to);
      const isRead = queries.handle(link.indexes[1 - end] as number, message, this.queue.now);
      invariant(isRead, 'a node understands what a node has asked');
      this.#schedule(queries);
    });
  }

  #schedule(queries: RouteQueries): void {
    this.queue.at(queries.nextTimeout(), () => {
      if (queries.nextTimeout() <= this.queue.now) queries.handleTimeout(this.queue.now);
    });
  }
}

/** Every node has an address of its own, by which nobody finds it: the planet knows who is meant. */
function placeOf(id: NodeId): NodeAddress {
  const bytes = [id >>> 24, id >>> 16, id >>> 8, id].map((byte) => byte & 255);
  return { scheme: 'udp', family: 4, host: bytes.join('.'), port: 7000 };
}

/** Where packets of a class go, as a query wants to know it. */
function nextOf(station: Station, ids: readonly NodeId[], destination: NodeId, trafficClass: number) {
  const next = station.nextHop(destination, trafficClass);
  if (!next) return undefined;
  const { link, end, peer } = next;
  return { link: link.indexes[end], peer: ids[peer] as number, measure: measureOf(link.quality) };
}
