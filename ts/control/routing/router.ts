/**
 * The routing protocol of one node, put together from its parts. docs/routing.md has the rules (R1 to R22) and why the
 * next hops of all nodes never form a cycle.
 *
 * ```
 *  RoutingSync ──▶ sync-receiver ──▶ decision ──▶ forwarding table (route outputs)
 *                   (Adj-in)           │  strikes, selection, requests
 *                                      ▼
 *  RoutingSync ◀── sync-sender ◀──── what is said of each slot now (slots, own zone)
 *                   (Adj-out)
 * ```
 */
import { invariant } from '../../kit/assert.js';
import { idByte, LAYERS, type Layer, type NodeId } from '../../kit/node-id.js';
import type { RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import type { RouteStatus } from '../io.js';
import { LeafOrigins } from '../leaves/leaf-origins.js';
import type { Advertised } from './adjacency-out.js';
import { Decision } from './decision.js';
import { isNone } from './label.js';
import { type LinkQuality, routeCost } from './link-quality.js';
import { TRAFFIC_CLASSES } from './metric.js';
import type { Neighbour } from './neighbour.js';
import { OwnZone } from './own-zone.js';
import type { Label, NeighbourWay, Router, RouterOptions, RouterOutput } from './router.types.js';
import { safetyRules } from './safety-rules.js';
import { Sessions } from './sessions.js';
import { advertised, keyByte, keyClass, keyLayer, slotKey } from './slot-state.js';
import { RoutingState } from './state.js';
import { SyncBuilder } from './sync-builder.js';
import { SyncReceiver } from './sync-receiver.js';
import type { SenderHost } from './sync-sender.js';
import { waysTo } from './ways.js';
import { explainRoute, type RouteExplanation } from './why.js';

export function createRouter(options: RouterOptions): Router {
  return new LabelRouter(options);
}

class LabelRouter implements Router {
  readonly #state: RoutingState;
  readonly #decision: Decision;
  readonly #ownZone: OwnZone;
  readonly #sessions: Sessions;
  readonly #leaves: LeafOrigins;
  readonly #receiver: SyncReceiver;
  readonly #builder = new SyncBuilder();

  constructor(options: RouterOptions) {
    const { self, rules, random, onLabel, classes = TRAFFIC_CLASSES.length } = options;
    this.#state = new RoutingState(self, safetyRules(rules), random, onLabel, classes, options.bootSeconds);
    this.#decision = new Decision(this.#state);
    this.#ownZone = new OwnZone(self, options.bootSeconds, classes, this.#state.seqnos, (key, now) =>
      this.#ownZoneChanged(key, now),
    );
    this.#sessions = new Sessions(this.#state, this.#decision, (neighbour) => this.#senderHost(neighbour));
    this.#leaves = new LeafOrigins(this.#state, this.#decision, options.bootSeconds);
    this.#receiver = new SyncReceiver(this.#state, this.#decision, this.#ownZone, this.#leaves);
  }

  linkUp(link: number, peer: NodeId, quality: LinkQuality, now: number): void {
    invariant(peer !== this.#state.self, 'a neighbour is another node');
    invariant(!this.#state.neighbours.has(link), 'a link is down before it comes up again');
    const neighbour = this.#sessions.up(link, peer, quality, now);
    this.#ownZone.neighboursChanged(this.#countMates(), now);
    for (const layer of LAYERS)
      for (const trafficClass of TRAFFIC_CLASSES)
        this.#refresh(neighbour, slotKey(trafficClass, layer, idByte(this.#state.self, layer)), now);
    for (const slot of this.#state.slots.all()) this.#refresh(neighbour, slot.key, now);
  }

  leafUp(link: number, leaf: NodeId, quality: LinkQuality, now: number): void {
    this.#leaves.up(link, leaf, quality, now);
  }

  linkDown(link: number, now: number): void {
    if (this.#leaves.down(link, now)) return;
    const neighbour = this.#state.neighbours.get(link);
    if (!neighbour) return;
    this.#sessions.down(neighbour, now);
    this.#ownZone.neighboursChanged(this.#countMates(), now);
  }

  linkQuality(link: number, quality: LinkQuality, now: number): void {
    const neighbour = this.#state.neighbours.get(link);
    if (!neighbour) return this.#leaves.measure(link, quality, now);
    const changed = neighbour.measure(quality);
    if (changed === 0) return;
    for (const key of neighbour.adverts.keys()) {
      if ((changed & (1 << keyClass(key))) === 0) continue;
      const slot = this.#state.slots.get(key);
      if (slot) this.#decision.evaluate(slot, 'link', now);
    }
    this.#state.inner.costsChanged(neighbour);
  }

  handleSync(link: number, message: RoutingSync, now: number): boolean {
    const neighbour = this.#state.neighbours.get(link);
    if (!neighbour) return true; // the session ended while the frame waited
    return this.#receiver.handle(neighbour, message, now);
  }

  handleTimeout(now: number): void {
    const { slots, slotTimers, senderTimers, neighbours, outputs } = this.#state;
    if (this.#ownZone.nextTimeout() <= now) this.#ownZone.handleTimeout(slots, now);
    for (let slot = slotTimers.pop(now); slot; slot = slotTimers.pop(now)) this.#decision.evaluate(slot, 'timer', now);
    for (let neighbour = senderTimers.pop(now); neighbour; neighbour = senderTimers.pop(now)) {
      if (neighbours.get(neighbour.link) !== neighbour) continue;
      const message = neighbour.sender.step(now);
      if (message) outputs.push({ kind: 'sync', link: neighbour.link, message });
    }
  }

  nextTimeout(): number {
    const { slotTimers, senderTimers } = this.#state;
    return Math.min(slotTimers.next(), senderTimers.next(), this.#ownZone.nextTimeout());
  }

  poll(): RouterOutput | undefined {
    return this.#state.outputs.shift();
  }

  routes(): RouteStatus[] {
    const routes: RouteStatus[] = [];
    for (const slot of this.#state.slots.all()) {
      const { trafficClass, layer, byte, primary, backup, metric, hops } = slot;
      const fallback = primary ? undefined : this.#state.neighbours.get(slot.link);
      const way = fallback ? { metric: fallback.costs[trafficClass] as number, hops: 1 } : { metric, hops };
      const nextHop = fallback?.peer ?? primary?.neighbour.peer;
      if (nextHop === undefined) continue;
      const second = backup?.neighbour.peer ?? this.#state.neighbours.get(slot.backupLink)?.peer;
      const cost = routeCost(trafficClass, way.metric, way.hops);
      routes.push({ layer, byte, trafficClass, nextHop, backup: second, ...cost, hops: way.hops });
    }
    return routes.sort((a, b) => a.trafficClass - b.trafficClass || a.layer - b.layer || a.byte - b.byte);
  }

  ways(destination: NodeId): NeighbourWay[] {
    return waysTo(this.#state.self, destination, this.#state.neighbours.values());
  }

  explain(destination: NodeId, trafficClass: number, now: number): RouteExplanation | undefined {
    return explainRoute(this.#state, destination, trafficClass, now);
  }

  entry(
    layer: number,
    byte: number,
    trafficClass: number,
  ): { label: Label | undefined; primary: number; backup: number } {
    const slot = this.#state.slots.get(slotKey(trafficClass, layer as Layer, byte));
    if (!slot) return { label: undefined, primary: 0, backup: 0 };
    const { seqno, distance, link, backupLink } = slot;
    return { label: isNone(slot) ? undefined : { seqno, distance }, primary: link, backup: backupLink };
  }

  #senderHost(neighbour: Neighbour): SenderHost {
    const { slots, senderTimers, random, self } = this.#state;
    const isOwn = (key: number) => idByte(self, keyLayer(key)) === keyByte(key);
    return {
      builder: this.#builder,
      random,
      rtt: () => neighbour.rtt,
      bandwidth: () => neighbour.quality.bandwidth,
      wake: (due) => senderTimers.schedule(neighbour, due),
      isSharedZone: (key) => isOwn(key) && keyLayer(key) <= neighbour.shared,
      needsRequest: (key) => {
        const slot = slots.get(key);
        if (slot === undefined) return false;
        return (
          slot.primary === undefined ||
          slot.pending !== undefined ||
          slot.optimiseAt < Infinity ||
          slot.makeAt < Infinity ||
          slot.restoreAt < Infinity
        );
      },
      wanted: (key) => (isOwn(key) ? this.#wantedOwn(neighbour, key) : this.#wantedRoute(neighbour, key)),
    };
  }

  /** R2: outside the zone this node is an origin; a zone-mate learns the sequence number, once for all classes. */
  #wantedOwn(neighbour: Neighbour, key: number): Advertised | undefined {
    const layer = keyLayer(key);
    if (layer > neighbour.shared) return this.#ownZone.asOrigin(layer, keyClass(key));
    return keyClass(key) === 0 ? this.#ownZone.asMate(layer) : undefined;
  }

  #wantedRoute(neighbour: Neighbour, key: number): Advertised | undefined {
    const slot = this.#state.slots.get(key);
    return slot && advertised(slot, neighbour);
  }

  #refresh(neighbour: Neighbour, key: number, now: number): void {
    const layer = keyLayer(key);
    const isMates =
      keyClass(key) === 0 && layer <= neighbour.shared && keyByte(key) === idByte(this.#state.self, layer);
    if (isMates || neighbour.carries(layer, keyByte(key))) neighbour.sender.refresh(key, now);
  }

  #ownZoneChanged(key: number, now: number): void {
    for (const neighbour of this.#state.neighbours.values()) this.#refresh(neighbour, key, now);
  }

  /** How many neighbours share the leading bytes up to each layer. */
  #countMates(): number[] {
    const mates = [0, 0, 0, 0, 0];
    for (const { shared } of this.#state.neighbours.values())
      for (let layer = 1; layer <= shared; layer++) mates[layer] = (mates[layer] as number) + 1;
    return mates;
  }
}
