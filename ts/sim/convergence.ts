/**
 * Whether a network at rest has found what its live wires allow: link by link, slot by slot against the reference, and pair by pair by
 * walking the real tables with the real route stage.
 */
import { formatNodeId, idByte, LAYERS, type Layer, type NodeId } from '../kit/node-id.js';
import { primaryOf, slotIndex } from '../memory/forwarding-table.js';
import { CLASSES } from '../memory/region.js';
import type { Reference } from './reference.js';

/** What must be seen of a node to judge it. */
export interface JudgedNode {
  readonly id: NodeId;
  readonly forwarding: Int32Array;
  /** Where the route stage sends a packet that is here: on to a neighbour, to this node itself, or nowhere. */
  nextHop(destination: NodeId, fromHere: boolean, trafficClass?: number): NodeId | undefined;
  /** Whether there is a session with the neighbour, and it is up. */
  hasLink(peer: NodeId): boolean;
}

/** More hops than any loop-free path has in networks of this size. */
const longestPath = (nodes: number) => nodes + 4;

/** Slots that have no route where the reference finds one, or a route where there can be none. Sentences for people. */
export function wrongSlots(nodes: readonly JudgedNode[], expected: ExpectedRoutes): string[] {
  const wrong: string[] = [];
  for (const { id, forwarding } of nodes) {
    if (expected.leaves.has(id)) continue; // see wrongDefaults
    let found = 0;
    for (let slot = 0; slot < forwarding.length; slot++) {
      if (primaryOf(forwarding[slot] as number) === 0) continue;
      const layer = ((slot >>> 8) & 3) + 1;
      if (expected.has(id, layer, slot & 255)) found++;
      else if ((slot & 255) !== idByte(id, layer as Layer))
        wrong.push(
          `${formatNodeId(id)} still has a route to ${zoneText(id, layer, slot & 255)} (class ${slot >>> 10})`,
        );
    }
    if (found === CLASSES * expected.count(id)) continue;
    for (const { layer, byte } of expected.of(id))
      for (let trafficClass = 0; trafficClass < CLASSES; trafficClass++)
        if (primaryOf(forwarding[slotIndex(trafficClass, layer, byte)] as number) === 0)
          wrong.push(`${formatNodeId(id)} has no route to ${zoneText(id, layer, byte)} (class ${trafficClass})`);
  }
  return wrong;
}

/** The routes that the reference finds, by node; the same in each class, for wires have no classes. */
export class ExpectedRoutes {
  readonly leaves: ReadonlySet<NodeId>;
  readonly #slots = new Map<NodeId, Set<number>>();

  constructor(reference: Reference) {
    this.leaves = reference.leaves;
    const zones = new Set<string>();
    for (const member of reference.nodes) {
      for (const layer of LAYERS) {
        const zone = zoneText(member, layer, idByte(member, layer));
        if (layer < 4 && reference.leaves.has(member)) continue; // a leaf is the origin of nothing but itself
        if (zones.has(zone)) continue;
        zones.add(zone);
        for (const id of reference.withRoute(member, layer)) this.#add(id, layer, idByte(member, layer));
      }
    }
  }

  has(id: NodeId, layer: number, byte: number): boolean {
    return this.#slots.get(id)?.has(slotIndex(0, layer, byte)) ?? false;
  }

  count(id: NodeId): number {
    return this.#slots.get(id)?.size ?? 0;
  }

  of(id: NodeId): { layer: number; byte: number }[] {
    return [...(this.#slots.get(id) ?? [])].map((slot) => ({ layer: (slot >>> 8) + 1, byte: slot & 255 }));
  }

  #add(id: NodeId, layer: Layer, byte: number): void {
    const slots = this.#slots.get(id);
    const slot = slotIndex(0, layer, byte);
    if (slots) slots.add(slot);
    else this.#slots.set(id, new Set([slot]));
  }
}

/** Live wires between live nodes that one end takes for no link: both ends of each must have found the other again. */
export function missingLinks(nodes: readonly JudgedNode[], reference: Reference): string[] {
  return nodes.flatMap((node) =>
    reference
      .neighboursOf(node.id)
      .filter((peer) => !node.hasLink(peer))
      .map((peer) => `${formatNodeId(node.id)} has no link to ${formatNodeId(peer)}`),
  );
}

/** Pairs that the live zones connect, but between which a packet does not arrive. */
export function brokenPairs(nodes: readonly JudgedNode[], reference: Reference): string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const broken: string[] = [];
  for (const { id: destination } of nodes) {
    for (const source of reference.arriving(destination)) {
      if (source === destination) continue;
      for (let trafficClass = 0; trafficClass < CLASSES; trafficClass++) {
        const end = walk(byId, source, destination, trafficClass);
        if (end !== destination) broken.push(brokenText(source, destination, end, trafficClass));
      }
    }
  }
  return broken;
}

const brokenText = (source: NodeId, destination: NodeId, end: NodeId, trafficClass: number) =>
  `${formatNodeId(source)} does not reach ${formatNodeId(destination)} in class ${trafficClass}: ends at ${formatNodeId(end)}`;

/** The node at which a packet ends: its destination, or the one that knows no further. */
export function walk(
  nodes: ReadonlyMap<NodeId, JudgedNode>,
  source: NodeId,
  destination: NodeId,
  trafficClass = 0,
): NodeId {
  let at = source;
  for (let hops = 0; hops < longestPath(nodes.size); hops++) {
    if (at === destination) return at;
    const next = nodes.get(at)?.nextHop(destination, at === source, trafficClass);
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

/** The destination zone that `node` names by `byte` in `layer`, as in `1.2.*.*`. */
function zoneText(node: NodeId, layer: number, byte: number): string {
  return LAYERS.map((l) => (l < layer ? idByte(node, l) : l === layer ? byte : '*')).join('.');
}
