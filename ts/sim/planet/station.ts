/**
 * A node of a planet: the real router, and the words that its forwarding table would hold, of occupied slots only. Links, frames and workers are left
 * out: that is what makes ten thousand of them fit into one process.
 */
import type { DirectOutput, RouteOutput } from '../../control/io.js';
import type { Router } from '../../control/routing/router.types.js';
import { idByte, type Layer, type NodeId, sharedBytes } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import type { Vertex } from '../checker.js';
import type { End, PlanetLink } from './link.js';

/** A session as one end knows it. */
export interface StationSession {
  readonly link: PlanetLink;
  readonly end: End;
  readonly peer: number;
  /** The incarnation of the peer with which it is. */
  readonly peerVertex: Vertex;
}

/** Link indexes of one word: below this. */
const INDEX_LIMIT = 0x1_0000;

export class Station {
  readonly node: number;
  readonly id: NodeId;
  readonly vertex: Vertex;
  readonly router: Router;
  /** What becomes of what it sends is drawn from this. */
  readonly luck: Random;
  readonly sessions = new Map<number, StationSession>();
  /** Slot -> both link indexes. */
  readonly words = new Map<number, number>();
  /** Neighbours to whom packets for themselves go straight (R22): by id, the link index and the classes, bit i for class i. */
  readonly direct = new Map<NodeId, { readonly link: number; readonly classes: number }>();
  alive = true;
  wakeAt = Number.POSITIVE_INFINITY;
  #lastIndex = 0;

  constructor(node: number, id: NodeId, vertex: Vertex, router: Router, luck: Random) {
    this.node = node;
    this.id = id;
    this.vertex = vertex;
    this.router = router;
    this.luck = luck;
  }

  /** A link index that no session of this incarnation has had, until all have been used. */
  takeIndex(): number {
    do this.#lastIndex = (this.#lastIndex % (INDEX_LIMIT - 1)) + 1;
    while (this.sessions.has(this.#lastIndex));
    return this.#lastIndex;
  }

  store({ trafficClass, layer, byte, primary, backup }: RouteOutput): void {
    this.words.set(slotOf(trafficClass, layer, byte), primary * INDEX_LIMIT + backup);
  }

  storeDirect({ neighbour, link, classes }: DirectOutput): void {
    if (classes !== 0) this.direct.set(neighbour, { link, classes });
    else if (this.direct.get(neighbour)?.link === link) this.direct.delete(neighbour);
  }

  /** Of a node that another thread runs: what its tables were there. */
  copyTables(words: Station['words'], direct: Station['direct']): void {
    this.words.clear();
    this.direct.clear();
    for (const [slot, word] of words) this.words.set(slot, word);
    for (const [neighbour, way] of direct) this.direct.set(neighbour, way);
  }

  /** The session by which packets leave: the destination's own, where that is the way; the primary's of the slot, or if it has ended the backup's. */
  nextHop(destination: NodeId, trafficClass: number): StationSession | undefined {
    const shared = sharedBytes(this.id, destination);
    if (shared === 4) return undefined;
    const direct = this.direct.get(destination);
    if (direct && (direct.classes >>> trafficClass) & 1) {
      const session = this.sessions.get(direct.link);
      if (session) return session;
    }
    const layer = (shared + 1) as Layer;
    const [primary, backup] = linksOf(this.words.get(slotOf(trafficClass, layer, idByte(destination, layer))) ?? 0);
    return this.sessions.get(primary) ?? this.sessions.get(backup);
  }

  hasRoute(trafficClass: number, layer: Layer, byte: number): boolean {
    return linksOf(this.words.get(slotOf(trafficClass, layer, byte)) ?? 0)[0] !== 0;
  }
}

/** As in the forwarding table: class, layer less one, byte. */
export function slotOf(trafficClass: number, layer: number, byte: number): number {
  return (trafficClass << 10) | ((layer - 1) << 8) | byte;
}

/** Primary and backup of a word. */
export function linksOf(word: number): readonly [number, number] {
  const primary = Math.floor(word / INDEX_LIMIT);
  return [primary, word - primary * INDEX_LIMIT];
}
