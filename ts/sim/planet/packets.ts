/**
 * Packets under way while tables change: each goes from node to node with the delay of the links, and is looked up when it arrives. Whoever comes twice
 * to one incarnation is counted: the proof is about tables at an instant, and a packet takes longer than that.
 */
import type { Random } from '../../kit/random.js';
import type { Vertex } from '../checker.js';
import { TTL } from './paths.js';
import type { PlanetWorld } from './planet-world.js';

export interface PacketSums {
  sent: number;
  arrived: number;
  /** Looked up where there was no route. */
  noRoute: number;
  /** Sent into a dead node or a cut or lossy link. */
  lost: number;
  /** Ended by their TTL. */
  expired: number;
  /** Arrivals at an incarnation that had seen the packet already. */
  revisits: number;
}

export class Packets {
  readonly sums: PacketSums = { sent: 0, arrived: 0, noRoute: 0, lost: 0, expired: 0, revisits: 0 };
  readonly #world: PlanetWorld;
  readonly #random: Random;

  constructor(world: PlanetWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Sends `perSecond` packets between random live nodes, at random times, until `until`. */
  schedule(perSecond: number, until: number): void {
    const gap = (-1000 / perSecond) * Math.log(1 - this.#random.unit());
    if (this.#world.queue.now + gap > until) return;
    this.#world.queue.after(gap, () => {
      this.#sendOne();
      this.schedule(perSecond, until);
    });
  }

  /** In all classes by turns. */
  send(source: number, destination: number): void {
    this.#arrive(source, destination, this.sums.sent++ % this.#world.classes, TTL, new Set());
  }

  #sendOne(): void {
    const { stations } = this.#world;
    const [source, destination] = [this.#random.below(stations.length), this.#random.below(stations.length)];
    if (source !== destination && stations[source] && stations[destination]) this.send(source, destination);
  }

  #arrive(at: number, destination: number, trafficClass: number, ttl: number, seen: Set<Vertex>): void {
    const { stations, plan, queue } = this.#world;
    const station = stations[at];
    if (!station) {
      this.sums.lost++;
      return;
    }
    if (seen.has(station.vertex)) this.sums.revisits++;
    seen.add(station.vertex);
    if (at === destination) {
      this.sums.arrived++;
      return;
    }
    if (ttl === 0) {
      this.sums.expired++;
      return;
    }
    const next = station.nextHop(plan.ids[destination] as number, trafficClass);
    if (!next) {
      this.sums.noRoute++;
      return;
    }
    const { link, end, peer } = next;
    if (this.#world.isLost(link, end)) {
      this.sums.lost++;
      return;
    }
    queue.after(link.rtt / 2, () => this.#arrive(peer, destination, trafficClass, ttl - 1, seen));
  }
}
