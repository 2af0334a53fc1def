import { idByte, type Layer, type NodeId, sharedBytes } from '../../kit/node-id.js';
import { TrafficClass } from '../../wire/network-header.js';
import { INFINITE } from '../../wire/routing-entry.js';
import { routeCost } from './link-quality.js';
import type { Neighbour } from './neighbour.js';
import type { NeighbourWay } from './router.types.js';
import { slotKey } from './slot-state.js';

/**
 * What each neighbour says of the way from it to a destination: its adverts of the slot that the destination is in, seen from this node. A neighbour
 * in that slot tells the mean way within its zone (R4); the destination itself has nothing left to go.
 */
export function waysTo(self: NodeId, destination: NodeId, neighbours: Iterable<Neighbour>): NeighbourWay[] {
  const shared = sharedBytes(self, destination);
  if (shared === 4) return [];
  const layer = (shared + 1) as Layer;
  const byte = idByte(destination, layer);
  return [...neighbours].map((neighbour) => {
    const { link, peer, quality } = neighbour;
    return { link, peer, quality, rest: peer === destination ? { rttMs: 0, cost: 0 } : restOf(neighbour, layer, byte) };
  });
}

/**
 * A neighbour says in each class by itself that it has no way, and it says so too where its way leads back here (R3). Whoever is silent in one class and not in the
 * other has a way all the same: of what it does not tell, another link like this one is the least that is to come.
 */
function restOf({ adverts, quality }: Neighbour, layer: Layer, byte: number): NeighbourWay['rest'] {
  const fast = adverts.get(slotKey(TrafficClass.LowLatency, layer, byte));
  const cheap = adverts.get(slotKey(TrafficClass.LowCost, layer, byte));
  const rttMs =
    fast && fast.metric !== INFINITE ? routeCost(TrafficClass.LowLatency, fast.metric, fast.hops).rtt : undefined;
  const cost =
    cheap && cheap.metric !== INFINITE ? routeCost(TrafficClass.LowCost, cheap.metric, cheap.hops).cost : undefined;
  if (rttMs === undefined && cost === undefined) return undefined;
  return { rttMs: rttMs ?? quality.rtt, cost: Math.floor(cost ?? quality.cost) };
}
