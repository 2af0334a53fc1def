/** A flow moves to a link that was idle, and the node at the other end dies soon after: how long both of its neighbours take to notice. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import { delayOnly } from '../../ts/sim/topology.js';
import { World } from '../../ts/sim/world.js';

const [A, B, C, D] = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'].map((text) => parseNodeId(text) ?? 0) as [
  number,
  number,
  number,
  number,
];
/** Long enough for a link to be idle, ms. */
const REST_MS = 8_000;
const PACKET_EVERY_MS = 5;
/** The bound: three fast intervals, half of one for the tick of hellos, and what asking takes; the idle interval alone would take 1000 to 1500. */
const BOUND_MS = 400;

const edge = (a: number, b: number, delay: number) => ({ a, b, model: delayOnly(delay) });

/** Two ways from A to C: by B, which is used, and by D, which is idle. */
function square(seed: number): World {
  const random = seededRandom(seed);
  const edges = [edge(A, B, 5), edge(B, C, 5), edge(A, D, 10), edge(D, C, 10)];
  const world = new World({ nodes: [A, B, C, D], edges }, random.fork());
  world.start();
  world.queue.runUntil(REST_MS + random.below(500));
  return world;
}

/** Packets from A to C, and their answers, for as long as the world is run. */
function flow(world: World): void {
  world.ping(A, C);
  world.queue.after(PACKET_EVERY_MS, () => flow(world));
}

function until(world: World, holds: () => boolean, ms: number): number {
  const start = world.queue.now;
  while (!holds()) {
    assert.ok(world.queue.now < start + ms, `did not come true within ${ms} ms`);
    world.queue.runUntil(world.queue.now + 1);
  }
  return world.queue.now - start;
}

const losesLink = (world: World, at: number, peer: number) => () => world.node(at)?.hasLink(peer) === false;

/** Runs until A's packets go by D, however that came about, and the moment after in which D dies. Returns when A and C knew, ms. */
function dieAfter(world: World, ms: number): { atA: number; atC: number } {
  until(world, () => world.node(A)?.nextHop(C, true) === D, 2_000);
  world.queue.runUntil(world.queue.now + ms);
  const died = world.queue.now;
  world.crash(D);
  let [atA, atC] = [0, 0];
  until(
    world,
    () => {
      if (atA === 0 && losesLink(world, A, D)()) atA = world.queue.now - died;
      if (atC === 0 && losesLink(world, C, D)()) atC = world.queue.now - died;
      return atA > 0 && atC > 0;
    },
    2_000,
  );
  return { atA, atC };
}

for (const [what, breakIt] of [
  ['the node that was used dies', (world: World) => world.crash(B)],
  [
    'a wire of the way that was used is cut',
    (world: World) => {
      for (const wire of world.wires.filter(({ a, b }) => a === A && b === B)) {
        wire.ab.cuts++;
        wire.ba.cuts++;
      }
    },
  ],
] as const)
  test(`${what}, and 100 ms after the flow has moved so does the other one: both neighbours know within ${BOUND_MS} ms`, () => {
    for (let seed = 1; seed <= 10; seed++) {
      const world = square(seed);
      assert.is(world.node(A)?.nextHop(C, true), B);
      flow(world);
      world.queue.runUntil(world.queue.now + 3_000);
      breakIt(world);
      const { atA, atC } = dieAfter(world, 100);
      assert.ok(atA <= BOUND_MS && atC <= BOUND_MS, `seed ${seed}: ${atA} ms and ${atC} ms`);
      assert.equal(world.checker.violations, []);
    }
  });

test('a node dies before the fast interval was agreed on: unanswered hellos tell', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = square(seed);
    flow(world);
    world.queue.runUntil(world.queue.now + 3_000);
    world.crash(B);
    const { atA } = dieAfter(world, 1);
    assert.ok(atA <= BOUND_MS, `seed ${seed}: ${atA} ms`);
  }
});

test('links that no packet uses keep their idle interval, though routes move to them', () => {
  const world = square(1);
  world.crash(B);
  world.queue.runUntil(world.queue.now + 3_000);
  const before = world.network.sentDatagrams;
  world.queue.runUntil(world.queue.now + 10_000);
  const perLink = (world.network.sentDatagrams - before) / 2;
  // 20 to 27 hellos of each end and as many answers; a digest and its acknowledgement now and then; A and C look for B.
  assert.ok(perLink <= 4 * 27 + 30, `${perLink} datagrams a link`);
});

test.run();
