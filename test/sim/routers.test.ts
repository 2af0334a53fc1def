/** Routers alone in very many small networks: fixed seeds, fresh ones, and proof that what goes wrong is noticed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SafetyRules } from '../../ts/control/routing/router.types.js';
import { seededRandom } from '../../ts/kit/random.js';
import type { End } from '../../ts/sim/planet/link.js';
import { PlanetWorld } from '../../ts/sim/planet/planet-world.js';
import { planOf } from '../../ts/sim/planet/plans.js';
import { add, type BlockSums, NO_RUNS, sumsOf, sumsOfError } from '../../ts/sim/routers/block.js';
import { blocksOf, replayRouters, runManyRouters } from '../../ts/sim/routers/many.js';
import { runRouters } from '../../ts/sim/routers/run.js';

const FRESH = Array.from({ length: 8 }, () => Math.floor(Math.random() * 0x1_0000_0000));

function isWell(seed: number): number {
  const { problems, changes, ...result } = runRouters({ seed });
  assert.equal(problems, [], `replay with: ${replayRouters(seed)}`);
  assert.equal([result.loops, result.labelInversions, result.escapes, result.unconverged], [0, 0, 0, 0]);
  return changes;
}

test('fixed seeds: no loop, no inversion, everything is found again', () => {
  let changes = 0;
  for (let seed = 1; seed <= 20; seed++) changes += isWell(seed);
  assert.ok(changes > 20_000, `${changes} changes of next hops were looked at`);
});

test('fresh seeds', () => {
  console.log(`fresh seeds: ${FRESH.join(' ')}`);
  for (const seed of FRESH) isWell(seed);
});

const RULES: readonly (keyof SafetyRules)[] = [
  'strictlySmaller',
  'feasibility',
  'labelNeverRises',
  'labelKeptWhenUnreachable',
  'recheckOnLowering',
  'layersStayInZone',
  'sessionsAreFresh',
];

for (const rule of RULES) {
  test(`without ${rule} the first network loops already`, () => {
    const told: string[] = [];
    const result = runRouters({ seed: 1, nodes: 8, rules: { [rule]: false } }, (line) => told.push(line));
    assert.ok(result.loops > 0);
    assert.ok(
      told.some((line) => line.includes('->')),
      'it is told when it happens',
    );
    assert.is(sumsOf(result).failures[0]?.seed, 1);
  });
}

test('a seed is replayed to the byte, and all kinds of faults happen', () => {
  const [first, second] = [0, 1].map(() => {
    const told: string[] = [];
    return { result: runRouters({ seed: 3 }, (line) => told.push(line)), told };
  });
  assert.equal(first, second);
  const told = Array.from({ length: 6 }, (_, i) => i + 1).flatMap((seed) => {
    const lines: string[] = [];
    runRouters({ seed, nodes: 6 }, (line) => lines.push(line));
    return lines;
  });
  const kinds = [
    / - \S+ cut for \d+ ms/,
    /links cut for/,
    /cut in one direction/,
    /crashes, and returns/,
    /crashes for good/,
    /takes [\d.]+ ms, loss/,
    /links lose/,
    /links delay/,
  ];
  for (const kind of kinds)
    assert.ok(
      told.some((line) => kind.test(line)),
      String(kind),
    );
});

/** A small planet at rest. */
function calmWorld(): PlanetWorld {
  const random = seededRandom(4);
  const world = new PlanetWorld(planOf(random.fork(), 'planet', 12, 6), random.fork());
  for (const node of world.stations.keys()) world.start(node);
  world.queue.runUntil(5000);
  return world;
}

test('a link that is cut in one direction goes down at both ends, one after the other, and comes back', () => {
  const world = calmWorld();
  const link = world.links[0];
  assert.ok(link?.isUp);
  const ends: readonly End[] = [0];
  world.cut(link, ends);
  world.queue.runUntil(world.queue.now + 201);
  assert.is(link.indexes[1], 0, 'who hears nothing gives up');
  assert.ok(link.indexes[0] !== 0, 'the other one hears nothing from then on');
  world.queue.runUntil(world.queue.now + 201);
  assert.is(link.indexes[0], 0);
  world.mend(link, ends);
  world.queue.runUntil(world.queue.now + 3000);
  assert.ok(link.isUp);
});

test('loss and detours touch messages: with all of them lost nothing is learnt, with detours they overtake each other', () => {
  const world = calmWorld();
  for (const link of world.links) link.drop = 1;
  world.crash(3);
  world.queue.runUntil(world.queue.now + 3000);
  assert.ok(world.links.every((link) => link.nodes[0] === 3 || world.isLost(link, 0)));
  const far = world.live().filter((station) => ![...station.sessions.values()].some(({ peer }) => peer === 3));
  assert.ok(far.length > 0);
  for (const link of world.links) {
    link.drop = 0;
    link.detour = 400;
  }
  world.start(3);
  world.queue.runUntil(world.queue.now + 20_000);
  assert.equal(world.checker.violations, []);
});

test('what is changed of a link is what routers choose by', () => {
  const world = calmWorld();
  const [link] = world.links;
  assert.ok(link);
  const costs = () => world.stations[link.nodes[0]]?.router.ways(world.plan.ids[link.nodes[1]] as number);
  world.setQuality(link, 77, { loss: 0.1, cost: 7, bandwidth: 3 });
  const way = costs()?.find((one) => one.link === link.indexes[0]);
  assert.equal(way?.quality, { rtt: 77, loss: 0.1, cost: 7, bandwidth: 3 });
});

test('blocks add up to what their runs are one by one, in any order, and failures are kept', () => {
  const runs = [5, 6, 7].map((seed) => sumsOf(runRouters({ seed, nodes: 6 })));
  const forwards = runs.reduce(add, NO_RUNS);
  assert.equal(forwards, runs.toReversed().reduce(add, NO_RUNS));
  assert.is(forwards.runs, 3);
  assert.is(forwards.nodes, 18);
  const failed = add(sumsOfError(9, new Error('lost')), add(forwards, sumsOfError(2, 'also')));
  assert.equal(
    failed.failures.map(({ seed }) => seed),
    [2, 9],
  );
  assert.equal([failed.runs, failed.failed], [5, 2]);
});

test('many runs are spread over threads; what is done already is added, and not run again', async () => {
  const options = { seed: 0xffff_fff0, runs: 60, nodes: 4, threads: 2 };
  const done = new Map<number, BlockSums>();
  const whole = await runManyRouters({ ...options, onBlock: (block, sums) => done.set(block.seed, sums) });
  assert.is(whole.runs, 60);
  assert.is(whole.failed, 0);
  assert.equal(new Set(done.keys()), new Set([34, 0xffff_fff0]), 'seeds go on from 0');
  const again: number[] = [];
  done.delete(34);
  const { threadSeconds, ...sums } = await runManyRouters({
    ...options,
    done,
    onBlock: ({ seed }) => again.push(seed),
  });
  assert.equal(again, [34]);
  assert.ok(threadSeconds > 0);
  assert.equal({ ...sums, threadSeconds: whole.threadSeconds }, whole);
  assert.equal(
    blocksOf({ seed: 1, runs: 101 }).map(({ runs }) => runs),
    [50, 50, 1],
  );
});

test('options that are out of range are refused by name', () => {
  assert.throws(() => runRouters({ seed: 1, nodes: 3 }), /nodes must be a whole number from 4 to 100/);
  assert.throws(() => runRouters({ seed: 2 ** 32 }), /seed must be/);
});

test.run();
