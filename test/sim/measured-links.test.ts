/** What wires carry and lose is found out by the nodes at their ends, and moves the routes of the classes that it concerns, in time. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import type { ChannelModel } from '../../ts/sim/channel.js';
import { delayOnly } from '../../ts/sim/topology.js';
import { World } from '../../ts/sim/world.js';
import { TrafficClass } from '../../ts/wire/network-header.js';

const [A, B, C, D] = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'].map((text) => parseNodeId(text) ?? 0) as [
  number,
  number,
  number,
  number,
];

/** Bytes a ms. */
const mbit = (n: number) => n * 125;

const edge = (a: number, b: number, delay: number, model: Partial<ChannelModel> = {}) => ({
  a,
  b,
  model: { ...delayOnly(delay), ...model },
});

/** Two ways from A to C: by B, which is shorter, and by D. */
function square(byB: Partial<ChannelModel>, byD: Partial<ChannelModel>, seed = 1): World {
  const edges = [edge(A, B, 5, byB), edge(B, C, 5, byB), edge(A, D, 10, byD), edge(D, C, 10, byD)];
  const world = new World({ nodes: [A, B, C, D], edges }, seededRandom(seed), { measureBandwidth: true });
  world.start();
  return world;
}

/** Packets of all classes by turns from A to C, and their answers. */
function flow(world: World, everyMs: number): void {
  world.ping(A, C);
  world.queue.after(everyMs, () => flow(world, everyMs));
}

/** Another model for the wires of the way by `relay`. */
function change(world: World, relay: number, to: Partial<ChannelModel>): void {
  for (const { a, b, ab, ba } of world.wires)
    if (a === relay || b === relay) for (const one of [ab, ba]) one.model = { ...one.model, ...to };
}

function until(world: World, holds: () => boolean, ms: number): number {
  const start = world.queue.now;
  while (!holds()) {
    assert.ok(world.queue.now < start + ms, `did not come true within ${ms} ms`);
    world.queue.runUntil(world.queue.now + 10);
  }
  return world.queue.now - start;
}

const next = (world: World, trafficClass: number) => world.node(A)?.nextHop(C, true, trafficClass);
const estimate = (world: World, peer: number) =>
  world
    .node(A)
    ?.control.links(world.queue.now)
    .find((link) => link.peer === peer)?.bandwidth;

for (const seed of [1, 2, 3])
  test(`seed ${seed}: wires are measured within ten per cent, and high bandwidth takes the wider way`, () => {
    const world = square({ bandwidth: mbit(10) }, { bandwidth: mbit(45) }, seed);
    until(world, () => next(world, TrafficClass.HighBandwidth) === D, 15_000);
    world.queue.runUntil(30_000);
    for (const [peer, expected] of [
      [B, 10],
      [D, 45],
    ] as const) {
      const found = estimate(world, peer);
      assert.is(found?.source, 'measured');
      assert.ok(Math.abs((found?.mbit ?? 0) - expected) < expected / 10, `${found?.mbit} instead of ${expected}`);
    }
    assert.is(next(world, TrafficClass.LowLatency), B);
    assert.is(next(world, TrafficClass.HighBandwidth), D);
    assert.equal(world.checker.violations, []);
  });

test('a wire that becomes narrower under traffic loses its routes of high bandwidth within 10 s', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const world = square({ bandwidth: mbit(10) }, { bandwidth: mbit(45) }, seed);
    flow(world, 10);
    world.queue.runUntil(40_000 + 1_000 * seed);
    assert.is(next(world, TrafficClass.HighBandwidth), D);
    change(world, D, { bandwidth: mbit(2) });
    const took = until(world, () => next(world, TrafficClass.HighBandwidth) === B, 20_000);
    assert.ok(took <= 10_000, `seed ${seed}: ${took} ms`);
    assert.is(next(world, TrafficClass.LowLatency), B, 'the others stay where they are');
  }
});

test('a wire that begins to lose packets under traffic loses its reliable routes within 5 s, and only those', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const world = square({}, {}, seed);
    flow(world, 10);
    world.queue.runUntil(20_000);
    const used = next(world, TrafficClass.Reliable) ?? 0;
    change(world, used, { loss: 0.1 });
    const took = until(world, () => next(world, TrafficClass.Reliable) === (used === B ? D : B), 10_000);
    assert.ok(took <= 5_000, `seed ${seed}: ${took} ms`);
    assert.is(next(world, TrafficClass.LowLatency), B);
  }
});

test('trains cost less than one per cent of a wire, and are no loss of it where its queue is short', () => {
  const narrow = { bandwidth: mbit(1), queue: 40 };
  const world = square(narrow, narrow);
  world.queue.runUntil(5_000);
  const before = world.network.sentBytes;
  world.queue.runUntil(605_000);
  // Four wires of 1 Mbit/s, each with two directions; hellos and digests included.
  const share = (world.network.sentBytes - before) / (8 * mbit(1) * 600_000);
  assert.ok(share < 0.02, `${(100 * share).toFixed(2)} %`);
  assert.is(next(world, TrafficClass.Reliable), B);
  for (const { lossOut } of world.node(A)?.control.links(world.queue.now) ?? []) assert.ok(lossOut < 0.5, `${lossOut}`);
});

test.run();
