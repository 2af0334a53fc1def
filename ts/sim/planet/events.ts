/** What happens to a planet, by name. Each begins at a time, and ends by itself or by {@link PlanetEvents.heal}. */
import { MOST_COST } from '../../control/routing/link-quality.js';
import type { Random } from '../../kit/random.js';
import { BurstLoss } from './burst-loss.js';
import type { LinkWorth, PlanetLink } from './link.js';
import type { PlanetWorld } from './planet-world.js';
import type { RttSpace } from './rtt-space.js';

export const PLANET_EVENTS = ['outage', 'cable', 'flap', 'noise', 'loss', 'congestion', 'prices'] as const;
export type PlanetEventName = (typeof PLANET_EVENTS)[number];

/** A cable that is cut: the way around takes so many times as long. */
const CABLE_FACTOR = 5;
/** A flapping link is down and up for so long each, ms. */
const FLAP_DOWN_MS = 700;
const FLAP_UP_MS = 1500;
/** Of every link's measured round trip, as a share: 10 to 20 % is usual. */
const NOISE = 0.2;
const BURSTS = { goodMs: 4000, badMs: 400, loss: 0.5 } as const;
/** A congested link: one in so many, with this share of its bandwidth, and up to so much more loss. */
const CONGESTED = 10;
const CONGESTED_SHARE = 0.1;
const CONGESTED_LOSS = 0.05;
/** What a region's carriers ask for, times. */
const PRICE_FACTOR = 4;
/** A node that churns is away for so long at most, ms. */
const MOST_AWAY_MS = 10_000;

export class PlanetEvents {
  readonly #world: PlanetWorld;
  readonly #random: Random;
  /** What is to be undone. */
  readonly #undo: (() => void)[] = [];
  #space: RttSpace;
  #isOver = false;

  constructor(world: PlanetWorld, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#space = world.plan.space;
  }

  /** Begins the event now; a sentence about it. */
  begin(name: PlanetEventName): string {
    switch (name) {
      case 'outage':
        return this.#outage();
      case 'cable':
        return this.#cable();
      case 'flap':
        return this.#flap();
      case 'noise':
        return this.#noise();
      case 'loss':
        return this.#loss();
      case 'congestion':
        return this.#congestion();
      case 'prices':
        return this.#prices();
      default:
        return name satisfies never;
    }
  }

