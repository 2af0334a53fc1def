/** Plain shapes: a ring, a grid and a random geometric graph, with ids by place and every zone held together. */
import type { NodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { nestedZones } from '../topology.js';
import { LinkSet, type Plan } from './plan.js';
import { plane, type RttSpace } from './rtt-space.js';
import { idsByPlace } from './zones.js';

/** Round trip of one step along a ring or a grid, ms. */
const STEP_MS = 10;
/** The side of the square over which a geometric graph is scattered, ms of round trip. */
const SIDE_MS = 160;
/** Links that a node of a geometric graph has on average. */
const GEOMETRIC_DEGREE = 8;

/** Every node is linked with the next; ids in as few groups as hold them, in the order of the ring. */
export function ring(nodes: number): Plan {
  const space = {
    size: nodes,
    rtt: (a: number, b: number) => STEP_MS * Math.min(Math.abs(a - b), nodes - Math.abs(a - b)),
  };
  const links = new LinkSet(nodes);
  for (let i = 0; i < nodes; i++) links.add(i, (i + 1) % nodes);
  const groups = Math.max(1, Math.round(Math.sqrt(nodes / 2)));
  return whole(
    space,
    idsInBlocks(nodes, (i) => Math.floor((i * groups) / nodes)),
    links,
  );
}

/** Rows as long as there are, each node linked with those beside, above and below it; ids by square blocks. */
export function grid(nodes: number): Plan {
  const width = Math.ceil(Math.sqrt(nodes));
  const x = (i: number) => i % width;
  const y = (i: number) => Math.floor(i / width);
  const space = {
    size: nodes,
    rtt: (a: number, b: number) => STEP_MS * (Math.abs(x(a) - x(b)) + Math.abs(y(a) - y(b))),
  };
  const links = new LinkSet(nodes);
  for (let i = 0; i < nodes; i++) {
    if (x(i) + 1 < width && i + 1 < nodes) links.add(i, i + 1);
    if (i + width < nodes) links.add(i, i + width);
  }
  const side = Math.max(2, Math.min(15, Math.round(Math.sqrt(width))));
  const columns = Math.ceil(width / side);
  return whole(
    space,
    idsInBlocks(nodes, (i) => Math.floor(y(i) / side) * columns + Math.floor(x(i) / side)),
    links,
  );
}

/** Nodes scattered over a square, linked when they are near: eight neighbours each on average. */
export function geometric(random: Random, nodes: number): Plan {
  const points = Array.from({ length: nodes }, () => ({ x: random.unit(), y: random.unit() }));
  const space = plane(points, SIDE_MS);
  const links = new LinkSet(nodes);
  const reach = 1 + SIDE_MS * Math.sqrt(GEOMETRIC_DEGREE / (Math.PI * nodes));
  for (let a = 0; a < nodes; a++) for (let b = a + 1; b < nodes; b++) if (space.rtt(a, b) < reach) links.add(a, b);
  return whole(space, idsByPlace(random, space), links);
}

/** Ids of nodes in numbered blocks of at most 254, 254 blocks a zone. */
function idsInBlocks(nodes: number, blockOf: (node: number) => number): NodeId[] {
  const sizes = new Map<number, number>();
  return Array.from({ length: nodes }, (_, i) => {
    const block = blockOf(i);
    const taken = sizes.get(block) ?? 0;
    if (taken === 254) throw new RangeError('a block of ids is full');
    sizes.set(block, taken + 1);
    return ((1 << 24) | ((1 + Math.floor(block / 254)) << 16) | ((1 + (block % 254)) << 8) | (taken + 1)) >>> 0;
  });
}

/** Adds the shortest links that zones need to be connected inside. */
function whole(space: RttSpace, ids: NodeId[], links: LinkSet): Plan {
  const nodeOf = new Map(ids.map((id, node) => [id, node]));
  const zones = nestedZones(ids).sort((a, b) => a.length - b.length);
  for (const zone of zones) {
    const members = zone.map((id) => nodeOf.get(id) as number);
    let parts = components(members, links);
    while (parts.length > 1) {
      const [first, ...others] = parts as [number[], ...number[][]];
      const [a, b] = nearestPair(space, first, others.flat());
      links.add(a, b);
      parts = components(members, links);
    }
  }
  return { ids, space, links: links.links };
}

function components(members: readonly number[], links: LinkSet): number[][] {
  const left = new Set(members);
  const parts: number[][] = [];
  for (const start of members) {
    if (!left.delete(start)) continue;
    const part = [start];
    for (const at of part) for (const next of links.peersOf(at)) if (left.delete(next)) part.push(next);
    parts.push(part);
  }
  return parts;
}

function nearestPair(space: RttSpace, from: readonly number[], to: readonly number[]): [number, number] {
  let best: [number, number] = [from[0] as number, to[0] as number];
  for (const a of from) for (const b of to) if (space.rtt(a, b) < space.rtt(...best)) best = [a, b];
  return best;
}
