/**
 * Random networks: nodes in nested zones, scattered over a plane that gives their wires a length, and wires that hold most zones together.
 */
import { type NodeId, sharedBytes } from '../kit/node-id.js';
import type { Random } from '../kit/random.js';
import { type ChannelModel, PERFECT_CHANNEL } from './channel.js';

export interface Edge {
  readonly a: NodeId;
  readonly b: NodeId;
  readonly model: ChannelModel;
}

export interface Topology {
  /** Leaves included. */
  readonly nodes: readonly NodeId[];
  readonly edges: readonly Edge[];
  readonly leaves?: ReadonlySet<NodeId>;
}

/** The longest way through the plane, one direction, ms. */
const PLANE_MS = 80;

/** Up to so many nodes may share one zone by chance; larger networks are divided as a planet is. */
const SMALL_NETWORK = 30;
/** The largest flat zone of a large network, in nodes, and how many networks have one. */
const LARGE_ZONE = 100;
const LARGE_ZONE_CHANCE = 0.2;

/**
 * `nodes` nodes in zones that differ on up to 4 layers, with 1 to 3 wires a node more than a tree has. Up to 30 nodes are in 1 to 6
 * zones, more of them in about sqrt(nodes) zones of as many nodes, so that a node's slots grow with the root of the network's size.
 */
export function randomTopology(random: Random, nodes: number): Topology {
  const ids = nodes <= SMALL_NETWORK ? zonedIds(random, nodes, 1 + random.below(6)) : planetIds(random, nodes);
  const places = new Map(ids.map((id) => [id, { x: random.unit(), y: random.unit() }]));
  const wires = new WireSet();
  for (const zone of nestedZones(ids)) {
    // One zone in twenty is left to chance: it may be split, and then nothing can be promised inside.
    if (!random.chance(0.05)) addTree(random, zone, wires);
  }
  if (wires.pairs.length === 0) addTree(random, ids, wires);
  const extra = Math.floor(nodes * (1 + 2 * random.unit()));
  for (let i = 0; i < extra; i++) wires.add(pick(random, ids), pick(random, ids));
  const edges = wires.pairs.map(([a, b]) => ({ a, b, model: wireModel(random, distance(places, a, b)) }));
  return { nodes: ids, edges };
}

/** The same nodes, where each may dial any: a wire between all pairs. */
export function openNetwork(random: Random, nodes: number): Topology {
  const ids = nodes <= SMALL_NETWORK ? zonedIds(random, nodes, 1 + random.below(6)) : planetIds(random, nodes);
  const places = new Map(ids.map((id) => [id, { x: random.unit(), y: random.unit() }]));
  const edges = ids.flatMap((a, index) =>
    ids.slice(index + 1).map((b) => ({ a, b, model: wireModel(random, distance(places, a, b)) })),
  );
  return { nodes: ids, edges };
}

/** One zone, every node joined to about `degree` others, delays as in a plane. For measurements. */
export function randomMesh(random: Random, nodes: number, degree: number): Topology {
  const ids = Array.from({ length: nodes }, (_, i) => ((1 << 24) | (1 << 16) | (1 << 8) | (i + 1)) >>> 0);
  const places = new Map(ids.map((id) => [id, { x: random.unit(), y: random.unit() }]));
  const wires = new WireSet();
  addTree(random, ids, wires);
  while (wires.pairs.length < (nodes * degree) / 2) wires.add(pick(random, ids), pick(random, ids));
  const edges = wires.pairs.map(([a, b]) => ({ a, b, model: delayOnly(distance(places, a, b)) }));
  return { nodes: ids, edges };
}

/** A channel with this delay (ms) and no mishaps. */
export const delayOnly = (delay: number): ChannelModel => ({ ...PERFECT_CHANNEL, delay });

