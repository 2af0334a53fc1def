/**
 * Whether a network at rest has found what its live wires allow: slot by slot against the reference, and pair by pair by walking the real
 * tables with the real route stage.
 */
import { formatNodeId, idByte, LAYERS, type Layer, type NodeId, sharedBytes } from '../kit/node-id.js';
import { NO_ROUTE, primaryOf, slotIndex } from '../memory/forwarding-table.js';
import type { Reference } from './reference.js';

/** What must be seen of a node to judge it. */
export interface JudgedNode {
  readonly id: NodeId;
  readonly forwarding: Int32Array;
  /** Where the route stage sends a packet that is here: on to a neighbour, to this node itself, or nowhere. */
  nextHop(destination: NodeId, fromHere: boolean): NodeId | undefined;
}

const CLASS = 0;
/** More hops than any loop-free path has in networks of this size. */
const longestPath = (nodes: number) => nodes + 4;

/** Slots that have no route where the reference finds one, or a route where there can be none. Sentences for people. */
export function wrongSlots(nodes: readonly JudgedNode[], reference: Reference): string[] {
  const wrong: string[] = [];
  const expected = expectedRoutes(reference);
  for (const node of nodes) {
    for (const layer of LAYERS) {
      for (let byte = 0; byte < 256; byte++) {
        if (byte === idByte(node.id, layer)) continue;
        const word = node.forwarding[slotIndex(CLASS, layer, byte)] as number;
        const hasRoute = primaryOf(word) !== NO_ROUTE;
        const mustHave = expected.get(zoneKey(node.id, layer, byte))?.has(node.id) ?? false;
        if (hasRoute === mustHave) continue;
        const zone = zoneText(node.id, layer, byte);
        wrong.push(`${formatNodeId(node.id)} ${hasRoute ? 'still has' : 'has no'} route to ${zone}`);
      }
    }
  }
  return wrong;
}

/** Pairs that the live zones connect, but between which a packet does not arrive. */
export function brokenPairs(nodes: readonly JudgedNode[], reference: Reference): string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const broken: string[] = [];
  for (const { id: destination } of nodes) {
    for (const source of reference.arriving(destination)) {
      if (source === destination) continue;
      const end = walk(byId, source, destination);
      if (end !== destination)
        broken.push(
          `${formatNodeId(source)} does not reach ${formatNodeId(destination)}: ends at ${formatNodeId(end)}`,
        );
    }
  }
  return broken;
}

/** The node at which a packet ends. */
function walk(nodes: ReadonlyMap<NodeId, JudgedNode>, source: NodeId, destination: NodeId): NodeId {
  let at = source;
  for (let hops = 0; hops < longestPath(nodes.size); hops++) {
    if (at === destination) return at;
    const next = nodes.get(at)?.nextHop(destination, at === source);
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

/** For each destination zone: who must have a route to it. */
function expectedRoutes(reference: Reference): Map<string, Set<NodeId>> {
  const expected = new Map<string, Set<NodeId>>();
  for (const id of reference.nodes) {
    for (const layer of LAYERS) {
      const key = zoneKey(id, layer, idByte(id, layer));
      if (!expected.has(key)) expected.set(key, reference.withRoute(id, layer));
    }
  }
  return expected;
}

/** Names a destination zone as `node` sees it: its own leading bytes, then `byte`. */
function zoneKey(node: NodeId, layer: Layer, byte: number): string {
  return `${layer} ${layer === 1 ? 0 : node >>> (8 * (5 - layer))} ${byte}`;
}

function zoneText(node: NodeId, layer: Layer, byte: number): string {
  const bytes = LAYERS.map((l) => (l < layer ? idByte(node, l) : l === layer ? byte : '*'));
  return bytes.join('.');
}

void sharedBytes;
