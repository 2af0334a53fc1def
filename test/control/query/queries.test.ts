/** Route queries on random networks: what they find is true, what they miss is little, and what they cost is bounded. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { broken, rank } from '../../../ts/control/query/limits.js';
import type { QueryResult } from '../../../ts/control/query/queries.js';
import { seededRandom } from '../../../ts/kit/random.js';
import type { RouteLimits } from '../../../ts/wire/route-query.js';
import { type Asked, type Edge, World } from './world.js';

const QUERIES = 150;
/** Two attempts of 128 and 192 tokens; a query may cost twice its tokens. */
const MOST_MESSAGES = 640;

type Found = Extract<QueryResult, { kind: 'found' }>;
const found = ({ results }: Asked) => results.filter((result): result is Found => result.kind === 'found');

/** Limits that are sometimes generous and sometimes hopeless, as multiples of what is least. */
function limitsFor(world: World, from: number, to: number, random: ReturnType<typeof seededRandom>): RouteLimits {
  const least = world.leastTo(to)[from];
  return {
    rttMs: (least?.rttMs ?? 1) * (1.05 + 1.45 * random.unit()),
    cost: Math.ceil((least?.cost ?? 1) * (1.05 + 1.95 * random.unit())),
    ...(random.chance(0.5) ? { mbps: [5, 20, 100][random.below(3)] as number } : {}),
  };
}

function assertTrue(world: World, asked: Asked, limits: RouteLimits, from: number, to: number): void {
  for (const { path, measure } of found(asked)) {
    assert.is(path[0], World.id(from));
    assert.is(path.at(-1), World.id(to));
    assert.is(new Set(path).size, path.length, 'no node twice');
    const real = world.measureOf(path);
    if (!real) throw new Error('a path over links that are not there');
    assert.is(broken(real, limits), undefined, 'the path keeps to the limits');
    assert.ok(Math.abs(real.rttMs - measure.rttMs) < 0.1 && real.hops === measure.hops, 'and is measured truly');
  }
  assert.ok(asked.messages <= MOST_MESSAGES, `${asked.messages} messages`);
  assert.is(world.open, 0, 'nobody waits any more');
  const refusals = asked.results.filter(({ kind }) => kind === 'refused').length;
  assert.is(refusals, found(asked).length > 0 ? 0 : 1, 'paths, or one refusal');
}

test('finds what there is on flat networks, truly and cheaply', () => {
  const random = seededRandom(7);
  let possible = 0;
  let met = 0;
  let messages = 0;
  for (const seed of [1, 2, 3]) {
    const world = World.random(200, 6, seed);
    for (let query = 0; query < QUERIES; query++) {
      const [from, to] = [random.below(200), random.below(200)];
      if (from === to) continue;
      const limits = limitsFor(world, from, to, random);
      const asked = world.ask(from, to, limits);
      assertTrue(world, asked, limits, from, to);
      if (!world.isPossible(from, to, limits)) {
        assert.is(found(asked).length, 0);
        continue;
      }
      possible++;
      messages += asked.messages;
      if (found(asked).length > 0) met++;
      world.pass(60_000); // what is remembered helps no other query
    }
  }
  assert.ok(possible > 200, `${possible} queries can be met at all`);
  assert.ok(met / possible >= 0.98, `${met} of ${possible} queries met`);
  assert.ok(messages / possible <= 60, `${messages / possible} messages a query`);
});

test('each further answer is better than the one before', () => {
  const world = World.random(100, 8, 5);
  let improved = 0;
  for (let to = 1; to < 100; to++) {
    const least = world.leastTo(to)[0];
    const limits = { rttMs: (least?.rttMs ?? 1) * 1.3, cost: (least?.cost ?? 1) * 1.3 };
    const answers = found(world.ask(0, to, limits));
    for (let n = 1; n < answers.length; n++)
      assert.ok(rank((answers[n] as Found).measure, limits) < rank((answers[n - 1] as Found).measure, limits));
    if (answers.length > 1) improved++;
    world.pass(60_000);
  }
  assert.ok(improved > 0, 'there were such answers');
});

test('says what came closest when nothing keeps to the limits', () => {
  const world = World.random(60, 6, 9);
  const least = world.leastTo(40)[3]?.rttMs ?? 0;
  const { results } = world.ask(3, 40, { rttMs: least * 0.9 });
  const [refusal] = results;
  if (refusal?.kind !== 'refused') throw new Error('it was not refused');
  assert.is(refusal.reason, 'limits');
  assert.is(refusal.best?.limit, 'rttMs');
  assert.ok(Math.abs((refusal.best?.value ?? 0) - least) < 0.1, 'the least round trip there is');
});

test('asks nobody again while an answer or a refusal is remembered', () => {
  const world = World.random(60, 6, 9);
  const first = world.ask(3, 40, {});
  assert.ok(first.messages > 0);
  const second = world.ask(3, 40, {});
  assert.is(second.messages, 0);
  assert.equal(found(second)[0]?.path, found(first).at(-1)?.path);
});

