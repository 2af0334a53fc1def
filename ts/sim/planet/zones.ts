/**
 * Ids by place: nodes that are near each other get ids that begin alike.
 *
 * Nodes that know where on Earth they are take the first two bytes of their ids from a quad-tree of latitude and longitude: a cell of the first byte is
 * 22.5 by 11.25 degrees, one of the second a sixteenth of that each way. Of a matrix only round-trip times are known, so zones are balls of such a size:
 *
 * ```
 *   layer 1   a region   15 ms around its centre   (cells of the first byte: 1000 km and the detours of cables)
 *   layer 2   a city      3 ms                     (cells of the second byte: 70 km and the last mile)
 *   layer 3   a site      1 ms
 *   layer 4   a node
 * ```
 */
import type { NodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { shuffled } from '../../kit/shuffled.js';
import type { RttSpace } from './rtt-space.js';

/** Round trip between the centre of a zone and its members at most, ms: of layers 1 to 3. */
const RADII_MS = [15, 3, 1] as const;
/** Parts of a zone at most: their bytes are 1 to 254. */
const MOST_PARTS = 254;

export function idsByPlace(random: Random, space: RttSpace): NodeId[] {
  const ids = Array.from({ length: space.size }, (): NodeId => 0);
  const divide = (members: readonly number[], prefix: number, layer: number): void => {
    const radius = RADII_MS[layer - 1];
    if (radius === undefined)
      members.forEach((member, i) => {
        ids[member] = (prefix * 256 + i + 1) >>> 0;
      });
    else
      balls(random, space, members, radius, MOST_PARTS ** (4 - layer)).forEach((part, i) =>
        divide(part, prefix * 256 + i + 1, layer + 1),
      );
  };
  divide(Array.from(ids.keys()), 0, 1);
  return ids;
}

/**
 * Members in at most 254 parts of at most `most`. Whoever has no centre within the radius becomes one, in random order; then all go to their nearest centre
 * that has room. Where there are too many places, the last ones come to centres that are farther.
 */
function balls(random: Random, space: RttSpace, members: readonly number[], radius: number, most: number): number[][] {
  const centres: number[] = [];
  const left = shuffled(members, () => random.unit());
  for (const member of left) {
    if (centres.length === MOST_PARTS) break;
    if (!centres.some((centre) => space.rtt(member, centre) <= radius)) centres.push(member);
  }
  for (const member of left) {
    if (centres.length * most >= members.length) break;
    if (!centres.includes(member)) centres.push(member);
  }
  const parts: number[][] = centres.map(() => []);
  const isFull = (part: number) => (parts[part] as number[]).length === most;
  for (const member of members) {
    const order = centres
      .map((centre, part) => ({ part, rtt: space.rtt(member, centre) }))
      .sort((a, b) => a.rtt - b.rtt || a.part - b.part);
    const nearest = order.find(({ part }) => !isFull(part));
    (parts[nearest?.part ?? 0] as number[]).push(member);
  }
  return parts.filter((part) => part.length > 0);
}
