/**
 * A planet: thousands of real routers over links that carry their messages with delay and loss, watched by the checker.
 *
 * ```
 *   router ── sync ──▶ link: cut? lost? ── half a round trip ──▶ router of the other end, if the session is still the same
 *     │ routes, labels
 *     ▼
 *   words (checked at each change)
 * ```
 * Handshakes are a delay of one and a half round trips, hellos a delay until silence is noticed; neither is simulated frame by frame.
 *
 * Several threads may share a planet. Each then knows all nodes, links and sessions and what happens to them, drawn from the same seed in the same
 * order, but has routers of its own nodes only.
 */
import type { DirectOutput, RouteOutput } from '../../control/io.js';
import { createRouter } from '../../control/routing/router.js';
import type { Router, RouterOutput, SafetyRules } from '../../control/routing/router.types.js';
import { frameBytes } from '../../control/routing/sync-bytes.js';
import { invariant } from '../../kit/assert.js';
import type { Random } from '../../kit/random.js';
import { CLASSES } from '../../memory/region.js';
import type { RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import { Checker, type Vertex, type Violation } from '../checker.js';
import { EventQueue } from '../event-queue.js';
import { ALONE, type Crew } from './crew.js';
import { ELSEWHERE } from './elsewhere.js';
import { BOTH_ENDS, type End, type LinkWorth, PlanetLink } from './link.js';
import { LinkProbes } from './link-probes.js';
import type { Plan } from './plan.js';
import { Share } from './share.js';
import { linksOf, Station } from './station.js';
import type { PacketUnderWay, Parcel } from './windows.js';

/** The first of January 2026, seconds since 1970: when virtual time begins. */
const EPOCH_SECONDS = 1_767_225_600;
/** A dead link is noticed after this long, ms: three missed hellos of a link that carries data. */
const SILENCE_MS = 150;
const SILENCE_SPREAD_MS = 50;
/** A dial that failed is repeated within this time, ms. */
const REDIAL_MS = 1000;

export interface PlanetWorldOptions {
  /** Classes that are routed, 1..4: the first ones. Default: 4. */
  readonly classes?: number;
  readonly rules?: Partial<SafetyRules>;
  /** The threads that share the planet, each of which has such a world. Default: this one alone. */
  readonly crew?: Crew;
  /** Called at each change of next hops, when it is in force. */
  readonly onRoute?: (station: Station, route: RouteOutput) => void;
  /** Called at each violation, as it is found. */
  readonly onViolation?: (violation: Violation) => void;
}

export class PlanetWorld {
  readonly queue = new EventQueue();
  readonly checker: Checker;
  readonly plan: Plan;
  /** Classes that are routed: the first ones. */
  readonly classes: number;
  readonly links: PlanetLink[];
  /** Links at each node. */
  readonly linksAt: readonly PlanetLink[][];
  /** By node; undefined: it is dead. */
  readonly stations: (Station | undefined)[];
  /** Frames of routing and their bytes, headers included. */
  frames = 0;
  bytes = 0;
  readonly probes: LinkProbes;
  /** When a next hop changed last, ms. */
  lastChange = 0;
  /** Packets that arrive at a node of this thread. */
  receivePacket: (packet: PacketUnderWay) => void = () => {};
  readonly #random: Random;
  readonly #options: PlanetWorldOptions;
  readonly #share: Share;
  /** By their numbers, those that were removed too. */
  readonly #links: PlanetLink[];

  constructor(plan: Plan, random: Random, options: PlanetWorldOptions = {}) {
    this.plan = plan;
    this.classes = options.classes ?? CLASSES;
    this.#random = random;
    this.#options = options;
    this.checker = new Checker(() => this.queue.now, options.onViolation);
    this.stations = plan.ids.map(() => undefined);
    this.links = plan.links.map(([a, b], number) => new PlanetLink(number, a, b, plan.space.rtt(a, b)));
    this.#links = [...this.links];
    const linksAt: PlanetLink[][] = plan.ids.map(() => []);
    for (const link of this.links) for (const node of link.nodes) linksAt[node]?.push(link);
    this.linksAt = linksAt;
    this.probes = new LinkProbes(this.queue, random, (link) => this.#tellQuality(link));
    this.#share = new Share(plan, this.queue, this.checker, options.crew ?? ALONE, (parcel) => this.#receive(parcel));
  }

  get crew(): Crew {
    return this.#share.crew;
  }

  isOwn(node: number): boolean {
    return this.#share.isOwn(node);
  }

  /** Runs everything up to and including `time` (virtual ms), in all threads. */
  runUntil(time: number): void {
    this.#share.runUntil(time);
  }

  isAlive(node: number): boolean {
    return this.stations[node] !== undefined;
  }

  live(): Station[] {
    return this.stations.filter((station) => station !== undefined);
  }

  /** The live nodes whose routers are in this thread. */
  own(): Station[] {
    return this.live().filter(({ node }) => this.isOwn(node));
  }

  /** A new incarnation of the node starts, and dials. */
  start(node: number): void {
    if (this.isAlive(node)) return;
    const id = this.plan.ids[node] as number;
    const vertex = this.checker.addVertex(id);
    const random = this.#random.fork();
    this.stations[node] = new Station(node, id, vertex, this.#routerOf(node, vertex, random), random.fork());
    for (const link of this.linksAt[node] as PlanetLink[]) this.#dial(link, 1.5 * link.rtt);
  }

  #routerOf(node: number, vertex: Vertex, random: Random): Router {
    if (!this.isOwn(node)) return ELSEWHERE;
    return createRouter({
      self: this.plan.ids[node] as number,
      bootSeconds: EPOCH_SECONDS + Math.floor(this.queue.now / 1000),
      random: () => random.unit(),
      classes: this.classes,
      ...(this.#options.rules && { rules: this.#options.rules }),
      onLabel: (layer, byte, trafficClass, label) =>
        this.#share.watch.setLabel(vertex, trafficClass, layer, byte, label),
    });
  }

  /** The node vanishes with its state; its neighbours notice by its silence. */
  crash(node: number): void {
    const station = this.stations[node];
    if (!station) return;
    station.alive = false;
    this.stations[node] = undefined;
    if (this.isOwn(node)) this.#share.watch.removeVertex(station.vertex);
    for (const { link, end } of station.sessions.values()) {
      link.indexes[end] = 0;
      const { session } = link;
      this.queue.after(this.#silence(), () => {
        if (link.session === session) this.#end(link, (1 - end) as End);
      });
    }
  }

  /** What these ends send is lost until {@link mend}. */
  cut(link: PlanetLink, ends: readonly End[] = BOTH_ENDS): void {
    const { session } = link;
    for (const end of ends) {
      link.cuts[end]++;
      this.queue.after(this.#silence(), () => {
        if (link.cuts[end] > 0) this.#fallSilent(link, session, (1 - end) as End);
      });
    }
  }

  mend(link: PlanetLink, ends: readonly End[] = BOTH_ENDS): void {
    for (const end of ends) link.cuts[end]--;
    if (!link.isCut) this.#dial(link, 1.5 * link.rtt + REDIAL_MS * this.#random.unit());
  }

  /** `end` has heard nothing for long enough, and gives up; from then on the other end hears nothing either. */
  #fallSilent(link: PlanetLink, session: number, end: End): void {
    if (link.session !== session || link.indexes[end] === 0) return;
    this.#end(link, end);
    this.queue.after(this.#silence(), () => this.#fallSilent(link, session, (1 - end) as End));
  }

  /** One more link than the plan has; `a` dials. */
  addLink(a: number, b: number): PlanetLink {
    const link = new PlanetLink(this.#links.length, a, b, this.plan.space.rtt(a, b));
    this.links.push(link);
    this.#links.push(link);
    for (const node of link.nodes) this.linksAt[node]?.push(link);
    this.#dial(link, 1.5 * link.rtt);
    return link;
  }

  /** One end says goodbye, and dials no more. */
  removeLink(link: PlanetLink): void {
    this.#endBoth(link);
    for (const links of [this.links, ...link.nodes.map((node) => this.linksAt[node] as PlanetLink[])])
      if (links.includes(link)) links.splice(links.indexOf(link), 1);
  }

  /** The network below takes another time now; routing learns it by measuring. */
  setRtt(link: PlanetLink, rtt: number): void {
    if (rtt === link.rtt) return;
    invariant(this.#share.mayTake(...link.nodes, rtt), 'no link between threads is faster than they reckon with');
    link.rtt = rtt;
    this.probes.watch(link);
  }

  /** What a link is worth from now on. It loses as many datagrams as it says. */
  setWorth(link: PlanetLink, worth: LinkWorth): void {
    link.worth = worth;
    link.drop = worth.loss;
    this.#tellQuality(link);
  }

  /** Both ends measure all of the link at once. */
  setQuality(link: PlanetLink, rtt: number, worth: LinkWorth): void {
    link.rtt = rtt;
    link.smoothed = rtt;
    link.worth = worth;
    this.#tellQuality(link);
  }

  #tellQuality(link: PlanetLink): void {
    for (const end of BOTH_ENDS) {
      const station = this.stations[link.nodes[end]];
      if (link.indexes[end] === 0 || !station) continue;
      station.router.linkQuality(link.indexes[end], link.quality, this.queue.now);
      this.#drain(station);
    }
  }

  #silence(): number {
    return SILENCE_MS + SILENCE_SPREAD_MS * this.#random.unit();
  }

  /** A handshake that ends after `delay`, if then both ends live and datagrams pass; nodes that are down are dialed when they start. */
  #dial(link: PlanetLink, delay: number): void {
    this.queue.after(delay, () => {
      const [a, b] = link.nodes.map((node) => this.stations[node]);
      if (a && b && !link.isCut && !this.#isCurrent(link, a, b)) this.#establish(link, a, b);
    });
  }

  #isCurrent(link: PlanetLink, a: Station, b: Station): boolean {
    const ofA = a.sessions.get(link.indexes[0]);
    return link.isUp && ofA?.link === link && ofA.peerVertex === b.vertex;
  }

  #establish(link: PlanetLink, a: Station, b: Station): void {
    this.#endBoth(link);
    link.session++;
    link.smoothed = link.rtt;
    link.indexes[0] = a.takeIndex();
    link.indexes[1] = b.takeIndex();
    a.sessions.set(link.indexes[0], { link, end: 0, peer: b.node, peerVertex: b.vertex });
    b.sessions.set(link.indexes[1], { link, end: 1, peer: a.node, peerVertex: a.vertex });
    a.router.linkUp(link.indexes[0], b.id, link.quality, this.queue.now);
    b.router.linkUp(link.indexes[1], a.id, link.quality, this.queue.now);
    this.#drain(a);
    this.#drain(b);
  }

  #endBoth(link: PlanetLink): void {
    this.#end(link, 0);
    this.#end(link, 1);
  }

  #end(link: PlanetLink, end: End): void {
    const index = link.indexes[end];
    const station = this.stations[link.nodes[end]];
    link.indexes[end] = 0;
    if (index === 0 || !station) return;
    station.router.linkDown(index, this.queue.now);
    this.#drain(station);
    station.sessions.delete(index);
  }

  #deliver(link: PlanetLink, session: number, to: End, message: RoutingSync): void {
    const station = this.stations[link.nodes[to]];
    if (!station || link.session !== session || link.indexes[to] === 0) return;
    const isRead = station.router.handleSync(link.indexes[to], message, this.queue.now);
    invariant(isRead, 'a router reads what a router has written');
    this.#drain(station);
  }

  /** Outputs in their order: a route is in force before the message behind it is on its way, and labels are in order by then. */
  #drain(station: Station): void {
    const { router, vertex } = station;
    for (let output = router.poll(); output; output = router.poll()) this.#execute(station, output);
    this.#share.watch.settle(vertex);
    this.#schedule(station);
  }

  #execute(station: Station, output: RouterOutput): void {
    if (output.kind === 'sync') {
      this.#share.watch.settle(station.vertex);
      return this.#send(station, output.link, output.message);
    }
    if (output.kind === 'direct') return this.#goStraight(station, output);
    if (output.kind !== 'route') return;
    station.store(output);
    this.lastChange = this.queue.now;
    this.#options.onRoute?.(station, output);
    const { trafficClass, layer, byte, primary, backup } = output;
    this.#show(station, trafficClass, layer, byte, primary, backup);
  }

  #goStraight(station: Station, output: DirectOutput): void {
    station.storeDirect(output);
    const { neighbour, link, classes } = output;
    const head = station.sessions.get(link)?.peerVertex;
    if (head === undefined) return;
    for (let trafficClass = 0; trafficClass < CLASSES; trafficClass++)
      if ((classes >>> trafficClass) & 1) this.checker.checkDirect(station.vertex, trafficClass, neighbour, head);
  }

  #show(station: Station, trafficClass: number, layer: number, byte: number, primary: number, backup: number): void {
    const vertexAt = (index: number) => station.sessions.get(index)?.peerVertex ?? 0;
    const next = { primary: vertexAt(primary), backup: vertexAt(backup) };
    this.#share.watch.setNext(station.vertex, trafficClass, layer, byte, next);
  }

  #send(station: Station, index: number, message: RoutingSync): void {
    const session = station.sessions.get(index);
    if (!session) return;
    const { link, end, peer } = session;
    this.frames++;
    this.bytes += frameBytes(message);
    if (this.isLost(link, end)) return;
    const detour = link.detour === 0 ? 0 : link.detour * station.luck.unit();
    const to = (1 - end) as End;
    this.#share.carry(peer, link.rtt / 2 + detour, {
      kind: 'sync',
      link: link.number,
      session: link.session,
      to,
      message,
    });
  }

  /** A packet is with the node after `delay`. */
  sendPacket(packet: PacketUnderWay, delay: number): void {
    this.#share.carry(packet.at, delay, { kind: 'packet', packet });
  }

  #receive(parcel: Parcel): void {
    if (parcel.kind === 'packet') return this.receivePacket(parcel.packet);
    this.#deliver(this.#links[parcel.link] as PlanetLink, parcel.session, parcel.to, parcel.message);
  }

  /** Whether a datagram that this end, which lives, sends now does not arrive. */
  isLost(link: PlanetLink, end: End): boolean {
    if (link.cuts[end] > 0 || link.loss?.[end].takes(this.queue.now)) return true;
    return link.drop > 0 && (this.stations[link.nodes[end]] as Station).luck.chance(link.drop);
  }

  #schedule(station: Station): void {
    const next = Math.max(station.router.nextTimeout(), this.queue.now);
    if (next >= station.wakeAt) return;
    station.wakeAt = next;
    this.queue.at(next, () => this.#wake(station, next));
  }

  #wake(station: Station, due: number): void {
    if (!station.alive || station.wakeAt !== due) return;
    station.wakeAt = Number.POSITIVE_INFINITY;
    if (station.router.nextTimeout() <= due) station.router.handleTimeout(due);
    this.#drain(station);
  }

  /** All threads learn the tables of all nodes, as they are now: to be looked at, and not kept up to date. */
  shareTables(): void {
    const mine = this.own().map(({ node, words, direct }) => ({ node, words, direct }));
    const others = this.crew.gather(mine).filter((_, thread) => thread !== this.crew.me);
    for (const { node, words, direct } of others.flat()) this.stations[node]?.copyTables(words, direct);
  }

  /**
   * Compares all words and labels with what the checker knows, and walks all graphs from end to end: what incremental checks could have missed.
   */
  sweep(): void {
    for (const station of this.own()) {
      for (const [slot, word] of station.words) {
        const [trafficClass, layer, byte] = [slot >>> 10, ((slot >>> 8) & 3) + 1, slot & 255];
        const [primary, backup] = linksOf(word);
        this.#show(station, trafficClass, layer, byte, primary, backup);
        const { label } = station.router.entry(layer, byte, trafficClass);
        this.#share.watch.setLabel(station.vertex, trafficClass, layer, byte, label);
      }
      this.#share.watch.settle(station.vertex);
    }
    this.#share.exchange();
    this.checker.checkAll();
  }
}
