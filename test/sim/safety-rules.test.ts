/**
 * Each safety rule has a scenario of at most six nodes in which a loop appears, and is reported, as soon as the rule is switched off. So
 * the rules are needed, and the checker can fail.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRouter } from '../../ts/control/routing/router.js';
import type { SafetyRules } from '../../ts/control/routing/router.types.js';
import { formatNodeId, type NodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import { ScriptedNetwork, type ScriptedOptions } from '../../ts/sim/scripted-network.js';
import { createVariantRouter } from '../../ts/sim/variant-router.js';

type Rules = Partial<SafetyRules>;

const [A, B, C, D] = [0x01010101, 0x01010102, 0x01010103, 0x01010109];
/** The slot by which A, B and C reach D. */
const LAYER = 4;
const TO_D = 9;

function network(nodes: readonly NodeId[], rules: Rules): ScriptedNetwork {
  const random = seededRandom(1);
  const net = new ScriptedNetwork({ createRouter, random: () => random.unit(), rules });
  for (const id of nodes) net.addNode(id);
  return net;
}

/** Fails unless `id` goes to D by `primary` (0: by nobody): the scene must be set before the rule can matter. */
function goesBy(net: ScriptedNetwork, id: NodeId, primary: NodeId): void {
  const hop = net.nextHops(id, LAYER, TO_D).primary;
  assert.is(formatNodeId(hop), formatNodeId(primary), `${formatNodeId(id)} goes to D by`);
}

/**
 * ```
 *   D ── A ── B        A reaches D directly, B and C reach it by A.
 *         \  /
 *          C           B and C hear of each other's routes.
 * ```
 */
function triangle(rules: Rules, rtt: { ab: number; ac: number; bc: number }): ScriptedNetwork {
  const net = network([A, B, C, D], rules);
  net.connect(D, A, 10);
  net.connect(A, B, rtt.ab);
  net.connect(A, C, rtt.ac);
  net.connect(B, C, rtt.bc);
  net.run(3000);
  return net;
}

/** As above, with a detour that is shorter: C goes by B, though it has a wire to A. */
function detour(rules: Rules): ScriptedNetwork {
  const net = triangle(rules, { ab: 5, ac: 60, bc: 5 });
  goesBy(net, A, D);
  goesBy(net, B, A);
  goesBy(net, C, B);
  return net;
}

/** What A says does not get through, what others say does. */
const A_IS_SILENT = [
  [A, B],
  [A, C],
] as const;

const SCENARIOS: { readonly [rule in Exclude<keyof SafetyRules, 'seqnosRise'>]: (rules: Rules) => ScriptedNetwork } = {
  // B takes C as its backup, and C takes B.
  feasibility: (rules) => triangle(rules, { ab: 10, ac: 12, bc: 5 }),

  // B and C are equally far: their labels are equal, and each takes the other as its backup.
  strictlySmaller: (rules) => triangle(rules, { ab: 10, ac: 10, bc: 5 }),

  // The wire from A to D becomes so slow that C's route, which leads by A itself, looks better to A.
  labelNeverRises: (rules) => {
    const net = detour(rules);
    for (let i = 0; i < 40; i++) {
      net.setRtt(A, D, 2000);
      net.run(100, A_IS_SILENT);
    }
    return net;
  },

  // The wire from A to D is cut: A remembers that it was closer than C, or does not.
  labelKeptWhenUnreachable: (rules) => {
    const net = detour(rules);
    net.disconnect(A, D);
    net.run(1000, A_IS_SILENT);
    return net;
  },

  // A goes by B, with C as its backup; then it gets a wire to D and is closer than C, whose backup it becomes.
  recheckOnLowering: (rules) => {
    const net = network([A, B, C, D], rules);
    net.connect(B, D, 100);
    net.connect(C, D, 50);
    net.connect(A, B, 10);
    net.connect(A, C, 80);
    net.run(3000);
    goesBy(net, A, B);
    assert.is(net.nextHops(A, LAYER, TO_D).backup, C, 'C is the backup of A');
    net.connect(A, D, 5);
    net.run(3000, [[C, A]]);
    goesBy(net, A, D);
    return net;
  },

  // 1.1.1.1 looks for 1.7 and hears of 2.7 from its neighbour in zone 2, which sends packets for 1.7 back to zone 1.
  layersStayInZone: (rules) => {
    const [inOne, inTwo, two7] = [0x01010101, 0x02010101, 0x02070101];
    const net = network([inOne, inTwo, two7], rules);
    net.connect(inTwo, two7, 10);
    net.connect(inOne, inTwo, 10);
    net.run(3000);
    return net;
  },

  // A restarts. C's word of its route by way of B and A itself was under way, and reaches the new A.
  sessionsAreFresh: (rules) => {
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
  },
};

