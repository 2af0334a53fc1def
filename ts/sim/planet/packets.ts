/**
 * Packets under way while tables change: each goes from node to node with the delay of the links, and is looked up when it arrives. Whoever comes twice
 * to one incarnation is counted: the proof is about tables at an instant, and a packet takes longer than that.
 */
import type { Random } from '../../kit/random.js';
import { TTL } from './paths.js';
import type { PlanetWorld } from './planet-world.js';
import type { PacketUnderWay } from './windows.js';

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

  /** Packets that were sent in all threads: classes take turns. */
  #count = 0;

  constructor(world: PlanetWorld, random: Random) {
    this.#world = world;
    this.#random = random;
    world.receivePacket = (packet) => this.#arrive(packet);
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
    const trafficClass = this.#count++ % this.#world.classes;
    if (!this.#world.isOwn(source)) return;
    this.sums.sent++;
    this.#arrive({ at: source, destination, trafficClass, ttl: TTL, seen: [] });
  }

  #sendOne(): void {
    const { stations } = this.#world;
    const [source, destination] = [this.#random.below(stations.length), this.#random.below(stations.length)];
    if (source !== destination && stations[source] && stations[destination]) this.send(source, destination);
  }

  #arrive({ at, destination, trafficClass, ttl, seen }: PacketUnderWay): void {
    const { stations, plan } = this.#world;
    const station = stations[at];
    if (!station) {
      this.sums.lost++;
      return;
    }
    if (seen.includes(station.vertex)) this.sums.revisits++;
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
    const onwards = { at: peer, destination, trafficClass, ttl: ttl - 1, seen: [...seen, station.vertex] };
    this.#world.sendPacket(onwards, link.rtt / 2);
  }
}
