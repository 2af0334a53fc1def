/** For each safety rule of routing a scene of a few nodes in which a loop appears as soon as the rule is off: so the rules are needed, and the checker can fail. */
import type { SafetyRules } from '../../control/routing/router.types.js';
import { invariant } from '../../kit/assert.js';
import type { NodeId } from '../../kit/node-id.js';
import type { ScriptedNetwork } from '../scripted-network.js';
import {
  A,
  A_IS_SILENT,
  B,
  C,
  D,
  detour,
  goesBy,
  LAYER,
  network,
  type Rules,
  type Scene,
  TO_D,
  triangle,
} from './scene.js';

export const RULE_SCENES: { readonly [rule in keyof SafetyRules]: Scene } = {
  feasibility: looping(
    'feasibility',
    'B and C both reach D by A. Without it any neighbour with a route may be a next hop: B takes C as its backup, and C takes B.',
    (rules) => triangle(rules, { ab: 10, ac: 12, bc: 5 }),
  ),

  strictlySmaller: looping(
    'strictlySmaller',
    'B and C are equally far from D, so their labels are equal. Without it each takes the other as its backup.',
    (rules) => triangle(rules, { ab: 10, ac: 10, bc: 5 }),
  ),

  labelNeverRises: looping(
    'labelNeverRises',
    "The wire from A to D becomes so slow that C's route, which leads by A itself, looks better to A. Without it the label of A rises with its metric, until C is below it.",
    (rules) => {
      const net = detour(rules);
      for (let i = 0; i < 40; i++) {
        net.setRtt(A, D, 2000);
        net.run(100, A_IS_SILENT);
      }
      return net;
    },
  ),

  labelKeptWhenUnreachable: looping(
    'labelKeptWhenUnreachable',
    'The wire from A to D is cut. Without it A forgets that it was closer to D than C, whose route leads by A itself, and takes C.',
    (rules) => {
      const net = detour(rules);
      net.disconnect(A, D);
      net.run(1000, A_IS_SILENT);
      return net;
    },
  ),

  recheckOnLowering: looping(
    'recheckOnLowering',
    'A goes by B, with C as its backup; then it gets a wire to D, is closer than C, and becomes the backup of C. Without it A keeps C.',
    (rules) => {
      const net = network([A, B, C, D], rules);
      net.connect(B, D, 100);
      net.connect(C, D, 50);
      net.connect(A, B, 10);
      net.connect(A, C, 80);
      net.run(3000);
      goesBy(net, A, B);
      invariant(net.nextHops(A, LAYER, TO_D).backup === C, 'C is the backup of A');
      net.connect(A, D, 5);
      net.run(3000, [[C, A]]);
      goesBy(net, A, D);
      return net;
    },
  ),

  layersStayInZone: looping(
    'layersStayInZone',
    '1.1.1.1 looks for zone 1.7. Without it it hears of 2.7 from its neighbour in zone 2, which sends packets for 1.7 back to zone 1.',
    (rules) => {
      const [inOne, inTwo, two7] = [0x01010101, 0x02010101, 0x02070101];
      const net = network([inOne, inTwo, two7], rules);
      net.connect(inTwo, two7, 10);
      net.connect(inOne, inTwo, 10);
      net.run(3000);
      return net;
    },
  ),

  sessionsAreFresh: looping(
    'sessionsAreFresh',
    "A restarts while C's word of its route, by B and A itself, is under way. Without it the word reaches the new A, which has forgotten its label.",
    restart,
  ),

  seqnosRise: {
    story:
      'D hangs on a ring of 15 short links at two places, and the wire that the first of the ring uses is cut. No label has room for the other way. Without rising sequence numbers nothing loops, but the first never finds it.',
    fault: 'starved',
    play: (isWhole) => starving(isWhole),
  },
};

function looping(rule: keyof SafetyRules, story: string, scene: (rules: Rules) => ScriptedNetwork): Scene {
  return { story, fault: 'loop', play: (isWhole) => ({ net: scene(isWhole ? {} : { [rule]: false }), starved: [] }) };
}

function restart(rules: Rules): ScriptedNetwork {
  const net = network([A, B, C, D], rules);
  net.connect(A, B, 5);
  net.connect(B, C, 5);
  net.connect(A, C, 60);
  net.run(500);
  net.connect(D, A, 10);
  const held = [
    [C, A],
    [B, A],
  ] as const;
  net.run(3000, held);
  goesBy(net, C, B);
  if (rules.sessionsAreFresh === false) {
    net.restartUnnoticed(A, 10);
  } else {
    net.restart(A);
    for (const peer of [B, C, D]) net.connect(A, peer, 10);
  }
  for (const [from, to] of held) while (net.deliver(from, to));
  net.run(1000, A_IS_SILENT);
  return net;
}

/**
 * ```
 *   D ── 1 ── 2 ── 3 ── ... ── 15 ── D       a ring of short links: 1 is next to D, and the other way has 15 hops
 * ```
 * When the link from 1 to D is cut, no label between 1 and D has room for the other way.
 */
function starving(seqnosRise: boolean): { net: ScriptedNetwork; starved: readonly NodeId[] } {
  const chain = Array.from({ length: 15 }, (_, i) => 0x01010110 + i);
  const [first, last] = [chain[0] as NodeId, chain.at(-1) as NodeId];
  const net = network([D, ...chain], { seqnosRise });
  net.connect(first, D, 0.1);
  net.connect(last, D, 0.1);
  for (let i = 1; i < chain.length; i++) net.connect(chain[i - 1] as NodeId, chain[i] as NodeId, 0.1);
  net.run(4000);
  goesBy(net, first, D);
  net.disconnect(first, D);
  net.run(seqnosRise ? 6000 : 20_000);
  return { net, starved: chain.filter((id) => net.nextHops(id, LAYER, TO_D).primary === 0) };
}