for (const [rule, scenario] of Object.entries(SCENARIOS)) {
  test(`${rule}: on, there is no loop; off, there is one and the checker reports it`, () => {
    const { checker } = scenario({});
    assert.equal(checker.violations, []);
    const off = scenario({ [rule]: false }).checker;
    assert.ok(off.sums.loops > 0, `no loop without ${rule}: ${JSON.stringify(off.violations)}`);
  });
}

/**
 * ```
 *   D ── 1 ── 2 ── 3 ── ... ── 15 ── D       a ring of short links: 1 is next to D, and the other way has 15 hops
 * ```
 * When the link from 1 to D is cut, no label between 1 and D has room for the other way.
 */
test('seqnosRise: on, who has lost its way finds another; off, never, though nothing loops', () => {
  for (const seqnosRise of [true, false]) {
    const chain = Array.from({ length: 15 }, (_, i) => 0x01010110 + i);
    const [first, second, last] = [chain[0] as NodeId, chain[1] as NodeId, chain.at(-1) as NodeId];
    const net = network([D, ...chain], { seqnosRise });
    net.connect(first, D, 0.1);
    net.connect(last, D, 0.1);
    for (let i = 1; i < chain.length; i++) net.connect(chain[i - 1] as NodeId, chain[i] as NodeId, 0.1);
    net.run(4000);
    goesBy(net, first, D);
    net.disconnect(first, D);
    net.run(seqnosRise ? 6000 : 20_000);
    goesBy(net, first, seqnosRise ? second : 0);
    assert.equal(net.checker.violations, []);
  }
});

/**
 * ```
 *   zone 9:  D1      D2          A and B each reach zone 9 by an origin of their own, and hear of each other's route.
 *            │       │
 *   zone 1:  A ───── B
 * ```
 * Both origins are lost at once, and the two take each other's route before either has heard that it is gone.
 */
function lostTogether(create: ScriptedOptions['createRouter']): ScriptedNetwork {
  const random = seededRandom(1);
  const net = new ScriptedNetwork({ createRouter: create, random: () => random.unit() });
  const [origin1, origin2] = [0x09010101, 0x09010102];
  for (const id of [A, B, origin1, origin2]) net.addNode(id);
  net.connect(A, origin1, 10);
  net.connect(B, origin2, 10);
  net.connect(A, B, 10);
  net.run(1000);
  assert.is(net.nextHops(A, 1, 9).primary, origin1);
  assert.is(net.nextHops(B, 1, 9).primary, origin2);
  net.disconnect(A, origin1);
  net.disconnect(B, origin2);
  net.run(1000);
  return net;
}

test('a label a destination: two origins of one zone that are lost together leave no loop', () => {
  assert.equal(lostTogether(createRouter).checker.violations, []);
});

test('a feasibility distance an origin, as in Babel, loops there', () => {
  assert.ok(lostTogether(createVariantRouter('perOrigin')).checker.sums.loops > 0);
});

test('lists of the nodes on the way, as in BGP, loop there', () => {
  assert.ok(lostTogether(createVariantRouter('pathVector')).checker.sums.loops > 0);
});

test('with one origin a feasibility distance is safe', () => {
  const net = new ScriptedNetwork({ createRouter: createVariantRouter('perOrigin'), random: () => 0 });
  for (const id of [A, B, D]) net.addNode(id);
  net.connect(A, D, 10);
  net.connect(B, D, 10);
  net.connect(A, B, 10);
  net.run(100);
  goesBy(net, A, D);
  net.disconnect(A, D);
  net.disconnect(B, D);
  net.run(100);
  goesBy(net, A, 0);
  assert.is(net.checker.sums.loops, 0);
});

test.run();
