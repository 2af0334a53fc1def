/** Planets as a whole: they come up, live through what happens to them, and the checker sees when routing is wrong. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../ts/kit/random.js';
import { Checker } from '../../ts/sim/checker.js';
import { PlanetEvents } from '../../ts/sim/planet/events.js';
import { Expected } from '../../ts/sim/planet/expected.js';
import { walkTables } from '../../ts/sim/planet/paths.js';
import { type PlanetOptions, runPlanet } from '../../ts/sim/planet/planet-run.js';
import { PlanetWorld } from '../../ts/sim/planet/planet-world.js';
import { planOf } from '../../ts/sim/planet/plans.js';
import { parseRttMatrix } from '../../ts/sim/planet/rtt-matrix.js';
import { bestLinked, bestRelayed } from '../../ts/sim/planet/shortest.js';
import { simulatePlanets } from '../../ts/sim/planet/simulate.js';
import { drawWorths } from '../../ts/sim/planet/worths.js';
import { SlotGraph } from '../../ts/sim/slot-graph.js';

const OPTIONS: PlanetOptions = {
  seed: 1,
  shape: 'planet',
  nodes: 50,
  links: 8,
  classes: 4,
  churn: 0,
  rest: 0,
  seconds: 0,
  events: [],
};

function matrix(slice: number) {
  return parseRttMatrix(
    readFileSync(new URL(`../../../test/vectors/planetlab/slice-${slice}.tsv`, import.meta.url), 'utf8'),
  );
}

/** A planet at rest. */
function calmWorld(nodes: number): PlanetWorld {
  const random = seededRandom(4);
  const world = new PlanetWorld(planOf(random.fork(), 'planet', nodes, 8), random.fork());
  for (const node of world.stations.keys()) world.start(node);
  world.queue.runUntil(5000);
  return world;
}

const wrongSlots = (world: PlanetWorld) => {
  const expected = new Expected(world);
  return world.live().reduce((sum, station) => sum + expected.wrongSlots(station), 0);
};

test('a planet lives through all events and churn, and is right again', () => {
  const result = runPlanet({
    ...OPTIONS,
    churn: 0.5,
    seconds: 14,
    events: ['outage', 'cable', 'flap', 'noise', 'loss', 'congestion', 'prices'],
  });
  assert.equal(result.problems, []);
  assert.is(result.loops + result.labelInversions + result.escapes + result.unconverged, 0);
  assert.is(result.happened.length, 7);
  assert.is(result.calm.broken + result.after.broken, 0);
  assert.ok(
    result.moments.some(({ live }) => live < 45),
    'a region was away',
  );
  assert.ok(result.packets.lost > 0 && result.packets.arrived > result.packets.lost);
  assert.is(result.packets.sent, result.packets.arrived + result.packets.lost + result.packets.noRoute);
});

test('what links are worth differs, and so do the ways of the classes', () => {
  const random = seededRandom(4);
  const plan = planOf(random.fork(), 'planet', 60, 8);
  const worths = drawWorths(random.fork(), plan);
  assert.is(worths.length, plan.links.length);
  assert.ok(worths.some(({ loss }) => loss === 0) && worths.some(({ loss }) => loss > 0.001));
  assert.ok(worths.every(({ loss, cost, bandwidth }) => loss <= 0.02 && cost >= 1 && cost <= 30 && bandwidth >= 20));
  const { otherWays } = runPlanet({ ...OPTIONS, nodes: 60 }).tables;
  assert.is(otherWays[0], 0);
  for (const share of otherWays.slice(1)) assert.ok(share > 0.1, otherWays.join());
});

test('routing follows prices and congestion, and comes back when they are over', () => {
  for (const [event, trafficClass] of [
    ['prices', 1],
    ['congestion', 3],
  ] as const) {
    const world = calmWorld(30);
    const events = new PlanetEvents(world, seededRandom(5));
    const changed = () => {
      const changes = world.checker.sums.changes;
      world.queue.runUntil(world.queue.now + 3000);
      return world.checker.sums.changes > changes;
    };
    for (const link of world.links) world.setWorth(link, { loss: 0, cost: 1, bandwidth: 1000 });
    world.queue.runUntil(world.queue.now + 3000);
    const words = () =>
      JSON.stringify(world.live().map((at) => [...at.words].filter(([slot]) => slot >>> 10 === trafficClass)));
    const calm = words();
    events.begin(event);
    assert.ok(changed(), event);
    assert.ok(words() !== calm, `${event} moves routes of class ${trafficClass}`);
    events.heal();
    assert.ok(world.links.every(({ worth }) => worth.cost === 1 && worth.bandwidth === 1000));
    assert.ok(wrongSlots(world) === 0);
  }
});

test('planets run side by side, and are what they are alone', async () => {
  const options = { ...OPTIONS, nodes: 20 };
  const told: number[] = [];
  const planets = await simulatePlanets({
    ...options,
    runs: 3,
    threads: 2,
    onPlanet: ({ seed }) => told.push(seed),
  });
  assert.equal(new Set(told), new Set([1, 2, 3]));
  assert.equal(
    planets.map(({ cost: _cost, ...planet }) => planet),
    [1, 2, 3].map((seed) => runPlanet({ ...options, seed })),
  );
});

