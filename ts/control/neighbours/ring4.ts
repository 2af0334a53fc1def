/**
 * The rule "ring4": which nodes a node is to be linked with, of those that it knows. In this order, as long as there is room:
 *
 * 1. its successor (the next id, cyclic) in each of its four nested zones, even where there is no room: every zone is connected by its ring; links to those
 *    whose successor it is stay;
 * 2. of those that differ first in layer 4, 3, 2 and 1: the two nearest, and two at random;
 * 3. for each of the 32 bits, of those that differ first in this bit: the nearest;
 * 4. random ones.
 *
 * Links that are there already count, whoever made them, and are not left for a node that is hardly nearer.
 */
import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import { shuffled } from '../../kit/shuffled.js';
import { bucketOf, nextOnRing, previousOnRing, ZONES } from './ring.js';

export const NEAREST_PER_LAYER = 2;
export const RANDOM_PER_LAYER = 2;
/**
 * Links that a node takes in, by the layer in which the ids first differ, from 1. One limit for all would let strangers crowd out zone-mates, and zones
 * would split.
 */
export const MOST_INCOMING = [0, 16, 12, 12, 24] as const;
/** A link is left for a node that is nearer by this share of its round-trip time, and by so many ms. */
export const BETTER_SHARE = 0.2;
export const BETTER_MS = 2;

/** Why a link was chosen. `join`: any will do, to hear of others. */
export type ChosenReason = 'ring' | 'near' | 'random' | 'bucket' | 'join';

/** A node as the rule sees it. */
export interface KnownNode {
  readonly id: NodeId;
  /** Round-trip time, ms; undefined: not measured. */
  readonly rtt: number | undefined;
  /** `chosen`: this node has made the link, or makes it now; `given`: it is there without its doing. */
  readonly link?: 'chosen' | 'given';
  /** Why it was chosen, before. */
  readonly reason?: ChosenReason;
}

/** The links to choose, at most `most` of them and those to the ring successors; links that are given are not among them. */
export function wantedNeighbours(
  self: NodeId,
  nodes: readonly KnownNode[],
  most: number,
  random: () => number,
): Map<NodeId, ChosenReason> {
  const wanted = new Map<NodeId, ChosenReason>();
  const want = ({ id, link }: KnownNode, reason: ChosenReason, isNeeded = false): void => {
    if (link === 'given' || wanted.has(id)) return;
    if (isNeeded || wanted.size < most) wanted.set(id, reason);
  };
  const byLayer = groupBy(nodes, ({ id }) => sharedBytes(self, id));
  const byBucket = groupBy(nodes, ({ id }) => bucketOf(self, id));
  for (const shared of ZONES) {
    const next = nextOnRing(nodes, self, shared);
    if (next) want(next, 'ring', true);
  }
  for (const shared of ZONES) {
    // The other end's successor is this node: were the link given up here, it would be dialed from there.
    const previous = previousOnRing(nodes, self, shared);
    if (previous?.link === 'chosen') want(previous, 'ring');
  }
  for (const shared of ZONES) {
    const members = byLayer.get(shared) ?? [];
    for (const node of nearest(members, NEAREST_PER_LAYER)) want(node, 'near');
    // One that has lost another reason to be there is as good as any.
    const old = lasting(members.filter(({ id, link }) => link === 'chosen' && !wanted.has(id)));
    const fresh = shuffled(
      members.filter((node) => isFresh(node) && !wanted.has(node.id)),
      random,
    );
    for (const node of [...old, ...fresh].slice(0, RANDOM_PER_LAYER)) want(node, 'random');
  }
  for (let bit = 31; bit >= 0; bit--) for (const node of nearest(byBucket.get(bit) ?? [], 1)) want(node, 'bucket');
  if (wanted.size >= most) return wanted;
  const old = lasting(nodes.filter(({ link }) => link === 'chosen'));
  for (const node of [...old, ...shuffled(nodes.filter(isFresh), random)]) want(node, 'random');
  return wanted;
}

const isFresh = ({ link }: KnownNode): boolean => link === undefined;

/** Links in the order in which they stay: first those that were made to be random, for they shorten ways more than near ones do. */
function lasting(links: KnownNode[]): KnownNode[] {
  return links.sort(
    (a, b) => Number(b.reason === 'random') - Number(a.reason === 'random') || distanceOf(a) - distanceOf(b),
  );
}

/** Nearest first; who is not linked has to be nearer by a margin, and those that were never measured come last. */
function nearest(nodes: readonly KnownNode[], count: number): KnownNode[] {
  return [...nodes].sort((a, b) => distanceOf(a) - distanceOf(b)).slice(0, count);
}

const LARGEST = Number.MAX_VALUE;

function distanceOf({ rtt, link }: KnownNode): number {
  if (rtt === undefined) return link === undefined ? LARGEST : LARGEST / 2;
  return link === undefined ? Math.max(rtt / (1 - BETTER_SHARE), rtt + BETTER_MS) : rtt;
}

function groupBy(nodes: readonly KnownNode[], keyOf: (node: KnownNode) => number): Map<number, KnownNode[]> {
  const groups = new Map<number, KnownNode[]>();
  for (const node of nodes) {
    const key = keyOf(node);
    const group = groups.get(key);
    if (group) group.push(node);
    else groups.set(key, [node]);
  }
  return groups;
}
