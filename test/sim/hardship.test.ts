/** What deaths, churn and noise cost: measured on small networks, and seen when it is bad. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../ts/kit/random.js';
import { MissingRoutes, measureDeath } from '../../ts/sim/planet/deaths.js';
import { measureHardship } from '../../ts/sim/planet/hardship.js';
import { measureHardships } from '../../ts/sim/planet/hardships.js';
import { planOfTopology } from '../../ts/sim/planet/plan.js';
import { PlanetWorld } from '../../ts/sim/planet/planet-world.js';
import { randomMesh } from '../../ts/sim/topology.js';

const MESH = { network: { kind: 'mesh', nodes: 10, degree: 4 }, seed: 3, deaths: 2, seconds: 3 } as const;

test('a mesh: the dead are forgotten within a second, pairs find other ways, and backups are made', () => {
  const told: string[] = [];
  const result = measureHardship(MESH, (what) => told.push(what));
  assert.equal([result.nodes, result.links, result.classes, result.entries], [10, 20, 4, 4 * 10 * 9]);
  assert.is(result.deaths.count, 2);
  assert.ok(result.deaths.forgotten.max >= 150 && result.deaths.forgotten.max < 1500, `${result.deaths.forgotten.max}`);
  assert.ok(result.deaths.outages.count > 100 && result.deaths.outages.max < 3000, `${result.deaths.outages.max}`);
  assert.ok(result.deaths.bytes.p50 > 1000);
  assert.ok(result.backups > result.backupsAtStart);
  assert.is(result.zone, undefined);
  assert.is(result.loops + result.labelInversions, 0);
  assert.equal(told.slice(0, 3), ['starts', 'death 1 of 2', 'death 2 of 2']);
});

test('a planet, in a thread: a zone dies and is forgotten', async () => {
  const network = { kind: 'planet', nodes: 24, links: 6 } as const;
  const told: string[] = [];
  const [result] = await measureHardships([{ ...MESH, network }], 1, (index, what) => told.push(`${index} ${what}`));
  assert.ok(result?.zone && result.zone.nodes > 1);
  assert.ok(result.zone.forgotten.max < 2000);
  assert.ok(told.includes('0 a zone dies'));
});

/** A mesh of ten nodes at rest, all classes. */
function mesh(missing: MissingRoutes): PlanetWorld {
  const random = seededRandom(2);
  const world = new PlanetWorld(planOfTopology(randomMesh(random.fork(), 10, 4)), random.fork(), {
    onRoute: (station, route) => missing.note(world.queue.now, station, route),
  });
  for (const node of world.stations.keys()) world.start(node);
  world.queue.runUntil(10_000);
  return world;
}

test('a node that goes on believing is seen', () => {
  const missing = new MissingRoutes();
  const world = mesh(missing);
  const [witness] = world.live();
  const slot = 3 * 256 + ((world.plan.ids[7] as number) & 255); // layer 4, class 0
  const keep = world.queue;
  // Whatever its router says, its table is written again.
  const insist = (): void => {
    witness?.words.set(slot, 0x1_0000);
    keep.after(1, insist);
  };
  insist();
  const cost = measureDeath(world, seededRandom(1), [7], missing);
  assert.is(cost.forgotten, Number.POSITIVE_INFINITY);
});

test('routes that are missing for a while are timed, those that stay away are not', () => {
  const missing = new MissingRoutes();
  const world = mesh(missing);
  const station = world.live()[0];
  assert.ok(station);
  const route = { kind: 'route', trafficClass: 1, layer: 4, byte: 9, backup: 0 } as const;
  missing.clear();
  missing.note(100, station, { ...route, primary: 0 });
  missing.note(120, station, { ...route, primary: 0 });
  missing.note(120, station, { ...route, byte: 10, primary: 0 });
  missing.note(150, station, { ...route, primary: 4 });
  missing.note(160, station, { ...route, primary: 5 });
  assert.equal(missing.recoveries, [50]);
});

test.run();