test('asks nobody again for what was refused a moment ago', () => {
  const world = World.random(60, 6, 9);
  // Each limit can be kept to alone, but not both: that takes asking.
  const limits = (to: number, slack: number): RouteLimits => {
    const least = world.leastTo(to)[3];
    return { rttMs: (least?.rttMs ?? 0) * slack, cost: (least?.cost ?? 0) * slack };
  };
  let hopeless = 0;
  for (let to = 4; to < 60; to++) {
    if (world.isPossible(3, to, limits(to, 1.02)) || world.ask(3, to, limits(to, 1.02)).messages === 0) continue;
    assert.is(world.ask(3, to, limits(to, 1.02)).messages, 0, 'the same again');
    assert.is(world.ask(3, to, limits(to, 1.01)).messages, 0, 'tighter limits are as hopeless');
    assert.ok(world.ask(3, to, limits(to, 1.02), 'answers').messages > 0, 'but a retry with a pace of its own');
    world.pass(5_001);
    assert.ok(world.ask(3, to, limits(to, 1.02)).messages > 0, 'forgotten by now');
    hopeless++;
  }
  assert.ok(hopeless > 0, 'there were such destinations');
});

test('forgets paths over a link that is gone', () => {
  const world = World.random(60, 6, 9);
  const path = found(world.ask(3, 40, {})).at(-1)?.path ?? [];
  world.cut(3, (path[1] as number) - World.id(0));
  for (const again of found(world.ask(3, 40, {}))) assert.is.not(again.path[1], path[1]);
});

test('comes to an end, in time, however many messages are lost', () => {
  const random = seededRandom(11);
  for (const seed of [1, 2, 3]) {
    const world = World.random(100, 6, seed, 0.2);
    for (let query = 0; query < 60; query++) {
      const [from, to] = [random.below(100), random.below(100)];
      if (from === to) continue;
      const limits = limitsFor(world, from, to, random);
      const asked = world.ask(from, to, limits);
      assertTrue(world, asked, limits, from, to);
      assert.ok(asked.firstMs <= 3_000, 'within its patience');
      world.pass(60_000);
    }
  }
});

/** 0 - 1 - ... - last: 1 ms a link, and a short cut from 0 to the last one. */
function line(nodes: number, shortCutMs: number): World {
  const edges: Edge[][] = Array.from({ length: nodes }, () => []);
  const link = (a: number, b: number, rttMs: number) => {
    const measure = { rttMs, cost: 1, mbps: 100, delivery: 1, hops: 1 };
    edges[a]?.push({ to: b, measure });
    edges[b]?.push({ to: a, measure });
  };
  for (let node = 1; node < nodes; node++) link(node - 1, node, 1);
  if (shortCutMs > 0) link(0, nodes - 1, shortCutMs);
  return new World(edges, 1);
}

test('a query that follows the tables measures their way, however bad it is', () => {
  const world = line(25, 2);
  world.table = (node, destination) => (node < destination ? node + 1 : undefined);
  const [way] = found(world.follow(0, 24));
  assert.equal(
    way?.path,
    Array.from({ length: 25 }, (_, node) => World.id(node)),
  );
  assert.is(way?.measure.rttMs, 24);
  assert.is(found(world.ask(0, 24, { hops: 16 }))[0]?.path.length, 2, 'a search finds the short cut');
  assert.is(found(world.follow(0, 24)).length, 1, 'and what it found is no way of the tables');
  assert.is(found(world.follow(0, 24))[0]?.measure.rttMs, 24);
});

test('a way of the tables that is too long, goes in circles or ends is refused', () => {
  const long = line(34, 0);
  long.table = (node) => node + 1;
  assert.is(found(long.follow(0, 32)).length, 1, '32 links');
  assert.equal(
    long.follow(0, 33).results.map(({ kind }) => kind),
    ['refused'],
  );
  const world = line(5, 0);
  world.table = (node) => (node < 3 ? node + 1 : 2);
  assert.equal(
    world.follow(0, 4).results.map(({ kind }) => kind),
    ['refused'],
  );
  world.table = (node) => (node < 2 ? node + 1 : undefined);
  assert.equal(
    world.follow(0, 4).results.map(({ kind }) => kind),
    ['refused'],
  );
  assert.is(world.open, 0);
});

test('a node that is to be avoided is on no path, remembered ones included', () => {
  const world = line(3, 50);
  const [short] = found(world.ask(0, 2, {}));
  assert.equal(
    short?.path,
    [0, 1, 2].map((node) => World.id(node)),
  );
  const [round] = found(world.ask(0, 2, { avoid: World.id(1) }));
  assert.equal(
    round?.path,
    [0, 2].map((node) => World.id(node)),
  );
  assert.is(found(world.ask(0, 2, { rttMs: 10, avoid: World.id(1) })).length, 0);
  assert.equal(found(world.ask(0, 2, { rttMs: 10 }))[0]?.path, short?.path, 'the refusal is of the detour only');
});

test('what is remembered is forgotten 30 s after it was measured, however often it is told on; a fresh query does without', () => {
  const world = line(6, 0);
  world.ask(0, 5, {});
  for (const asker of [1, 0, 1]) {
    world.pass(9_000);
    assert.is(world.ask(asker, 5, {}).messages, 0, 'it is remembered');
  }
  world.pass(4_000);
  assert.ok(world.ask(0, 5, {}).messages > 0, 'it is too old now');
  assert.is(world.ask(0, 5, {}).messages, 0);
  assert.ok(world.ask(0, 5, {}, 'none').messages >= 10, 'asked all the way, and answered');
});

test("the destination's neighbour says where it can be dialed; memory does not", () => {
  const world = line(5, 0);
  const addresses = [World.addressOf(World.id(4))];
  assert.equal(found(world.ask(0, 4, {}, 'none'))[0]?.addresses, addresses);
  assert.is(found(world.ask(0, 4, {}))[0]?.addresses, undefined, 'remembered by the source');
  world.table = (node) => node + 1;
  assert.equal(found(world.follow(0, 4))[0]?.addresses, addresses);
});

test.run();
