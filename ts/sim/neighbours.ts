/** What must hold of a network at rest whose nodes choose their neighbours: limits are kept, rings are closed, everybody reaches everybody. */
import { nextOnRing, ZONES } from '../control/neighbours/ring.js';
import { MOST_INCOMING } from '../control/neighbours/ring4.js';
import { formatNodeId, type NodeId, sharedBytes } from '../kit/node-id.js';
import { brokenPairs, ExpectedRoutes, wrongSlots } from './convergence.js';
import { Reference } from './reference.js';
import type { SimNode } from './sim-node.js';
import type { World } from './world.js';

/** Sentences for people. `most`: links that each node may make. */
export function wrongNeighbours(world: World, most: number): string[] {
  const nodes = world.liveNodes();
  const wrong = [...nodes.flatMap((node) => tooMany(node, most)), ...openRings(nodes)];
  if (wrong.length > 0) return wrong;
  const pairs = nodes.flatMap((node) =>
    nodes.filter((other) => node.id < other.id && node.hasLink(other.id)).map((other) => [node.id, other.id] as const),
  );
  const reference = new Reference(
    nodes.map(({ id }) => id),
    pairs,
  );
  // Closed rings connect every zone, so each node must reach each.
  const islands = nodes
    .filter(({ id }) => reference.arriving(id).size < nodes.length)
    .map(({ id }) => `not everybody can reach ${formatNodeId(id)}`);
  return [...islands, ...wrongSlots(nodes, new ExpectedRoutes(reference)), ...brokenPairs(nodes, reference)];
}

/** Links made, or taken in, beyond the limits. Ring predecessors may always come in. */
function tooMany(node: SimNode, most: number): string[] {
  const { chosen } = node.control.neighbours();
  const wrong = chosen > most ? [`${formatNodeId(node.id)} makes ${chosen} links`] : [];
  const incoming = [0, 0, 0, 0, 0];
  for (const { peer, why, state } of node.links()) {
    if (why !== 'incoming' || state !== 'up') continue;
    const layer = sharedBytes(node.id, peer) + 1;
    incoming[layer] = (incoming[layer] as number) + 1;
  }
  for (const [layer, count] of incoming.entries())
    if (count > (MOST_INCOMING[layer] ?? 0) + ZONES.length)
      wrong.push(`${formatNodeId(node.id)} has taken in ${count} links of layer ${layer}`);
  return wrong;
}

/** Nodes that have no link with the one that follows them in a zone. */
function openRings(nodes: readonly SimNode[]): string[] {
  const linked = new Map<NodeId, Set<NodeId>>(
    nodes.map((node) => [node.id, new Set(node.links().flatMap(({ peer, state }) => (state === 'up' ? [peer] : [])))]),
  );
  const has = (a: NodeId, b: NodeId) => linked.get(a)?.has(b) === true && linked.get(b)?.has(a) === true;
  return nodes.flatMap(({ id }) =>
    ZONES.flatMap((shared) => {
      const next = nextOnRing(nodes, id, shared);
      if (next === undefined || has(id, next.id)) return [];
      return [
        `${formatNodeId(id)} has no link with ${formatNodeId(next.id)}, which follows it in its zone of ${shared} bytes`,
      ];
    }),
  );
}
