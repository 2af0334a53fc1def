/** Whole networks, whole nodes: fixed seeds, a few fresh ones, and proof that what goes wrong is noticed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatNodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import { COUNTER } from '../../ts/memory/counter-names.js';
import { CounterBlock, readCounters } from '../../ts/memory/counters.js';
import { ForwardingTableWriter, primaryOf, slotFor } from '../../ts/memory/forwarding-table.js';
import { brokenPairs, ExpectedRoutes, missingLinks, wrongSlots } from '../../ts/sim/convergence.js';
import { type RunResult, replayCommand, runSimulation } from '../../ts/sim/run.js';
import type { SimNode } from '../../ts/sim/sim-node.js';
import { randomMesh, randomTopology } from '../../ts/sim/topology.js';
import { formatEvent, World } from '../../ts/sim/world.js';

const FIXED_SEEDS = Array.from({ length: 30 }, (_, i) => i + 1);
const FRESH_SEEDS = Array.from({ length: 3 }, () => Math.floor(Math.random() * 0x1_0000_0000));

function isWell(result: RunResult, nodes: number): void {
  const command = replayCommand(result.seed, nodes === undefined ? {} : { nodes });
  assert.equal(result.problems, [], `replay with: ${command}`);
  assert.equal([result.loops, result.labelInversions, result.escapes, result.unconverged], [0, 0, 0, 0], command);
}

test('fixed seeds: no loop, no inversion, everything is found again', () => {
  let changes = 0;
  let arrived = 0;
  for (const seed of FIXED_SEEDS) {
    const nodes = 5 + (seed % 6);
    const result = runSimulation({ seed, nodes });
    isWell(result, nodes);
    changes += result.changes;
    arrived += result.arrived;
  }
  assert.ok(changes > 2000, `${changes} changes of next hops were looked at`);
  assert.ok(arrived > 400, `${arrived} packets arrived`);
});

test('fresh seeds', () => {
  console.log(`fresh seeds: ${FRESH_SEEDS.join(' ')}`);
  for (const seed of FRESH_SEEDS) isWell(runSimulation({ seed, nodes: 8 }), 8);
});

function replay() {
  const told: string[] = [];
  const result = runSimulation({ seed: 5, nodes: 8 }, (event) => told.push(formatEvent(event)));
  return { told, result };
}

test('a seed is replayed to the byte', () => {
  const first = replay();
  const second = replay();
  assert.ok(first.told.length > 200, `${first.told.length} lines`);
  assert.is(first.told.join('\n'), second.told.join('\n'));
  assert.equal(first.result, second.result);
  assert.equal(first.result, runSimulation({ seed: 5, nodes: 8 }), 'being told changes nothing');
});

test('a frame that is lost without a counter is noticed', () => {
  const world = new World(randomMesh(seededRandom(1), 4, 2), seededRandom(1));
  world.start();
  world.queue.runUntil(3000);
  const [node] = world.liveNodes();
  assert.ok(node);
  world.checkConservation(node.id);
  assert.equal(world.unaccounted, []);
  new CounterBlock(node.region, 0).add(COUNTER.received, 1);
  world.crash(node.id);
  assert.match(world.unaccounted.join(), /does not tell what became of 1 frames/);
});

test('the smallest networks run too, and sizes out of range are refused', () => {
  for (let seed = 1; seed <= 5; seed++) isWell(runSimulation({ seed, nodes: 2 }), 2);
  assert.throws(() => runSimulation({ seed: 1, nodes: 1 }), /nodes must be a whole number from 2 to 1000, not 1/);
  assert.throws(() => runSimulation({ seed: -1 }), /seed must be/);
});

test('without the feasibility rule whole networks loop, and packets come twice to a node', () => {
  let loops = 0;
  for (let seed = 1; seed <= 3; seed++) loops += runSimulation({ seed, nodes: 8, rules: { feasibility: false } }).loops;
  assert.ok(loops > 0);
});

/** A mesh of 8 nodes at rest. */
function meshAtRest(): World {
  const random = seededRandom(3);
  const world = new World(randomMesh(random.fork(), 8, 4), random.fork());
  world.sweepEvery(100);
  world.start();
  world.queue.runUntil(6000);
  assert.equal(world.checker.violations, []);
  return world;
}

