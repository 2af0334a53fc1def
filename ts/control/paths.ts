/**
 * Paths that are more than a next hop: looked for by limits (query), kept by labels (pins), and looked for unasked where they help own traffic (optimiser). One
 * object a node; what it says goes by the links of the node and its outbox.
 */
import { idByte, LAYERS, type NodeId, sharedBytes } from '../kit/node-id.js';
import type { QueryMessage } from '../wire/control.js';
import type { PinMessage } from '../wire/pins.js';
import type { SearchLimits } from '../wire/route-query.js';
import type { DirectOutput } from './io.js';
import type { Neighbours } from './neighbours/neighbours.js';
import type { FlowSample, OwnLink, OwnPin } from './optimiser/optimiser.types.js';
import { OwnPaths } from './optimiser/own-paths.js';
import type { Outbox } from './outbox.js';
import { PinnedPaths } from './pins/pinned-paths.js';
import { type PinOrder, RoutePins } from './pins/route-pins.js';
import type { QueryLink } from './query/candidates.js';
import { measureOf } from './query/limits.js';
import { type Memory, type QueryResult, RouteQueries } from './query/queries.js';
import type { LinkQuality } from './routing/link-quality.js';
import type { Router } from './routing/router.types.js';

/** Messages about paths. */
export type PathMessage = QueryMessage | PinMessage;

export interface PathsHost {
  readonly self: NodeId;
  readonly router: Router;
  readonly outbox: Outbox;
  /** The link to a leaf of this node. */
  leaf(id: NodeId): LinkQuality | undefined;
  /** What a live link was last measured to be; undefined: it is none. */
  quality(link: number): LinkQuality | undefined;
  /** The live link to a neighbour or leaf; 0: there is none. */
  linkTo(peer: NodeId): number;
  peerAt(link: number): NodeId | undefined;
  /** Nodes with which there may be links for as long as flows last. */
  readonly neighbours: Pick<Neighbours, 'addressesOf' | 'measure' | 'makeFlowLink' | 'endFlowLink'>;
  /** Packets are led to the link from here on. */
  expectData(link: number, now: number): void;
  send(link: number, message: PathMessage): void;
  /** A random number of 64 bits. */
  randomId(): bigint;
}

export interface PathsOptions {
  /** Paths that may be pinned through this node and from it. */
  readonly labels: number;
  /** A random number. */
  readonly firstGeneration: number;
  /** Whether flows that last are looked after. */
  readonly optimise: boolean;
}

/** Whose query it is: one number space holds the numbers of all. */
const Asker = { Command: 0, Order: 1, Own: 2 } as const;
const ASKERS = 3;

export class Paths {
  readonly #host: PathsHost;
  readonly #queries: RouteQueries;
  readonly #pinned: PinnedPaths;
  readonly #orders: RoutePins;
  readonly #own: OwnPaths;
  readonly #directs = new Map<NodeId, Pick<DirectOutput, 'link' | 'classes'>>();
  readonly #timed: readonly Pick<OwnPaths, 'nextTimeout' | 'handleTimeout'>[];
  #now = 0;

