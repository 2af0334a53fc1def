/**
 * What links of planets are worth besides their round trip, so that the four classes go different ways. Synthetic: no measurement is behind it but
 * the experience that few nodes have narrow lines, that most links lose nothing and few much, and that far is dear.
 */
import { type NodeId, sharedBytes } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import type { LinkWorth } from './link.js';
import type { Plan } from './plan.js';

/** Lines of nodes, Mbit/s: each as likely as the others. A link is as wide as the narrower line of its ends. */
const LINES = [20, 100, 100, 500, 1000, 1000, 2500, 10_000] as const;
/** So many links lose nothing; the others between these shares, evenly on a logarithmic scale. */
const WITHOUT_LOSS = 0.6;
const LEAST_LOSS = 1e-4;
const MOST_LOSS = 0.02;
/** Cost by how many leading bytes the ends share, from none; times 1 to 3, by who carries it. */
const COSTS: readonly number[] = [10, 4, 2, 1];
const CARRIERS = 3;

/** For each link of the plan, in its order. */
export function drawWorths(random: Random, { ids, links }: Plan): LinkWorth[] {
  const lines = ids.map(() => LINES[random.below(LINES.length)] as number);
  return links.map(([a, b]) => ({
    loss: random.chance(WITHOUT_LOSS) ? 0 : LEAST_LOSS * (MOST_LOSS / LEAST_LOSS) ** random.unit(),
    cost: (COSTS[sharedBytes(ids[a] as NodeId, ids[b] as NodeId)] as number) * (1 + random.below(CARRIERS)),
    bandwidth: Math.min(lines[a] as number, lines[b] as number),
  }));
}