/** What wires carry, bytes of frame: IPv6's least, a tunnel, Ethernet, an odd tunnel over jumbo frames, those themselves, everything. */
const MTUS = [1252, 1412, 1472, 8800, 8972, Infinity] as const;

function wireModel(random: Random, delay: number): ChannelModel {
  const mtu = MTUS[random.below(MTUS.length)] as number;
  return { ...PERFECT_CHANNEL, delay, mtu, jitter: random.chance(0.5) ? 0.1 * delay : 0 };
}

function distance(places: Map<NodeId, { x: number; y: number }>, a: NodeId, b: NodeId): number {
  const from = places.get(a) ?? { x: 0, y: 0 };
  const to = places.get(b) ?? { x: 0, y: 0 };
  return 1 + (PLANE_MS * Math.hypot(from.x - to.x, from.y - to.y)) / Math.SQRT2;
}

/** Ids of `count` (at most 30) nodes in at most `zones` groups that share 0 to 3 leading bytes with each other. */
function zonedIds(random: Random, count: number, zones: number): NodeId[] {
  const layers = 1 + random.below(4);
  // With few layers in use the leading bytes are the same everywhere.
  const byte = (layer: number) => (layer > 4 - layers ? 1 + random.below(3) : 1);
  const groups = Array.from({ length: zones }, () => ((byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0);
  const used = new Set<NodeId>();
  while (used.size < count) used.add(pick(random, groups) * 256 + 1 + random.below(255));
  return [...used];
}

/** Ids of `count` nodes in about sqrt(count) zones, one of them large in some networks, nested over 2 to 4 layers. */
function planetIds(random: Random, count: number): NodeId[] {
  const zones = zonePrefixes(random, Math.ceil(Math.sqrt(count)));
  const used = new Set<NodeId>();
  const settle = (zone: number) => used.add((zone * 256 + 1 + random.below(255)) >>> 0);
  const large = random.chance(LARGE_ZONE_CHANCE) ? Math.min(LARGE_ZONE, count >>> 1) : 0;
  while (used.size < large) settle(zones[0] as number);
  const others = large > 0 ? zones.slice(1) : zones;
  while (used.size < count) settle(pick(random, others));
  return [...used];
}

/** `count` distinct prefixes of three bytes, spread evenly over as many of the bytes as are in use. */
function zonePrefixes(random: Random, count: number): number[] {
  const bytes = 1 + random.below(3);
  const fanOut = Math.ceil(count ** (1 / bytes));
  const prefixes = new Set<number>();
  while (prefixes.size < count) {
    let prefix = 0;
    for (let byte = 3; byte >= 1; byte--) prefix = prefix * 256 + 1 + (byte <= bytes ? random.below(fanOut) : 0);
    prefixes.add(prefix);
  }
  return [...prefixes];
}

/** Every zone of two or more nodes: those that share 0, 1, 2 and 3 leading bytes. */
export function nestedZones(ids: readonly NodeId[]): NodeId[][] {
  const zones = new Map<string, NodeId[]>();
  for (const id of ids) {
    for (let bytes = 0; bytes <= 3; bytes++) {
      const key = `${bytes}:${bytes === 0 ? 0 : id >>> (8 * (4 - bytes))}`;
      const members = zones.get(key);
      if (members) members.push(id);
      else zones.set(key, [id]);
    }
  }
  const distinct = new Map([...zones.values()].filter((zone) => zone.length > 1).map((zone) => [zone.join(), zone]));
  return [...distinct.values()];
}

function addTree(random: Random, zone: readonly NodeId[], wires: WireSet): void {
  for (let i = 1; i < zone.length; i++) wires.add(zone[i] as NodeId, zone[random.below(i)] as NodeId);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T;
}

class WireSet {
  readonly pairs: [NodeId, NodeId][] = [];
  readonly #keys = new Set<string>();

  add(a: NodeId, b: NodeId): void {
    if (sharedBytes(a, b) === 4) return;
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.pairs.push([a, b]);
  }
}
