/** What the scenes have in common: a few nodes, and a destination D that A, B and C reach. */
import { createRouter } from '../../control/routing/router.js';
import type { SafetyRules } from '../../control/routing/router.types.js';
import { invariant } from '../../kit/assert.js';
import { formatNodeId, type NodeId } from '../../kit/node-id.js';
import { seededRandom } from '../../kit/random.js';
import { ScriptedNetwork, type ScriptedOptions } from '../scripted-network.js';

export type Rules = Partial<SafetyRules>;

/** A network of a few nodes in which something goes wrong as soon as a rule is missing. */
export interface Scene {
  /** What happens, a sentence for people. */
  readonly story: string;
  /** What goes wrong: the checker reports a loop, or a node that could reach D does not. */
  readonly fault: 'loop' | 'starved';
  /** Plays it with the rule (or with this protocol, where the scene is of another one) or without. */
  play(isWhole: boolean): ScenePlay;
}

export interface ScenePlay {
  readonly net: ScriptedNetwork;
  /** Nodes that had lost their way, for good, though there is one. */
  readonly starved: readonly NodeId[];
}

export const [A, B, C, D] = [0x01010101, 0x01010102, 0x01010103, 0x01010109];

/** The slot by which A, B and C reach D. */
export const LAYER = 4;
export const TO_D = 9;

export function network(
  nodes: readonly NodeId[],
  rules: Rules = {},
  create?: ScriptedOptions['createRouter'],
): ScriptedNetwork {
  const random = seededRandom(1);
  const net = new ScriptedNetwork({ createRouter: create ?? createRouter, random: () => random.unit(), rules });
  for (const id of nodes) net.addNode(id);
  return net;
}

/** Fails unless `id` goes to D by `primary` (0: by nobody): the scene must be set before the rule can matter. */
export function goesBy(net: ScriptedNetwork, id: NodeId, primary: NodeId): void {
  const hop = net.nextHops(id, LAYER, TO_D).primary;
  invariant(
    hop === primary,
    `${formatNodeId(id)} goes to D by ${formatNodeId(primary)}, and not by ${formatNodeId(hop)}`,
  );
}

/**
 * ```
 *   D ── A ── B        A reaches D directly, B and C reach it by A.
 *         \\  /
 *          C           B and C hear of each other's routes.
 * ```
 */
export function triangle(rules: Rules, rtt: { ab: number; ac: number; bc: number }): ScriptedNetwork {
  const net = network([A, B, C, D], rules);
  net.connect(D, A, 10);
  net.connect(A, B, rtt.ab);
  net.connect(A, C, rtt.ac);
  net.connect(B, C, rtt.bc);
  net.run(3000);
  return net;
}

/** As above, with a detour that is shorter: C goes by B, though it has a wire to A. */
export function detour(rules: Rules): ScriptedNetwork {
  const net = triangle(rules, { ab: 5, ac: 60, bc: 5 });
  goesBy(net, A, D);
  goesBy(net, B, A);
  goesBy(net, C, B);
  return net;
}

/** What A says does not get through, what others say does. */
export const A_IS_SILENT = [
  [A, B],
  [A, C],
] as const;