/** Two neighbours, of which the first sends packets for some node to the second. */
function edgeOf(world: World): { from: SimNode; to: SimNode; destination: number } {
  for (const from of world.liveNodes())
    for (const destination of world.ids) {
      const next = from.nextHop(destination, true);
      const to = next === undefined || next === destination ? undefined : world.node(next);
      if (to && to.id !== from.id && to.nextHop(from.id, true) === from.id) return { from, to, destination };
    }
  throw new Error('no node sends by another');
}

test('a route that is changed behind the back of control is seen by the next sweep', () => {
  const world = meshAtRest();
  const { from, to, destination } = edgeOf(world);
  const back = primaryOf(to.forwarding[slotFor(to.id, from.id, 0)] as number);
  assert.is(to.nextHop(from.id, true), from.id, 'the two are neighbours');
  new ForwardingTableWriter(to.region).store(0, 4, destination & 255, back, 0);
  world.queue.runUntil(world.queue.now + 100);
  assert.ok(world.checker.sums.loops > 0, 'the loop is reported');
  assert.ok(world.checker.sums.labelInversions > 0, 'so is the label that does not fall');
  const reference = world.reference();
  const broken = brokenPairs(world.liveNodes(), reference).join('\n');
  assert.match(broken, `${formatNodeId(from.id)} does not reach ${formatNodeId(destination)}`);
});

test('a live wire without a session is found wrong', () => {
  const world = meshAtRest();
  const reference = world.reference();
  assert.equal(missingLinks(world.liveNodes(), reference), []);
  const [wire] = world.wires;
  if (!wire) throw new Error('a mesh has wires');
  wire.ab.cuts++;
  world.queue.runUntil(world.queue.now + 5000);
  const [a, b] = [formatNodeId(wire.a), formatNodeId(wire.b)];
  assert.equal(
    missingLinks(world.liveNodes(), reference).sort(),
    [`${a} has no link to ${b}`, `${b} has no link to ${a}`].sort(),
  );
});

test('a missing route and one that cannot be are found wrong', () => {
  const world = meshAtRest();
  const expected = new ExpectedRoutes(world.reference());
  assert.equal(wrongSlots(world.liveNodes(), expected), []);
  const [node] = world.liveNodes() as [SimNode];
  const writer = new ForwardingTableWriter(node.region);
  const other = world.ids.find((id) => id !== node.id) as number;
  writer.store(0, 4, other & 255, 0, 0);
  writer.store(2, 4, other & 255, 0, 0);
  writer.store(0, 1, 77, 1, 0);
  writer.store(3, 1, 78, 1, 0);
  assert.equal(wrongSlots(world.liveNodes(), expected), [
    `${formatNodeId(node.id)} still has a route to 77.*.*.* (class 0)`,
    `${formatNodeId(node.id)} still has a route to 78.*.*.* (class 3)`,
    `${formatNodeId(node.id)} has no route to ${formatNodeId(other)} (class 0)`,
    `${formatNodeId(node.id)} has no route to ${formatNodeId(other)} (class 2)`,
  ]);
});

test('frames are real bytes: a tag that is changed on its way is refused', () => {
  const random = seededRandom(9);
  const world = new World(randomTopology(random.fork(), 6), random.fork());
  const { network } = world;
  const send = network.send.bind(network);
  let spoiled = 0;
  network.send = (from, to, bytes, at, length) => {
    if (world.queue.now > 2000 && bytes.getUint8(at) % 16 === 2 && spoiled < 50) {
      spoiled++;
      bytes.setUint8(at + 20, bytes.getUint8(at + 20) ^ 1);
    }
    send(from, to, bytes, at, length);
  };
  world.start();
  world.queue.runUntil(4000);
  const refused = world.liveNodes().reduce((sum, node) => sum + readCounters(node.region).badTag, 0);
  assert.is(refused, spoiled);
  assert.is(spoiled, 50);
});

test('every node measures its own links: the round-trip times are those of the wires', () => {
  const topology = randomMesh(seededRandom(3), 12, 4);
  const world = new World(topology, seededRandom(4));
  world.start();
  world.queue.runUntil(3000);
  for (const { a, b, model } of topology.edges) {
    const link = world
      .node(a)
      ?.control.links(world.queue.now)
      .find(({ peer, state }) => peer === b && state === 'up');
    assert.ok(Math.abs((link?.rtt ?? 0) - 2 * model.delay) < 0.1, `${link?.rtt} ms over a wire of ${model.delay} ms`);
  }
});

test.run();
