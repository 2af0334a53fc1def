/** What happens to a small network of routers: drawn one by one while it runs, all from one sequence of chance. */
import { formatNodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { type End, type LinkWorth, type PlanetLink } from '../planet/link.js';
import type { PlanetWorld } from '../planet/planet-world.js';

/** Each concerns the whole network, so that more of them would leave nothing to route in. */
const MOST_PARTITIONS = 5;
/** One crash in so many is for good. */
const FOR_GOOD = 10;

/** What the faults of a kind begin with, of 100. */
const KINDS = [
  { upTo: 25, name: 'flap' },
  { upTo: 32, name: 'oneWay' },
  { upTo: 54, name: 'crash' },
  { upTo: 58, name: 'partition' },
  { upTo: 86, name: 'metrics' },
  { upTo: 93, name: 'loss' },
  { upTo: 100, name: 'reorder' },
] as const;

/** Loss, cost and bandwidth that have nothing to do with each other nor with delay: each class sees another network. */
export function randomWorth(random: Random): LinkWorth {
  const bandwidth = random.chance(0.3) ? 0 : 2 ** random.below(14);
  return { loss: random.chance(0.5) ? 0 : 0.3 * random.unit(), cost: random.below(20), bandwidth };
}

export class RouterFaults {
  readonly #world: PlanetWorld;
  readonly #random: Random;
  readonly #onFault: (text: string) => void;
  /** Nodes that never return. */
  readonly #gone = new Set<number>();
  /** What is to be undone when the faults are over. */
  readonly #open = new Set<() => void>();
  #partitions = 0;

  constructor(world: PlanetWorld, random: Random, onFault: (text: string) => void) {
    this.#world = world;
    this.#random = random;
    this.#onFault = onFault;
  }

  /** `count` faults begin at random times between these, ms. */
  schedule(count: number, from: number, until: number): void {
    const times = Array.from({ length: count }, () => this.#between(from, until)).sort((a, b) => a - b);
    for (const time of times) this.#world.queue.at(time, () => this.#begin());
  }

  /** All that can be mended is, at once: changed metrics stay, and the dead stay dead. */
  heal(): void {
    for (const undo of this.#open) undo();
    for (const node of this.#world.stations.keys()) if (!this.#gone.has(node)) this.#world.start(node);
  }

  #begin(): void {
    const draw = this.#random.below(100);
    const kind = KINDS.find(({ upTo }) => draw < upTo) ?? KINDS[0];
    switch (kind.name) {
      case 'flap':
        return this.#cut([this.#link()], [0, 1], this.#between(50, 4000));
      case 'oneWay':
        return this.#cut([this.#link()], [this.#random.chance(0.5) ? 0 : 1], this.#between(200, 4000));
      case 'crash':
        return this.#crash();
      case 'partition':
        return this.#partition();
      case 'metrics':
        return this.#metrics();
      case 'loss':
        return this.#disturb('drop', this.#between(0.05, 0.3));
      case 'reorder':
        return this.#disturb('detour', this.#between(20, 400));
      default:
        return kind satisfies never;
    }
  }

  #cut(links: readonly PlanetLink[], ends: readonly End[], duration: number): void {
    const what = links.length === 1 ? this.#name(links[0]) : `${links.length} links`;
    this.#onFault(`${what} ${ends.length === 1 ? 'cut in one direction' : 'cut'} for ${duration.toFixed(0)} ms`);
    for (const link of links) this.#world.cut(link, ends);
    this.#during(duration, () => {
      for (const link of links) this.#world.mend(link, ends);
    });
  }

  /** Its state is lost; it may return before its neighbours have noticed. */
  #crash(): void {
    const alive = this.#world.live();
    const { node, id } = alive[this.#random.below(alive.length)] ?? {};
    if (node === undefined || id === undefined || alive.length <= 2) return;
    this.#world.crash(node);
    if (this.#random.below(FOR_GOOD) === 0) {
      this.#gone.add(node);
      this.#onFault(`${formatNodeId(id)} crashes for good`);
      return;
    }
    const away = this.#between(50, 5000);
    this.#onFault(`${formatNodeId(id)} crashes, and returns after ${away.toFixed(0)} ms`);
    this.#world.queue.after(away, () => this.#world.start(node));
  }

  #partition(): void {
    if (this.#partitions++ >= MOST_PARTITIONS) return this.#metrics();
    const side = this.#world.stations.map(() => this.#random.chance(0.5));
    const crossing = this.#world.links.filter(({ nodes: [a, b] }) => side[a] !== side[b]);
    this.#cut(crossing, [0, 1], this.#between(500, 4000));
  }

  /** The round trip times 0.2 to 5, or everything else anew, or both. */
  #metrics(): void {
    const link = this.#link();
    const way = this.#random.below(3);
    const factor = way === 1 ? 1 : 0.2 * 25 ** this.#random.unit();
    const worth = way === 0 ? link.worth : randomWorth(this.#random);
    // A thousandth to ten seconds, however often it happens to one link.
    const rtt = Math.min(10_000, Math.max(0.1, factor * link.rtt));
    const others = `loss ${worth.loss.toFixed(2)}, cost ${worth.cost}, ${worth.bandwidth} Mbit/s`;
    this.#onFault(`${this.#name(link)} takes ${rtt.toFixed(1)} ms, ${others}`);
    this.#world.setQuality(link, rtt, worth);
  }

  /** Four links in ten lose datagrams, or let them overtake each other. */
  #disturb(what: 'drop' | 'detour', amount: number): void {
    const links = this.#world.links.filter(() => this.#random.chance(0.4));
    const duration = this.#between(500, 5000);
    const effect = what === 'drop' ? `lose ${(100 * amount).toFixed(0)} %` : `delay by up to ${amount.toFixed(0)} ms`;
    this.#onFault(`${links.length} links ${effect} for ${duration.toFixed(0)} ms`);
    for (const link of links) link[what] = amount;
    this.#during(duration, () => {
      for (const link of links) link[what] = 0;
    });
  }

  #during(duration: number, undo: () => void): void {
    const once = () => {
      if (this.#open.delete(once)) undo();
    };
    this.#open.add(once);
    this.#world.queue.after(duration, once);
  }

  #link(): PlanetLink {
    const { links } = this.#world;
    return links[this.#random.below(links.length)] as PlanetLink;
  }

  #name(link: PlanetLink | undefined): string {
    return (link?.nodes ?? []).map((node) => formatNodeId(this.#world.plan.ids[node] as number)).join(' - ');
  }

  #between(low: number, high: number): number {
    return low + this.#random.unit() * (high - low);
  }
}
