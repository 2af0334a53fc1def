/** Ids: nodes that are near each other get ids that begin alike, nested over as many layers as the network is large. */
import type { NodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import type { RttSpace } from './rtt-space.js';

/** Members of a zone at most: an index is 1 to 254. */
const MOST_BYTES = 254;
/** A network of so many nodes or fewer is one group. */
const ONE_GROUP = 30;

/**
 * Ids by where nodes are: each zone is cut into as many parts as a fourth root of the network (or with `layers` below 4: of that
 * root), around centres that are far from each other, and its parts again.
 */
export function idsByPlace(random: Random, space: RttSpace, layers: 1 | 2 | 3 | 4 = layersFor(space.size)): NodeId[] {
  const ids = Array.from({ length: space.size }, (): NodeId => 0);
  const parts = Math.max(2, Math.round(space.size ** (1 / layers)));
  const divide = (members: readonly number[], prefix: number, layer: number): void => {
    if (layer < 4) {
      const groups =
        layer <= 4 - layers ? [members] : cluster(random, space, members, parts, MOST_BYTES ** (4 - layer));
      groups.forEach((group, i) => divide(group, prefix * 256 + i + 1, layer + 1));
    } else {
      members.forEach((member, i) => {
        ids[member] = (prefix * 256 + i + 1) >>> 0;
      });
    }
  };
  divide(Array.from(ids.keys()), 0, 1);
  return ids;
}

/** As few layers as leave zones small: 1 up to 30 nodes, then 2 up to 200, 3 up to 400, 4 above. */
export function layersFor(nodes: number): 1 | 2 | 3 | 4 {
  if (nodes <= ONE_GROUP) return 1;
  return nodes <= 200 ? 2 : nodes < 400 ? 3 : 4;
}

/** Members in at most `parts` groups around centres, each of the farthest from those before it; a full group passes the next ones on. */
function cluster(random: Random, space: RttSpace, members: readonly number[], parts: number, most: number): number[][] {
  const centres = [members[random.below(members.length)] as number];
  const far = (member: number) => Math.min(...centres.map((centre) => space.rtt(member, centre)));
  while (centres.length < Math.min(parts, members.length)) {
    // Half of the centres by chance, so that outliers do not get all zones.
    const candidates = Array.from({ length: 8 }, () => members[random.below(members.length)] as number);
    const next = candidates.reduce((best, one) => (far(one) > far(best) ? one : best));
    if (centres.includes(next)) break;
    centres.push(next);
  }
  const groups: number[][] = centres.map(() => []);
  for (const member of members) {
    const order = centres
      .map((centre, at) => ({ at, rtt: space.rtt(member, centre) }))
      .sort((a, b) => a.rtt - b.rtt || a.at - b.at);
    const open = order.find(({ at }) => (groups[at] as number[]).length < most) ?? order[0];
    (groups[open?.at ?? 0] as number[]).push(member);
  }
  return groups.filter((group) => group.length > 0);
}