  /** Nodes crash and return, `perMinute` of all (0..1), at random times until `until`; each is away for up to ten seconds. */
  churn(perMinute: number, until: number): void {
    const { queue, stations } = this.#world;
    if (perMinute === 0) return;
    const gap = (-60_000 / (perMinute * stations.length)) * Math.log(1 - this.#random.unit());
    if (queue.now + gap > until) return;
    queue.after(gap, () => {
      const node = this.#random.below(stations.length);
      if (this.#world.isAlive(node)) this.#away(node, 1000 + (MOST_AWAY_MS - 1000) * this.#random.unit());
      this.churn(perMinute, until);
    });
  }

  /** The network below has these round-trip times from now on. */
  replaceSpace(space: RttSpace): void {
    this.#space = space;
    for (const link of this.#world.links) {
      const rtt = space.rtt(...link.nodes);
      // A pair that was not measured this time keeps what it had.
      if (rtt !== Number.POSITIVE_INFINITY) this.#world.setRtt(link, rtt);
    }
  }

  /** Faults are over: all nodes live, links are whole and lose nothing, cables are mended. */
  heal(): void {
    this.#isOver = true;
    for (const undo of this.#undo.splice(0)) undo();
    for (const node of this.#world.stations.keys()) this.#world.start(node);
  }

  #away(node: number, duration: number): void {
    this.#world.crash(node);
    this.#world.queue.after(duration, () => this.#world.start(node));
  }

  /** A whole zone of the first layer dies: one that is not the largest, so that most of the planet is there to see it. */
  #outage(): string {
    const zones = this.#regions();
    const zone = zones[Math.min(1, zones.length - 1)] as readonly number[];
    for (const node of zone) this.#world.crash(node);
    return `${zone.length} nodes of one region die`;
  }

  /** Between the two largest regions all links take five times as long. */
  #cable(): string {
    const [one, other] = this.#regions().map((nodes) => new Set(nodes));
    const crossing = this.#world.links.filter(
      ({ nodes: [a, b] }) => (one?.has(a) && other?.has(b)) || (one?.has(b) && other?.has(a)),
    );
    for (const link of crossing) this.#world.setRtt(link, CABLE_FACTOR * link.rtt);
    this.#undo.push(() => {
      for (const link of crossing) this.#world.setRtt(link, this.#space.rtt(...link.nodes));
    });
    return `a cable is cut: ${crossing.length} links between two regions take five times as long`;
  }

  /** One link in a hundred, one at least, goes down and up until the faults are over. */
  #flap(): string {
    const { links } = this.#world;
    const flapping = Array.from(
      { length: Math.ceil(links.length / 100) },
      () => links[this.#random.below(links.length)],
    );
    for (const link of new Set(flapping)) if (link) this.#down(link);
    return `${new Set(flapping).size} links flap`;
  }

  #down(link: PlanetLink): void {
    this.#world.cut(link);
    let isDown = true;
    const up = () => {
      if (isDown) this.#world.mend(link);
      isDown = false;
    };
    this.#undo.push(up);
    this.#world.queue.after(FLAP_DOWN_MS * (0.5 + this.#random.unit()), up);
    this.#world.queue.after(FLAP_DOWN_MS * 1.5 + FLAP_UP_MS * this.#random.unit(), () => {
      if (!this.#isOver) this.#down(link);
    });
  }

  #noise(): string {
    this.#world.probes.noise = NOISE;
    for (const link of this.#world.links) this.#world.probes.watch(link);
    this.#undo.push(() => {
      this.#world.probes.noise = 0;
    });
    return `every round trip varies by ${100 * NOISE} %`;
  }

  #loss(): string {
    const { links, queue } = this.#world;
    for (const link of links)
      link.loss = [
        new BurstLoss(BURSTS, this.#random.fork(), queue.now),
        new BurstLoss(BURSTS, this.#random.fork(), queue.now),
      ];
    this.#undo.push(() => {
      for (const link of links) link.loss = undefined;
    });
    return `links lose half of their datagrams for ${BURSTS.badMs} ms every ${BURSTS.goodMs} ms`;
  }

  #congestion(): string {
    const links = this.#world.links.filter(() => this.#random.below(CONGESTED) === 0);
    this.#rework(links, ({ loss, cost, bandwidth }) => ({
      loss: loss + CONGESTED_LOSS * this.#random.unit(),
      cost,
      bandwidth: bandwidth * CONGESTED_SHARE,
    }));
    return `${links.length} links are congested: a tenth of their bandwidth is left, and they lose up to ${100 * CONGESTED_LOSS} % more`;
  }

  /** All links of the largest region with others cost more. */
  #prices(): string {
    const region = new Set(this.#regions()[0]);
    const leaving = this.#world.links.filter(({ nodes: [a, b] }) => region.has(a) !== region.has(b));
    this.#rework(leaving, (worth) => ({ ...worth, cost: Math.min(MOST_COST, PRICE_FACTOR * worth.cost) }));
    return `${leaving.length} links that leave a region cost ${PRICE_FACTOR} times as much`;
  }

  /** Links are worth something else until the end. */
  #rework(links: readonly PlanetLink[], change: (worth: LinkWorth) => LinkWorth): void {
    const before = links.map(({ worth }) => worth);
    for (const link of links) this.#world.setWorth(link, change(link.worth));
    this.#undo.push(() => links.forEach((link, i) => this.#world.setWorth(link, before[i] as LinkWorth)));
  }

  /** Nodes by the first byte of their ids in which there are differences; the largest region first. */
  #regions(): number[][] {
    const { ids } = this.#world.plan;
    for (let shift = 24; shift >= 0; shift -= 8) {
      const regions = new Map<number, number[]>();
      ids.forEach((id, node) => {
        const region = regions.get(id >>> shift);
        if (region) region.push(node);
        else regions.set(id >>> shift, [node]);
      });
      if (regions.size > 1) return [...regions.values()].sort((a, b) => b.length - a.length);
    }
    return [[0]];
  }
}
