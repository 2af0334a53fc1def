import type { NodeId } from '../../kit/node-id.js';
import { TrafficClass } from '../../wire/network-header.js';
import type { RouteStatus } from '../io.js';
import { LinkCosts, type LinkQuality } from '../routing/link-quality.js';
import { isNotablyBetter } from '../routing/metric.js';
import type { NeighbourWay, Router, RouterOutput } from '../routing/router.types.js';

/** A link to a relay. */
interface Uplink {
  readonly link: number;
  readonly relay: NodeId;
  quality: LinkQuality;
}

/**
 * The routing of a leaf: everything goes to a relay. The nearest one is used and the next one stands by; another takes its place only when it
 * is nearer by more than 10 % and 2 ms, as for any route (R6). Nobody hears of it, for a leaf says nothing in routing, and nobody's
 * next hop is a leaf but to itself; so what it chooses cannot close a circle.
 */
export class LeafUplinks implements Router {
  readonly #uplinks = new Map<number, Uplink>();
  readonly #outputs: RouterOutput[] = [];
  #primary: Uplink | undefined;
  #backup: Uplink | undefined;

  linkUp(link: number, relay: NodeId, quality: LinkQuality): void {
    this.#uplinks.set(link, { link, relay, quality });
    this.#choose();
  }

  linkDown(link: number): void {
    if (this.#uplinks.delete(link)) this.#choose();
  }

  linkQuality(link: number, quality: LinkQuality): void {
    const uplink = this.#uplinks.get(link);
    if (!uplink) return;
    uplink.quality = quality;
    this.#choose();
  }

  /** Nobody links with a leaf but relays. */
  leafUp(): void {}

  /** Relays know better than to send one. */
  handleSync(): boolean {
    return false;
  }

  handleTimeout(): void {}

  nextTimeout(): number {
    return Infinity;
  }

  poll(): RouterOutput | undefined {
    return this.#outputs.shift();
  }

  routes(): RouteStatus[] {
    if (!this.#primary) return [];
    const { relay, quality } = this.#primary;
    const cost = { rtt: quality.rtt, cost: undefined, loss: undefined, bandwidth: undefined };
    return [{ layer: 0, byte: 0, trafficClass: 0, nextHop: relay, backup: this.#backup?.relay, ...cost, hops: 1 }];
  }

  /** A relay knows more; what it says is not known here. */
  ways(): NeighbourWay[] {
    return [...this.#uplinks.values()].map(({ link, relay, quality }) => {
      return { link, peer: relay, quality, rest: { rttMs: 0, cost: 0 } };
    });
  }

  /** All goes to the nearest relay: there is nothing to explain. */
  explain(): undefined {
    return undefined;
  }

  entry(): { label: undefined; primary: number; backup: number } {
    return { label: undefined, primary: this.#primary?.link ?? 0, backup: this.#backup?.link ?? 0 };
  }

  #choose(): void {
    const current = this.#primary && this.#uplinks.get(this.#primary.link);
    const best = nearest(this.#uplinks.values(), undefined);
    const primary = current && best && !isNearer(best, current) ? current : best;
    const backup = nearest(this.#uplinks.values(), primary);
    if (primary === this.#primary && backup === this.#backup) return;
    this.#primary = primary;
    this.#backup = backup;
    this.#outputs.push({ kind: 'defaultRoute', primary: primary?.link ?? 0, backup: backup?.link ?? 0 });
  }
}

function isNearer(candidate: Uplink, current: Uplink): boolean {
  return isNotablyBetter(TrafficClass.LowLatency, latencyCost(candidate), latencyCost(current));
}

const latencyCost = ({ quality }: Uplink): number => new LinkCosts(quality).byClass[TrafficClass.LowLatency] as number;

function nearest(uplinks: Iterable<Uplink>, except: Uplink | undefined): Uplink | undefined {
  let best: Uplink | undefined;
  for (const uplink of uplinks)
    if (uplink !== except && (!best || uplink.quality.rtt < best.quality.rtt)) best = uplink;
  return best;
}
