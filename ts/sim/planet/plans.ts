/** The plan of a planet by name, or from measured round-trip times. */
import type { Random } from '../../kit/random.js';
import type { Plan } from './plan.js';
import { ring4 } from './ring4.js';
import type { RttSpace } from './rtt-space.js';
import { geometric, grid, ring } from './shapes.js';
import { syntheticPlanet } from './synthetic.js';
import { idsByPlace } from './zones.js';

export const PLANET_SHAPES = ['planet', 'ring', 'grid', 'geometric'] as const;
export type PlanetShape = (typeof PLANET_SHAPES)[number];

/** `most`: how many others a node dials at most; rings, grids and geometric graphs have the links of their shape. */
export function planOf(random: Random, shape: PlanetShape, nodes: number, most: number): Plan {
  switch (shape) {
    case 'planet': {
      const { ids, space } = syntheticPlanet(random, nodes);
      return { ids, space, links: ring4(random, ids, space, most) };
    }
    case 'ring':
      return ring(nodes);
    case 'grid':
      return grid(nodes);
    case 'geometric':
      return geometric(random, nodes);
    default:
      return shape satisfies never;
  }
}

/** Nodes where the round-trip times put them: ids by nearness, links by ring4. */
export function planOfSpace(random: Random, space: RttSpace, most: number): Plan {
  const ids = idsByPlace(random, space);
  return { ids, space, links: ring4(random, ids, space, most) };
}
