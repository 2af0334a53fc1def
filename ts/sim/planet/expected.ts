/**
 * What a planet's live links allow: within each zone, whoever is connected inside it with a member of one of its parts must have a route to
 * this part, and nobody else may have one. By union and find over the links of each layer; shares nothing with routing.
 */
import { idByte, LAYERS, type Layer, sharedBytes } from '../../kit/node-id.js';
import type { PlanetWorld } from './planet-world.js';
import { linksOf, type Station } from './station.js';
import { addTo, partsByZone, zoneOf } from './zone-parts.js';

export class Expected {
  readonly #classes: number;
  /** Layer -> part of a zone (its leading bytes) -> the components of the zone around it in which members are. */
  readonly #components: Map<number, Set<number>>[] = [];
  /** Layer -> node -> its component within the zone whose parts the layer tells apart. */
  readonly #componentOf: Int32Array[] = [];
  /** Layer -> zone -> the bytes of its parts. */
  readonly #parts: Map<number, Set<number>>[] = [];

  constructor(world: PlanetWorld) {
    this.#classes = world.classes;
    const { ids } = world.plan;
    const live = world.live();
    const living = live.map(({ id }) => id);
    for (const layer of LAYERS) {
      const sets = new DisjointSets(ids.length);
      for (const link of world.links) {
        const [a, b] = link.nodes;
        if (!link.isUp || !world.isAlive(a) || !world.isAlive(b)) continue;
        if (sharedBytes(ids[a] as number, ids[b] as number) >= layer - 1) sets.join(a, b);
      }
      const components = new Map<number, Set<number>>();
      for (const { id, node } of live) addTo(components, zoneOf(id, layer), sets.find(node));
      this.#componentOf.push(Int32Array.from(ids.keys(), (node) => sets.find(node)));
      this.#components.push(components);
      this.#parts.push(partsByZone(living, layer));
    }
  }

  /** How many slots of the node's table, in all classes, are not as they must be: routes that are missing, or should not be there. */
  wrongSlots(station: Station): number {
    let wrong = 0;
    for (const layer of LAYERS) {
      for (const byte of this.#partsAround(station, layer)) {
        if (byte === idByte(station.id, layer)) continue;
        const isReachable = this.#isReachable(station, layer, byte);
        for (let trafficClass = 0; trafficClass < this.#classes; trafficClass++)
          if (isReachable !== station.hasRoute(trafficClass, layer, byte)) wrong++;
      }
    }
    return wrong + this.#ghosts(station);
  }

  /** Routes to zones in which nobody lives. */
  #ghosts(station: Station): number {
    let ghosts = 0;
    for (const [slot, word] of station.words) {
      const layer = (((slot >>> 8) & 3) + 1) as Layer;
      if (linksOf(word)[0] === 0) continue;
      if (!this.#partsAround(station, layer).has(slot & 255)) ghosts++;
    }
    return ghosts;
  }

  /** The bytes of the parts of the zone around the node which the layer tells apart. */
  #partsAround({ id }: Station, layer: Layer): ReadonlySet<number> {
    return this.#parts[layer - 1]?.get(zoneOf(id, layer - 1)) ?? NONE;
  }

  #isReachable({ id, node }: Station, layer: Layer, byte: number): boolean {
    const component = this.#componentOf[layer - 1]?.[node] as number;
    return this.#components[layer - 1]?.get(zoneOf(id, layer - 1) * 256 + byte)?.has(component) ?? false;
  }
}

const NONE: ReadonlySet<number> = new Set();

class DisjointSets {
  readonly #parents: Int32Array;

  constructor(size: number) {
    this.#parents = Int32Array.from({ length: size }, (_, i) => i);
  }

  find(node: number): number {
    const parents = this.#parents;
    let root = node;
    while (parents[root] !== root) root = parents[root] as number;
    while (parents[node] !== root) {
      const next = parents[node] as number;
      parents[node] = root;
      node = next;
    }
    return root;
  }

  join(a: number, b: number): void {
    this.#parents[this.find(a)] = this.find(b);
  }
}
