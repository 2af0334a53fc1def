/**
 * What the death of nodes costs a planet at rest: how long until nobody believes in them any more, how long pairs whose packets went through them are cut off,
 * how long routes are missing that there could be, and what routing sends for it.
 */
import type { RouteOutput } from '../../control/io.js';
import { idByte, LAYERS, type NodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { TTL } from './paths.js';
import type { PlanetWorld } from './planet-world.js';
import { bestLinked } from './shortest.js';
import { linksOf, type Station, slotOf } from './station.js';

/** How finely times are measured, ms. */
const LOOK_MS = 2;
/** After so long it has failed, ms. */
const GIVE_UP_MS = 20_000;
/** Routing is counted for so long after nobody remembers the dead, ms: what follows lazily. */
const AFTERMATH_MS = 1000;
/** Pairs that are drawn to find some whose packets go through the dead. */
const PAIRS = 20_000;

export interface DeathCost {
  /** Milliseconds from the death until no node has a route to what is gone; Infinity: never. */
  readonly forgotten: number;
  /** Bytes of routing of the whole network until then and a second longer, less what it sends at rest in that time. */
  readonly bytes: number;
  /** Milliseconds of outage of each pair whose packets went through the dead, where there is another way; Infinity: it was not found. */
  readonly outages: readonly number[];
  /** Milliseconds for which a route was missing that came back. */
  readonly recoveries: readonly number[];
}

/** Collects for how long routes are missing. */
export class MissingRoutes {
  /** Node and slot -> since when, ms. */
  readonly #since = new Map<number, number>();
  readonly recoveries: number[] = [];

  /** For {@link PlanetWorld}: every change of a route goes by here. */
  note(now: number, { node }: Station, { trafficClass, layer, byte, primary }: RouteOutput): void {
    const key = node * 4096 + slotOf(trafficClass, layer, byte);
    const since = this.#since.get(key);
    if (primary === 0) this.#since.set(key, since ?? now);
    else if (since !== undefined) {
      this.recoveries.push(now - since);
      this.#since.delete(key);
    }
  }

  clear(): void {
    this.#since.clear();
    this.recoveries.length = 0;
  }
}

/** Kills `victims` at one moment. `missing` is told of all changes of routes. The planet goes on without them. */
export function measureDeath(
  world: PlanetWorld,
  random: Random,
  victims: readonly number[],
  missing: MissingRoutes,
): DeathCost {
  const { queue } = world;
  const dead = new Set(victims);
  const broken = pairsThrough(world, random, dead);
  const restBytes = world.bytes;
  queue.runUntil(queue.now + AFTERMATH_MS);
  const bytesPerMs = (world.bytes - restBytes) / AFTERMATH_MS;
  const [start, bytesBefore] = [queue.now, world.bytes];
  missing.clear();
  for (const victim of victims) world.crash(victim);
  const believers = believersIn(world, victims);
  const outages: number[] = [];
  let waiting = connected(world, broken);
  let forgotten = Number.POSITIVE_INFINITY;
  while (queue.now < start + GIVE_UP_MS && (waiting.length > 0 || forgotten === Number.POSITIVE_INFINITY)) {
    queue.runUntil(queue.now + LOOK_MS);
    waiting = waiting.filter((pair) => {
      const isBack = !passes(world, pair, undefined);
      if (!isBack) return true;
      outages.push(queue.now - start);
      return false;
    });
    if (forgotten === Number.POSITIVE_INFINITY && !believers.some(({ station, slot }) => believes(station, slot)))
      forgotten = queue.now - start;
  }
  for (const _ of waiting) outages.push(Number.POSITIVE_INFINITY);
  queue.runUntil(queue.now + AFTERMATH_MS);
  const bytes = world.bytes - bytesBefore - bytesPerMs * (queue.now - start);
  return { forgotten, bytes: Math.max(0, bytes), outages, recoveries: [...missing.recoveries] };
}

interface Pair {
  readonly source: number;
  readonly destination: number;
  readonly trafficClass: number;
}

/** Pairs of the living, in all classes by turns, whose packets go through the dead-to-be. */
function pairsThrough(world: PlanetWorld, random: Random, dead: ReadonlySet<number>): Pair[] {
  const living = world.live().filter(({ node }) => !dead.has(node));
  const draw = () => (living[random.below(living.length)] as Station).node;
  return Array.from({ length: PAIRS }, (_, i) => ({
    source: draw(),
    destination: draw(),
    trafficClass: i % world.classes,
  })).filter((pair) => pair.source !== pair.destination && passes(world, pair, dead));
}

/** Those that some chain of live links still joins. */
function connected(world: PlanetWorld, pairs: readonly Pair[]): Pair[] {
  const reached = new Map<number, Float64Array>();
  return pairs.filter(({ source, destination }) => {
    const from = reached.get(source) ?? bestLinked(world, source);
    reached.set(source, from);
    return Number.isFinite(from[destination]);
  });
}

/** Whether the packets of a pair come to one of these nodes; without them: whether they do not arrive. */
function passes(
  { stations, plan }: PlanetWorld,
  { source, destination, trafficClass }: Pair,
  nodes: ReadonlySet<number> | undefined,
): boolean {
  const id = plan.ids[destination] as NodeId;
  let at = source;
  for (let hops = 0; hops <= TTL && at !== destination; hops++) {
    const next = stations[at]?.nextHop(id, trafficClass);
    if (!next) return nodes === undefined;
    at = next.peer;
    if (nodes?.has(at)) return true;
  }
  return nodes === undefined && at !== destination;
}

interface Believer {
  readonly station: Station;
  readonly slot: number;
}

/** Whoever may have a route to a zone, a group or a node in which nobody is left: those of the zone around it. */
function believersIn(world: PlanetWorld, victims: readonly number[]): Believer[] {
  const live = world.live();
  const believers: Believer[] = [];
  for (const layer of LAYERS) {
    const shift = 8 * (4 - layer);
    const alive = new Set(live.map(({ id }) => id >>> shift));
    const gone = new Set(victims.map((victim) => (world.plan.ids[victim] as number) >>> shift));
    for (const zone of gone) {
      if (alive.has(zone)) continue;
      for (const station of live) {
        if (layer > 1 && station.id >>> (shift + 8) !== zone >>> 8) continue;
        if (idByte(station.id, layer) === (zone & 255)) continue;
        for (let trafficClass = 0; trafficClass < world.classes; trafficClass++)
          believers.push({ station, slot: slotOf(trafficClass, layer, zone & 255) });
      }
    }
  }
  return believers;
}

function believes(station: Station, slot: number): boolean {
  return linksOf(station.words.get(slot) ?? 0)[0] !== 0;
}
