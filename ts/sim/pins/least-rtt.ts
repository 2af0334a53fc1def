import type { NodeId } from '../../kit/node-id.js';
import { isWhole } from '../network.js';
import type { World } from '../world.js';

/** The least round trip from one node to another over whole wires between live nodes, by at most `hops` of them, ms; Infinity: there is no such way. */
export function leastRtt(world: World, source: NodeId, destination: NodeId, hops: number): number {
  const wires = world.wires.filter((wire) => isWhole(wire) && world.isAlive(wire.a) && world.isAlive(wire.b));
  // Leaves do not relay.
  const relays = (id: NodeId) => id === source || !world.leaves.has(id);
  const edges = wires.flatMap(({ a, b, ab, ba }) => {
    const rtt = ab.model.delay + ba.model.delay;
    return [
      { from: a, to: b, rtt },
      { from: b, to: a, rtt },
    ];
  });
  const usable = edges.filter(({ from }) => relays(from));
  let least = new Map<NodeId, number>([[source, 0]]);
  for (let hop = 0; hop < hops; hop++) {
    const next = new Map(least);
    for (const { from, to, rtt } of usable) {
      const there = (least.get(from) ?? Infinity) + rtt;
      if (there < (next.get(to) ?? Infinity)) next.set(to, there);
    }
    if ([...next].every(([id, rtt]) => least.get(id) === rtt)) break;
    least = next;
  }
  return least.get(destination) ?? Infinity;
}
