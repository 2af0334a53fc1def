/** Routers under schedules that no network would produce: any message of any mailbox may be next, be lost, or wait for ever. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRouter } from '../../ts/control/routing/router.js';
import type { SafetyRules } from '../../ts/control/routing/router.types.js';
import type { NodeId } from '../../ts/kit/node-id.js';
import { type Random, seededRandom } from '../../ts/kit/random.js';
import { ScriptedNetwork } from '../../ts/sim/scripted-network.js';

const STEPS = 4000;

function randomSchedule(seed: number, rules: Partial<SafetyRules> = {}): ScriptedNetwork {
  const random = seededRandom(seed);
  const net = new ScriptedNetwork({ createRouter, random: () => random.unit(), rules });
  const ids = randomIds(random);
  for (const id of ids) net.addNode(id);
  for (let i = 1; i < ids.length; i++) net.connect(ids[i] as NodeId, ids[random.below(i)] as NodeId, rtt(random));
  for (const a of ids)
    for (const b of ids) if (a < b && !net.hasSession(a, b) && random.chance(0.3)) net.connect(a, b, rtt(random));
  net.run(random.below(2000));
  for (let step = 0; step < STEPS; step++) doSomething(net, random, ids);
  return net;
}

function randomIds(random: Random): NodeId[] {
  const ids = new Set<NodeId>();
  const count = 5 + random.below(5);
  while (ids.size < count) {
    const zone = random.below(3);
    ids.add(((1 + (zone >>> 1)) << 24) | (1 << 16) | ((1 + (zone & 1)) << 8) | (1 + random.below(20)));
  }
  return [...ids];
}

const rtt = (random: Random) => 1 + random.below(100);

function doSomething(net: ScriptedNetwork, random: Random, ids: readonly NodeId[]): void {
  const a = ids[random.below(ids.length)] as NodeId;
  const b = ids[random.below(ids.length)] as NodeId;
  const action = random.below(1000);
  if (action < 400) net.pass(1 + random.below(20));
  else if (action < 405) net.restart(a);
  else if (a === b) return;
  else if (!net.hasSession(a, b)) {
    if (action < 435) net.connect(a, b, rtt(random));
  } else if (action < 415) net.disconnect(a, b);
  else if (action < 450) net.setRtt(a, b, rtt(random));
  else if (action < 490) net.drop(a, b, random.below(net.waiting(a, b) + 1));
  else net.deliver(a, b, random.below(net.waiting(a, b) + 1));
}

test('no schedule makes a loop or lets a label rise', () => {
  const fresh = 1 + Math.floor(Math.random() * 0xffff_fff0);
  const seeds = [...Array.from({ length: 12 }, (_, i) => i + 1), fresh, fresh + 1, fresh + 2];
  console.log(`fresh seeds: ${seeds.slice(-3).join(' ')}`);
  let changes = 0;
  for (const seed of seeds) {
    const { checker } = randomSchedule(seed);
    assert.equal(checker.violations, [], `seed ${seed}`);
    changes += checker.sums.changes;
  }
  assert.ok(changes > 2500, `only ${changes} changes of next hops were looked at`);
});

test('with a rule off, such schedules find loops', () => {
  for (const rule of ['feasibility', 'labelKeptWhenUnreachable', 'labelNeverRises'] as const) {
    let loops = 0;
    for (let seed = 1; seed <= 12; seed++) loops += randomSchedule(seed, { [rule]: false }).checker.sums.loops;
    assert.ok(loops > 0, `${rule} off: no loop found`);
  }
});

test.run();
