/**
 * Paths that are more than a next hop: looked for by limits (query), kept by labels (pins). One object a node; what it says goes by the links of the node and its
 * outbox.
 */
import type { NodeId } from '../kit/node-id.js';
import type { RouteLimits } from '../wire/route-query.js';
import type { LinkMessage } from './links/links.js';
import type { Outbox } from './outbox.js';
import { PinnedPaths } from './pins/pinned-paths.js';
import { type PinOrder, RoutePins } from './pins/route-pins.js';
import { measureOf } from './query/limits.js';
import { RouteQueries } from './query/queries.js';
import type { LinkQuality } from './routing/link-quality.js';
import type { Router } from './routing/router.types.js';

/** Messages about paths. */
export type PathMessage = Exclude<LinkMessage, { kind: 'routingSync' }>;

export interface PathsHost {
  readonly self: NodeId;
  readonly router: Router;
  readonly outbox: Outbox;
  /** The link to a leaf of this node. */
  leaf(id: NodeId): LinkQuality | undefined;
  /** The live link to a neighbour or leaf; 0: there is none. */
  linkTo(peer: NodeId): number;
  peerAt(link: number): NodeId | undefined;
  /** Packets are led to the link from here on. */
  expectData(link: number, now: number): void;
  send(link: number, message: PathMessage): void;
  /** A random number of 64 bits. */
  randomId(): bigint;
}

export class Paths {
  readonly #queries: RouteQueries;
  readonly #pinned: PinnedPaths;
  readonly #orders: RoutePins;
  #now = 0;

  /** `labels`: paths that may be pinned through this node and from it; `firstGeneration`: any number, a random one. */
  constructor(host: PathsHost, labels: number, firstGeneration: number) {
    const { self, router, outbox } = host;
    const peerAt = (link: number) => host.peerAt(link);
    const send = (link: number, message: PathMessage) => host.send(link, message);
    const randomId = () => host.randomId();
    this.#queries = new RouteQueries({
      self,
      links: (destination) =>
        router.ways(destination).map(({ quality, ...way }) => ({ ...way, measure: measureOf(quality) })),
      leaf: (leaf) => {
        const quality = host.leaf(leaf);
        return quality && measureOf(quality);
      },
      peerAt,
      send,
      // Searches of orders have negative numbers.
      result: (number, result) => {
        if (number < 0) this.#orders.handleResult(-number, result, this.#now);
        else outbox.event({ type: 'routeResult', number, result });
      },
      randomId,
    });
    this.#pinned = new PinnedPaths(
      {
        self,
        linkTo: (peer) => host.linkTo(peer),
        peerAt,
        send,
        output: (output) => {
          outbox.push(output);
          if (output.kind === 'pinInstall') host.expectData(output.outLink, this.#now);
        },
        news: (id, news) => this.#orders.handleNews(id, news, this.#now),
      },
      { capacity: labels, firstGeneration },
    );
    this.#orders = new RoutePins({
      ask: (number, destination, limits, now) => this.#queries.ask(-number, destination, limits, now, true),
      paths: this.#pinned,
      randomId,
      changed: ({ number, destination }, state) => outbox.event({ type: 'pinChanged', number, destination, state }),
    });
  }

  find(number: number, destination: NodeId, limits: RouteLimits, now: number): void {
    this.#now = now;
    this.#queries.ask(number, destination, limits, now);
  }

  pin(order: PinOrder, now: number): void {
    this.#now = now;
    this.#orders.pin(order, now);
  }

  unpin(number: number): void {
    this.#orders.unpin(number);
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

  linkDown(link: number, peer: NodeId, now: number): void {
    this.#now = now;
    this.#queries.linkDown(link, peer, now);
    this.#pinned.linkDown(link);
  }

  handleTimeout(now: number): void {
    this.#now = now;
    if (this.#queries.nextTimeout() <= now) this.#queries.handleTimeout(now);
    if (this.#pinned.nextTimeout() <= now) this.#pinned.handleTimeout(now);
    if (this.#orders.nextTimeout() <= now) this.#orders.handleTimeout(now);
  }

  nextTimeout(): number {
    return Math.min(this.#queries.nextTimeout(), this.#pinned.nextTimeout(), this.#orders.nextTimeout());
  }
}
