/**
 * Neighbours by the rule "ring4": every zone is connected by the ring of its members' ids, and the rest of the links make paths short.
 * In this order, until a node dials `most` others:
 *
 * 1. its successor (the next id, cyclic) in each of its four nested zones, which nobody may refuse;
 * 2. of those that differ first in layer 1, 2, 3 and 4: the nearest of a sample and one at random; then of each layer a second of both;
 * 3. for each of the 32 bits, of those that differ first in this bit: the nearest of a sample;
 * 4. random ones.
 *
 * A node takes in 16, 12, 12 and 24 others from layers 1 to 4, and what the few nodes of a layer cannot use from the layer above it; beyond, the next choice is
 * tried. One limit for all would let strangers crowd out zone-mates, and zones would split. (Real nodes make all choices of the deepest layer first; here few
 * links are to lead far in a large planet.)
 */
import { MOST_INCOMING, NEAREST_PER_LAYER, RANDOM_PER_LAYER } from '../../control/neighbours/ring4.js';
import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { shuffled } from '../../kit/shuffled.js';
import { LinkSet, type Plan } from './plan.js';
import type { RttSpace } from './rtt-space.js';

/** Candidates whose round-trip time is looked at. */
const LAYER_SAMPLE = 64;
const BUCKET_SAMPLE = 12;
/** How often a random choice is tried. */
const TRIES = 20;

export function ring4(random: Random, ids: readonly NodeId[], space: RttSpace, most: number): Plan['links'] {
  const chooser = new Chooser(random, ids, space, most);
  // In turns, so that nobody's last choices come before another's first ones.
  for (const node of ids.keys()) chooser.dialSuccessors(node);
  for (const node of ids.keys()) chooser.dialLayers(node);
  for (const node of ids.keys()) chooser.dialBuckets(node);
  for (const node of ids.keys()) chooser.dialRandom(node);
  return chooser.links.links;
}

class Chooser {
  readonly links: LinkSet;
  readonly #random: Random;
  readonly #ids: readonly NodeId[];
  readonly #space: RttSpace;
  readonly #most: number;
  /** Nodes in the order of their ids, their ids in it, and each node's place. */
  readonly #order: Int32Array;
  readonly #sorted: Uint32Array;
  readonly #place: Int32Array;
  readonly #outgoing: Int32Array;
  /** How many more a node takes in, by the layer in which the ids first differ, from 1: one more than the bytes that they share. */
  readonly #room: readonly Int32Array[];