  constructor(host: PathsHost, { labels, firstGeneration, optimise }: PathsOptions) {
    const { self, outbox } = host;
    this.#host = host;
    const peerAt = (link: number) => host.peerAt(link);
    const send = (link: number, message: PathMessage) => host.send(link, message);
    const randomId = () => host.randomId();
    this.#queries = new RouteQueries({
      self,
      links: (destination) => this.#ways(destination),
      next: (destination, trafficClass) => this.#next(destination, trafficClass),
      leaf: (leaf) => {
        const quality = host.leaf(leaf);
        return quality && measureOf(quality);
      },
      peerAt,
      addressesOf: (neighbour) => host.neighbours.addressesOf(neighbour),
      send,
      result: (tagged, result) => this.#handleResult(tagged % ASKERS, Math.floor(tagged / ASKERS), result),
      randomId,
    });
    this.#pinned = new PinnedPaths(
      {
        self,
        linkTo: (peer) => host.linkTo(peer),
        peerAt,
        rttOf: (link) => host.quality(link)?.rtt ?? 0,
        send,
        output: (output) => {
          outbox.push(output);
          if (output.kind === 'pinInstall') host.expectData(output.outLink, this.#now);
        },
        news: (id, news, rttMs) => {
          if (!this.#own.handleNews(id, news, rttMs)) this.#orders.handleNews(id, news, this.#now);
        },
      },
      { capacity: labels, firstGeneration },
    );
    this.#orders = new RoutePins({
      ask: (number, destination, limits, now) => this.#ask(Asker.Order, number, destination, limits, now, 'answers'),
      paths: this.#pinned,
      randomId,
      changed: ({ number, destination }, state) => outbox.event({ type: 'pinChanged', number, destination, state }),
    });
    this.#own = new OwnPaths(
      {
        paths: this.#pinned,
        randomId,
        follow: (number, ...what) => this.#queries.follow(number * ASKERS + Asker.Own, ...what),
        ask: (number, destination, limits, now) => this.#ask(Asker.Own, number, destination, limits, now, 'none'),
        isTaken: (destination) => this.#orders.has(destination),
        direct: (destination) => {
          const quality = host.quality(host.linkTo(destination));
          return quality && measureOf(quality);
        },
        measure: (...what) => host.neighbours.measure(...what),
        connect: (...what) => host.neighbours.makeFlowLink(...what),
        disconnect: (...what) => host.neighbours.endFlowLink(...what),
        now: () => this.#now,
      },
      { optimise },
    );
    this.#timed = [this.#queries, this.#pinned, this.#orders, this.#own];
  }

  find(number: number, destination: NodeId, limits: SearchLimits, now: number): void {
    this.#now = now;
    this.#ask(Asker.Command, number, destination, limits, now);
  }

  /** From here on until {@link unpin}; it has precedence over what this node has pinned of its own accord. */
  pin(order: PinOrder, now: number): void {
    this.#now = now;
    this.#own.release(order.destination, now);
    this.#orders.pin(order, now);
  }

  unpin(number: number): void {
    this.#orders.unpin(number);
  }

  /** Packets for a neighbour itself go straight to it in these classes (R22). */
  noteDirect({ neighbour, link, classes }: DirectOutput): void {
    if (classes === 0) this.#directs.delete(neighbour);
    else this.#directs.set(neighbour, { link, classes });
  }

  /** Where own traffic has gone since the last time. */
  handleFlows(samples: readonly FlowSample[], now: number): void {
    this.#now = now;
    this.#own.handleFlows(samples, now);
  }

  /** The node `at` (0: this one) had no route for a packet that started here. */
  unreachable(destination: NodeId, trafficClass: number, at: NodeId, now: number): void {
    this.#now = now;
    this.#own.unreachable(destination, trafficClass, at, now);
  }

  /** Where packets from here go first that are not pinned; undefined: nowhere. */
  nextHop(destination: NodeId, trafficClass: number): NodeId | undefined {
    return this.#host.leaf(destination) ? destination : this.#next(destination, trafficClass)?.peer;
  }

  /** What this node has pinned of its own accord. */
  ownPins(): OwnPin[] {
    return this.#own.pins();
  }

  /** Links that this node has made for flows. */
  ownLinks(): OwnLink[] {
    return this.#own.links();
  }

  /** How far a node is that there is no link with; undefined: nobody has answered. */
  handleMeasured(destination: NodeId, rttMs: number | undefined, now: number): void {
    this.#now = now;
    this.#own.handleMeasured(destination, rttMs, now);
  }

  /** A link for a flow is no more, or never comes. */
  flowLinkGone(destination: NodeId, now: number): void {
    this.#now = now;
    this.#own.handleLinkGone(destination, now);
  }

  /** No worker can use the label any more. */
  handlePinFree(label: number): void {
    this.#pinned.handlePinFree(label);
  }

  /** Returns false when the message breaks the protocol. */
  handle(link: number, message: PathMessage, now: number): boolean {
    this.#now = now;
    switch (message.kind) {
      case 'routeQuery':
      case 'routeAnswer':
      case 'routeRefusal':
        return this.#queries.handle(link, message, now);
      default:
        return this.#pinned.handle(link, message, now);
    }
  }

  linkUp(peer: NodeId, now: number): void {
    this.#now = now;
    this.#own.handleLinkUp(peer, now);
  }

  linkDown(link: number, peer: NodeId, now: number): void {
    this.#now = now;
    this.#queries.linkDown(link, peer, now);
    this.#pinned.linkDown(link);
  }

  handleTimeout(now: number): void {
    this.#now = now;
    for (const part of this.#timed) if (part.nextTimeout() <= now) part.handleTimeout(now);
  }

  nextTimeout(): number {
    let next = Infinity;
    for (const part of this.#timed) next = Math.min(next, part.nextTimeout());
    return next;
  }

  #ask(asker: number, number: number, destination: NodeId, limits: SearchLimits, now: number, memory?: Memory): void {
    this.#host.outbox.count('routeQueries');
    this.#queries.ask(number * ASKERS + asker, destination, limits, now, memory);
  }

  #handleResult(asker: number, number: number, result: QueryResult): void {
    if (asker === Asker.Order) this.#orders.handleResult(number, result, this.#now);
    else if (asker === Asker.Own) this.#own.handleResult(number, result, this.#now);
    else this.#host.outbox.event({ type: 'routeResult', number, result });
  }

  /** What neighbours say is damped; what a path is worth is measured now. */
  #ways(destination: NodeId): QueryLink[] {
    const { router } = this.#host;
    return router.ways(destination).map(({ link, peer, quality, rest }) => {
      return { link, peer, measure: measureOf(this.#host.quality(link) ?? quality), rest };
    });
  }

  /** Where the direct table and the forwarding table lead. */
  #next(destination: NodeId, trafficClass: number): Omit<QueryLink, 'rest'> | undefined {
    const { self, router } = this.#host;
    const layer = LAYERS[sharedBytes(self, destination)];
    if (layer === undefined) return undefined;
    const direct = this.#directs.get(destination);
    const isDirect = direct !== undefined && ((direct.classes >>> trafficClass) & 1) === 1;
    const link = isDirect ? direct.link : router.entry(layer, idByte(destination, layer), trafficClass).primary;
    const peer = this.#host.peerAt(link);
    const quality = this.#host.quality(link);
    return peer !== undefined && quality ? { link, peer, measure: measureOf(quality) } : undefined;
  }
}