test('the same seed gives the same run, to the last number', () => {
  const options = { ...OPTIONS, nodes: 24, churn: 0.5, seconds: 3, events: ['flap'] as const };
  assert.equal(runPlanet(options), runPlanet(options));
});

test('where one class is routed, nothing is said of the others', () => {
  const [one, four] = [1, 4].map((classes) => runPlanet({ ...OPTIONS, nodes: 24, classes }));
  assert.equal(one?.problems, []);
  assert.is(4 * (one?.tables.slots.max ?? 0), four?.tables.slots.max);
  assert.is(one?.calm.broken, 0);
});

test('a planet that has rested knows how large its zones are, and finds shorter ways', () => {
  const [early, late] = [0, 12].map((rest) => runPlanet({ ...OPTIONS, nodes: 100, classes: 1, rest }).calm.stretch);
  assert.ok((late?.mean ?? 9) < (early?.mean ?? 0));
});

test('rings, grids and geometric graphs come up', () => {
  for (const shape of ['ring', 'grid', 'geometric'] as const) {
    const { problems, calm, unconverged } = runPlanet({ ...OPTIONS, shape, nodes: 40 });
    assert.equal(problems, []);
    assert.is(unconverged + calm.broken, 0);
  }
});

test('matrices are replayed one after the other, and routing follows', () => {
  const rtt = [matrix(1), matrix(9)];
  const result = runPlanet({ ...OPTIONS, rtt, seconds: 6 });
  assert.equal(result.problems, []);
  assert.is(result.nodes, 48);
  assert.match(result.happened[0] as string, /matrix 2/);
  assert.ok(result.moments.slice(3).some(({ changes }) => changes > 0));
});

test('the checker reports loops when a safety rule is off', () => {
  const { loops, problems } = runPlanet({
    ...OPTIONS,
    churn: 1,
    seconds: 5,
    events: ['outage'],
    rules: { feasibility: false },
  });
  assert.ok(loops > 0);
  assert.match(problems[0] as string, /->/);
});

test('a route that is missing, and one that leads to nobody, are both seen', () => {
  const world = calmWorld(30);
  assert.is(wrongSlots(world), 0);
  const [station] = world.live();
  const slots = [...(station?.words ?? [])].filter(([, word]) => word !== 0);
  const [slot, word] = slots[0] as [number, number];
  station?.words.set(slot, 0);
  assert.is(wrongSlots(world), 1);
  station?.words.set(slot, word);
  station?.words.set(255, word); // zone 255 of the first layer: nobody
  assert.is(wrongSlots(world), 1);
});

test('a dead node is forgotten, and one that returns is found', () => {
  const world = calmWorld(30);
  world.crash(7);
  world.queue.runUntil(world.queue.now + 3000);
  assert.is(wrongSlots(world), 0);
  assert.is(walkTables(world, 0, 7), undefined);
  world.start(7);
  world.queue.runUntil(world.queue.now + 3000);
  assert.is(wrongSlots(world), 0);
  assert.ok(walkTables(world, 0, 7));
});

test('a link that takes longer is measured until routing knows it', () => {
  const world = calmWorld(20);
  const [link] = world.links;
  const before = link?.rtt ?? 0;
  if (link) world.setRtt(link, 5 * before);
  world.queue.runUntil(world.queue.now + 30_000);
  assert.ok(Math.abs((link?.smoothed ?? 0) - 5 * before) < 0.06 * before);
});

test('shortest ways: by relays never longer than direct, by links never shorter than by relays', () => {
  const world = calmWorld(40);
  const best = bestRelayed(world.plan.space, 0, () => true);
  const linked = bestLinked(world, 0);
  for (let node = 1; node < 40; node++) {
    assert.ok((best[node] as number) <= world.plan.space.rtt(0, node));
    assert.ok((linked[node] as number) >= (best[node] as number) - 1e-9);
    assert.ok((walkTables(world, 0, node)?.rtt ?? 0) >= (linked[node] as number) - 1e-9);
  }
});

test('a walk of a whole graph finds the cycle that is in it', () => {
  const graph = new SlotGraph(9, 1, 0, (vertex) => (vertex << 24) >>> 0);
  graph.setNext(1, 2, 9);
  graph.setNext(2, 3, 0);
  graph.setNext(3, 9, 4);
  graph.setNext(9, 1, 0); // a terminal: nothing goes on from there
  assert.is(graph.findCycle(), undefined);
  graph.setNext(4, 9, 2);
  assert.equal(graph.findCycle(), [2, 3, 4, 2]);
});

test('a walk of everything reports edges that labels forbid', () => {
  const checker = new Checker(() => 0);
  const [a, b] = [checker.addVertex(0x01000001), checker.addVertex(0x02000001)];
  checker.setNext(a, 0, 1, 9, { primary: b, backup: 0 });
  checker.checkAll();
  assert.is(checker.sums.labelInversions, 1);
});

test('options that are out of range are refused by name', () => {
  assert.throws(() => runPlanet({ ...OPTIONS, nodes: 3 }), /nodes must be a whole number from 4 to 20000/);
  assert.throws(() => runPlanet({ ...OPTIONS, churn: 2 }), /churn must be/);
  const small = { size: 2, values: new Float32Array(4) };
  assert.throws(() => runPlanet({ ...OPTIONS, rtt: [matrix(1), small] }), /one size/);
});

test.run();