  constructor(random: Random, ids: readonly NodeId[], space: RttSpace, most: number) {
    this.links = new LinkSet(ids.length);
    this.#random = random;
    this.#ids = ids;
    this.#space = space;
    this.#most = most;
    this.#order = Int32Array.from(ids.keys()).sort((a, b) => (ids[a] as number) - (ids[b] as number));
    this.#sorted = Uint32Array.from(this.#order, (node) => ids[node] as number);
    this.#place = new Int32Array(ids.length);
    this.#order.forEach((node, at) => {
      this.#place[node] = at;
    });
    this.#outgoing = new Int32Array(ids.length);
    this.#room = MOST_INCOMING.map(() => new Int32Array(ids.length));
    for (const node of ids.keys()) this.#share(node);
  }

  /** Room for strangers of each layer: its own, and what is left where there are fewer zone-mates than room for them. */
  #share(node: number): void {
    let left = 0;
    let mates = 1;
    for (let shared = 3; shared >= 0; shared--) {
      const [low, high] = this.#zone(node, shared);
      const room = (MOST_INCOMING[shared + 1] as number) + left;
      (this.#room[shared + 1] as Int32Array)[node] = room;
      left = Math.max(0, room - (high - low - mates));
      mates = high - low;
    }
  }

  dialSuccessors(node: number): void {
    for (let shared = 3; shared >= 0; shared--) {
      const [low, high] = this.#zone(node, shared);
      const at = this.#place[node] as number;
      const next = this.#order[at + 1 < high ? at + 1 : low] as number;
      if (next !== node) this.#link(node, next);
    }
  }

  dialLayers(node: number): void {
    const layers = [3, 2, 1, 0].map((shared) =>
      this.#sample(node, this.#zone(node, shared), this.#zone(node, shared + 1), LAYER_SAMPLE),
    );
    for (let turn = 0; turn < NEAREST_PER_LAYER; turn++)
      for (const candidates of layers) {
        this.#dialNearest(node, candidates, turn + 1);
        const random = turn < RANDOM_PER_LAYER ? candidates[turn] : undefined;
        if (random !== undefined) this.#dial(node, random);
      }
  }

  dialBuckets(node: number): void {
    const id = this.#ids[node] as number;
    for (let bit = 31; bit >= 0; bit--) {
      const size = 2 ** bit;
      const base = Math.floor(id / size) * size;
      const first = (id & (1 << bit)) === 0 ? base + size : base - size;
      const range = [this.#firstAt(first), this.#firstAt(first + size)] as const;
      if (range[0] < range[1]) this.#dialNearest(node, this.#sample(node, range, [0, 0], BUCKET_SAMPLE), 1);
    }
  }

  dialRandom(node: number): void {
    for (let tries = 0; tries < TRIES && (this.#outgoing[node] as number) < this.#most; tries++)
      this.#dial(node, this.#random.below(this.#ids.length));
  }

  /** Dials the nearest that are not linked yet; one that refuses is passed over. */
  #dialNearest(node: number, candidates: readonly number[], count: number): void {
    const byRtt = candidates
      .map((peer) => ({ peer, rtt: this.#space.rtt(node, peer) }))
      .sort((a, b) => a.rtt - b.rtt || a.peer - b.peer);
    let linked = 0;
    for (const { peer } of byRtt) {
      if (linked === count) return;
      if (this.links.has(node, peer) || this.#dial(node, peer)) linked++;
    }
  }

  #dial(node: number, peer: number): boolean {
    if (node === peer || this.links.has(node, peer) || (this.#outgoing[node] as number) >= this.#most) return false;
    const layer = sharedBytes(this.#ids[node] as number, this.#ids[peer] as number) + 1;
    const room = this.#room[layer] as Int32Array;
    const left = room[peer] as number;
    if (left === 0 || !this.#link(node, peer)) return false;
    room[peer] = left - 1;
    return true;
  }

  #link(node: number, peer: number): boolean {
    if (this.#space.rtt(node, peer) === Number.POSITIVE_INFINITY || !this.links.add(node, peer)) return false;
    this.#outgoing[node] = (this.#outgoing[node] as number) + 1;
    return true;
  }

  /** Up to `count` distinct nodes of a range of places, in random order, without those in the other range. */
  #sample(
    node: number,
    [low, high]: readonly [number, number],
    [outFrom, outTo]: readonly [number, number],
    count: number,
  ): number[] {
    const skipped = outTo - outFrom;
    const size = high - low - skipped;
    // Numbers the places that are allowed, from 0.
    const at = (i: number) => (skipped === 0 || low + i < outFrom ? low + i : low + i + skipped);
    const chosen = new Set<number>();
    if (size <= count) {
      for (let i = 0; i < size; i++) chosen.add(i);
    } else while (chosen.size < count) chosen.add(this.#random.below(size));
    const nodes = [...chosen].map((i) => this.#order[at(i)] as number).filter((other) => other !== node);
    return shuffled(nodes, () => this.#random.unit());
  }

  /** The places of those that share `shared` leading bytes with the node, itself included. */
  #zone(node: number, shared: number): readonly [number, number] {
    const size = 2 ** (8 * (4 - shared));
    const first = Math.floor((this.#ids[node] as number) / size) * size;
    return [this.#firstAt(first), this.#firstAt(first + size)];
  }

  /** The first place whose id is at least this. */
  #firstAt(id: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
