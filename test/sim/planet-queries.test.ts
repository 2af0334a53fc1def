/** Route queries and the path optimiser in planets: what they find is there, what they miss is little, and the yardsticks are right. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Random, seededRandom } from '../../ts/kit/random.js';
import { EventQueue } from '../../ts/sim/event-queue.js';
import { flatPlane, flatSpace, someOf } from '../../ts/sim/planet/flat.js';
import { serveFlow } from '../../ts/sim/planet/flows.js';
import { LinkGraph } from '../../ts/sim/planet/pareto.js';
import { walkTables } from '../../ts/sim/planet/paths.js';
import { checkOptions, type PlanetOptions, runPlanet } from '../../ts/sim/planet/planet-run.js';
import { PlanetWorld } from '../../ts/sim/planet/planet-world.js';
import { planOf } from '../../ts/sim/planet/plans.js';
import { PlanetQueries } from '../../ts/sim/planet/queries.js';
import { checkQueryOptions, runQueries } from '../../ts/sim/planet/query-run.js';
import { bestLinked } from '../../ts/sim/planet/shortest.js';

const QUERIES = { seed: 3, nodes: 40, links: 16, queries: 150 };
const PLANET: PlanetOptions = {
  seed: 4,
  shape: 'planet',
  nodes: 60,
  links: 8,
  classes: 2,
  churn: 0,
  rest: 12,
  seconds: 0,
  events: [],
  optimise: true,
};

function settled(world: PlanetWorld): PlanetWorld {
  for (const node of world.stations.keys()) world.start(node);
  world.queue.runUntil(13_000);
  return world;
}

function settledPlanet(random: Random, nodes: number): PlanetWorld {
  return settled(new PlanetWorld(planOf(random, 'planet', nodes, 8), random, { classes: 2 }));
}

test('in flat networks queries find nearly all that an exhaustive search can, and nothing else', () => {
  const result = runQueries({ ...QUERIES, degree: 5 });
  assert.is(result.wrong + result.untrue, 0);
  assert.ok(result.possible > 80 && result.hopeless > 10, 'limits are sometimes hopeless');
  assert.ok(result.met / result.possible >= 0.98, `${result.met} of ${result.possible}`);
  assert.ok(result.messages.mean <= 60, `${result.messages.mean} messages`);
  assert.ok(result.answerMs.p50 > 0);
});

test('in planets of zones they find most of it', () => {
  const result = runQueries(QUERIES);
  assert.is(result.wrong + result.untrue, 0);
  assert.ok(result.met / result.possible >= 0.8, `${result.met} of ${result.possible}`);
  assert.equal(runQueries(QUERIES), result, 'the same seed gives the same');
});

test('the exhaustive search agrees with trying every path', () => {
  const random = seededRandom(9);
  const world = settled(new PlanetWorld(flatPlane(random, 9, 3), random, { classes: 1 }));
  for (const link of world.links)
    link.worth = { loss: 0, cost: 1 + random.below(9), bandwidth: [5, 20][random.below(2)] as number };
  const graph = new LinkGraph(world);
  const measures = allPaths(world, 0, 8);
  const fastest = Math.min(...measures.map(({ rttMs }) => rttMs));
  const cheapest = Math.min(...measures.map(({ cost }) => cost));
  let possible = 0;
  for (let i = 0; i < 300; i++) {
    const limits = {
      rttMs: fastest * (0.9 + 0.7 * random.unit()),
      cost: cheapest * (0.9 + random.unit()),
      mbps: 5 + 15 * random.below(2),
    };
    const expected = measures.some(
      ({ rttMs, cost, mbps }) => rttMs <= limits.rttMs && cost <= limits.cost && mbps >= limits.mbps,
    );
    assert.is(graph.isPossible(0, 8, limits), expected);
    if (expected) possible++;
  }
  assert.ok(possible > 50 && possible < 250, `${possible}`);
});

interface Measure {
  readonly rttMs: number;
  readonly cost: number;
  readonly mbps: number;
}

function allPaths(world: PlanetWorld, from: number, to: number, seen: readonly number[] = []): Measure[] {
  if (from === to) return [{ rttMs: 0, cost: 0, mbps: Infinity }];
  return (world.linksAt[from] ?? []).flatMap(({ nodes, rtt, worth }) => {
    const next = nodes[0] === from ? nodes[1] : nodes[0];
    if (seen.includes(next)) return [];
    return allPaths(world, next, to, [...seen, from]).map(({ rttMs, cost, mbps }) => ({
      rttMs: rttMs + rtt,
      cost: cost + worth.cost,
      mbps: Math.min(mbps, worth.bandwidth),
    }));
  });
}

test('the optimiser gives flows better paths than the tables, over links that there are', () => {
  const world = settledPlanet(seededRandom(4), 80);
  const queries = new PlanetQueries(world, seededRandom(5));
  let served = 0;
  for (const source of world.live().slice(0, 10)) {
    const best = bestLinked(world, source.node);
    for (const destination of world.live()) {
      const way = walkTables(world, source.node, destination.node);
      if (source === destination || !way) continue;
      if ((best[destination.node] as number) > 0.8 * way.rtt) continue; // not worth the time
      const { rttMs, isLinked, messages } = serveFlow(world, queries, source, destination);
      assert.ok(messages > 0);
      if (rttMs === undefined) continue;
      served++;
      const direct = isLinked ? world.plan.space.rtt(source.node, destination.node) : Infinity;
      const most = isLinked ? way.rtt : Math.min(0.9 * way.rtt, way.rtt - 2);
      assert.ok(rttMs <= most, `${rttMs} ms instead of ${way.rtt}, straight ${direct}`);
      const least = Math.min(best[destination.node] as number, direct);
      assert.ok(rttMs >= least - 0.01, 'no path is better than the best');
    }
  }
  assert.ok(served > 0);
});

test('a report says what the optimiser adds', () => {
  const { optimised, calm, problems } = runPlanet(PLANET);
  assert.equal(problems, []);
  if (!optimised) throw new Error('there is no report');
  assert.ok(optimised.flows > 250);
  assert.ok(optimised.served > 0 && optimised.stretch.mean < optimised.tables.mean);
  assert.ok(optimised.linkStretch.mean < optimised.tables.mean && optimised.linkStretch.mean >= 1);
  assert.ok(optimised.worseThanDirect <= optimised.tablesWorseThanDirect);
  assert.ok(optimised.linked > 0 && optimised.linked < 0.5, `${optimised.linked}`);
  assert.ok(optimised.messages.mean > 0);
  assert.ok(Math.abs(optimised.tables.mean - calm.stretch.mean) < 0.05, 'the sample is like all pairs');
  assert.is(runPlanet({ ...PLANET, optimise: false, rest: 0 }).optimised, undefined);
});

test('options that make no sense are named', () => {
  assert.throws(() => checkOptions({ ...PLANET, classes: 1 }), /two classes/);
  assert.throws(() => checkQueryOptions({ ...QUERIES, degree: 1 }), /flat/);
  assert.throws(() => checkQueryOptions({ ...QUERIES, nodes: 255, degree: 4 }), /nodes/);
  assert.throws(() => checkQueryOptions({ ...QUERIES, queries: 0 }), /queries/);
});

test('flat networks have the links that they are told to, and places may be left out', () => {
  const { ids, links, space } = flatPlane(seededRandom(1), 100, 6.5);
  assert.is(links.length, 325);
  assert.is(new Set(ids).size, 100);
  const some = someOf(seededRandom(2), space, 30);
  assert.is(flatSpace(seededRandom(3), some, 4).ids.length, 30);
  assert.is(some.rtt(3, 3), 0);
  assert.throws(() => flatPlane(seededRandom(1), 255, 4), /254/);
});

test('a queue runs one action at a time', () => {
  const queue = new EventQueue();
  const ran: number[] = [];
  queue.at(5, () => ran.push(queue.now));
  queue.at(3, () => queue.after(1, () => ran.push(queue.now)));
  while (queue.runNext());
  assert.equal(ran, [4, 5]);
});

test.run();
