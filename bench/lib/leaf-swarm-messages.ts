/** What bench/leaves.ts and its swarm (leaf-swarm-process.ts) say to each other. */
import type { NodeId } from '../../ts/kit/node-id.js';

/** All nodes of a simulation share this key: the relay must have it too. */
export const SWARM_KEY = '07'.repeat(32);

/** What the swarm is told. */
export type SwarmOrder =
  /** Leaves with these ids dial the relay, spread evenly over `withinMs`. */
  | {
      readonly kind: 'join';
      readonly relay: NodeId;
      readonly port: number;
      readonly ids: readonly NodeId[];
      readonly withinMs: number;
    }
  /** Each of these leaves sends an echo request to the node behind it. */
  | { readonly kind: 'ping'; readonly pairs: readonly (readonly [NodeId, NodeId])[] }
  | { readonly kind: 'count' };

/** What it answers to `ping` and `count`. */
export interface SwarmCounts {
  /** Leaves whose link with the relay is up. */
  readonly up: number;
  readonly pings: number;
  readonly answers: number;
  readonly residentBytes: number;
}
