/** A synthetic planet: regions on a globe, zones in them and groups in those, all of sizes that follow Zipf's law. */
import type { NodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { globe, type RttSpace, type Site } from './rtt-space.js';

/** How far the centres of a region's zones are spread, degrees; then a zone's groups, then a group's nodes. */
const SPREAD_DEGREES = [12, 3, 0.5] as const;
/** A group is full with so many: ids end in 1 to 254. */
const MOST_IN_GROUP = 254;
/** Centres of regions are where people live: between these latitudes. */
const SOUTH = -40;
const NORTH = 60;

/** Ids of `nodes` nodes in four layers, and where they are. About 1.2 times the fourth root of their number is the number of zones a layer. */
export function syntheticPlanet(random: Random, nodes: number): { ids: NodeId[]; space: RttSpace } {
  const fanOut = Math.max(1, Math.min(200, Math.round(1.2 * nodes ** 0.25)));
  const draw = zipf(fanOut);
  const centres = new Map<number, Site>();
  const centreOf = (prefix: number, depth: number): Site => {
    const known = centres.get(prefix);
    if (known) return known;
    const site =
      depth === 0 ? regionSite(random, prefix) : siteNear(random, centreOf(prefix >>> 8, depth - 1), depth, prefix);
    centres.set(prefix, site);
    return site;
  };
  const members = new Map<number, number>();
  const ids: NodeId[] = [];
  const sites: Site[] = [];
  while (ids.length < nodes) {
    const group = (draw(random) << 16) | (draw(random) << 8) | draw(random);
    const taken = members.get(group) ?? 0;
    if (taken === MOST_IN_GROUP) continue;
    members.set(group, taken + 1);
    ids.push((group * 256 + taken + 1) >>> 0);
    const { place, ...near } = siteNear(random, centreOf(group, 2), 3, group);
    sites.push({ ...near, place });
  }
  return { ids, space: globe(random, sites) };
}

function regionSite(random: Random, place: number): Site {
  return { latitude: SOUTH + (NORTH - SOUTH) * random.unit(), longitude: 360 * random.unit() - 180, place };
}

function siteNear(random: Random, { latitude, longitude }: Site, depth: number, place: number): Site {
  const spread = SPREAD_DEGREES[depth - 1] as number;
  const off = () => spread * (random.unit() + random.unit() - 1);
  return { latitude: Math.max(-85, Math.min(85, latitude + off())), longitude: longitude + off(), place };
}

/** Draws 1 .. `count`, k in proportion to 1/k. */
function zipf(count: number): (random: Random) => number {
  const sums: number[] = [];
  let sum = 0;
  for (let k = 1; k <= count; k++) sums.push((sum += 1 / k));
  return (random) => {
    const at = random.unit() * sum;
    return 1 + sums.findIndex((upTo) => at < upTo);
  };
}
