/** Whole nodes that pin paths of their own accord under the virtual clock: the optimiser's and detours, and the checker of labelled packets over both. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import { runSimulation } from '../../ts/sim/run.js';
import { delayOnly } from '../../ts/sim/topology.js';
import { World } from '../../ts/sim/world.js';

const SOURCE = 0x0101_0101;
const FIRST = 0x0101_0102;
const SECOND = 0x0101_0103;
const NEAR = 0x0202_0101;
const FAR = 0x0202_0102;

/**
 * NEAR and FAR are one zone for the source. The tables lead over FIRST, which is near to the zone; to FAR the way over SECOND is shorter.
 *
 *   SOURCE ── FIRST ─── NEAR ═══ 80 ms ═══ FAR
 *       └──── SECOND ══════ 30 ms ═════════┘
 */
function zones(optimise: boolean) {
  const wires = [
    [SOURCE, FIRST, 2],
    [SOURCE, SECOND, 2],
    [FIRST, NEAR, 2],
    [NEAR, FAR, 80],
    [SECOND, FAR, 30],
  ] as const;
  const edges = wires.map(([a, b, delay]) => ({ a, b, model: delayOnly(delay) }));
  const world = new World({ nodes: [SOURCE, FIRST, SECOND, NEAR, FAR], edges }, seededRandom(1), { optimise });
  world.sweepEvery(100);
  world.start();
  world.queue.runUntil(4000);
  const source = world.node(SOURCE);
  if (!source) throw new Error('the source is dead');
  const flow = (ms: number) => {
    for (const end = world.queue.now + ms; world.queue.now < end; world.queue.runUntil(world.queue.now + 10))
      source.ping(FAR, 0);
  };
  const cut = (a: NodeId, b: NodeId) => {
    const wire = world.wires.find((one) => [a, b].includes(one.a) && [a, b].includes(one.b));
    if (!wire) throw new Error('no such wire');
    for (const channel of [wire.ab, wire.ba]) channel.cuts++;
  };
  const paths = () => source.control.ownPins().map(({ owner, path }) => ({ owner, path }));
  return { world, flow, cut, paths };
}

test('a flow that lasts gets the shorter path, and the tables when that breaks; when it ends, nothing is left', () => {
  const { world, flow, cut, paths } = zones(true);
  flow(5000);
  assert.equal(paths(), [{ owner: 'optimiser', path: [SOURCE, SECOND, FAR] }]);
  cut(SECOND, FAR);
  flow(4000);
  assert.equal(paths(), []);
  const { arrived } = world.traffic.sums;
  flow(1000);
  world.queue.runUntil(world.queue.now + 1000);
  assert.ok(world.traffic.sums.arrived - arrived >= 95, 'by the tables');
  world.queue.runUntil(world.queue.now + 62_000);
  assert.equal(world.pins.tables.kept(), []);
  assert.equal(world.pins.problems, []);
  assert.equal(world.checker.violations, []);
});

test('nobody looks for paths where that is not wanted', () => {
  const { flow, paths } = zones(false);
  flow(5000);
  assert.equal(paths(), []);
});

test('when a zone is split and the tables lead into the wrong half, a detour leads into the other one', () => {
  const { world, flow, cut, paths } = zones(true);
  cut(NEAR, FAR);
  flow(4000);
  assert.equal(paths(), [{ owner: 'detour', path: [SOURCE, SECOND, FAR] }]);
  const { arrived } = world.traffic.sums;
  flow(1000);
  world.queue.runUntil(world.queue.now + 1000);
  assert.ok(world.traffic.sums.arrived - arrived >= 95, 'by the detour');
  assert.equal(world.pins.problems, []);
  assert.equal(world.checker.violations, []);
});

test('in random networks under faults own pins keep what all pins promise', () => {
  const sums = { optimiser: 0, detour: 0 };
  for (const seed of [3, 5, 8]) {
    const { problems, pins } = runSimulation({ seed, nodes: 10, optimise: true });
    assert.equal(problems, []);
    assert.is(pins.violations, 0);
    sums.optimiser += pins.optimiser;
    sums.detour += pins.detour;
  }
  assert.ok(sums.optimiser + sums.detour > 0, 'some were pinned');
});

test.run();
