/**
 * Each safety rule has a scene of a few nodes in which a loop appears, and is reported, as soon as the rule is switched off; other protocols have one in which
 * they loop. So the rules are needed, and the checker can fail.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL_ON } from '../../ts/control/routing/safety-rules.js';
import { A, B, D, goesBy } from '../../ts/sim/scenes/scene.js';
import { isRuleName, playScene, SCENE_NAMES } from '../../ts/sim/scenes/scenes.js';
import { ScriptedNetwork } from '../../ts/sim/scripted-network.js';
import { createVariantRouter } from '../../ts/sim/variant-router.js';

test('there is a scene for every safety rule', () => {
  for (const rule of Object.keys(ALL_ON))
    assert.ok(
      SCENE_NAMES.some((name) => name === rule),
      rule,
    );
});

for (const name of SCENE_NAMES.filter((each) => each !== 'seqnosRise'))
  test(`${name}: with ${isRuleName(name) ? 'it' : 'labels instead'} there is no loop; without, there is one and the checker reports it`, () => {
    const { whole, without } = playScene(name);
    assert.equal(whole.violations, []);
    assert.ok(whole.changes > 0);
    assert.ok(without.loops > 0, JSON.stringify(without.violations));
  });

test('seqnosRise: on, who has lost its way finds another; off, never, though nothing loops', () => {
  const { whole, without } = playScene('seqnosRise');
  assert.equal([whole.starved, whole.violations], [0, []]);
  assert.ok(without.starved > 0);
  assert.equal(without.violations, []);
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
