import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../ts/kit/random.js';
import { randomMesh } from '../../ts/sim/topology.js';
import { keepBusy, measureWithdrawal } from '../../ts/sim/withdrawal.js';
import { World } from '../../ts/sim/world.js';

function meshAtRest(seed: number): World {
  const random = seededRandom(seed);
  const world = new World(randomMesh(random.fork(), 12, 5), random.fork());
  world.start();
  world.queue.runUntil(8000);
  return world;
}

function busyMesh(seed: number): { world: World; victim: number } {
  const world = meshAtRest(seed);
  const victim = busiest(world);
  keepBusy(world, victim);
  world.queue.runUntil(world.queue.now + 3000);
  return { world, victim };
}

/** The node whose death cuts off most pairs. */
function busiest(world: World): number {
  const load = new Map<number, number>(world.ids.map((id) => [id, 0]));
  for (const node of world.liveNodes())
    for (const destination of world.ids) {
      const next = node.nextHop(destination, true);
      if (next !== undefined && next !== destination && next !== node.id) load.set(next, (load.get(next) ?? 0) + 1);
    }
  return [...load].sort((a, b) => b[1] - a[1])[0]?.[0] as number;
}

test('a dead node is forgotten by all, and packets find the backup long before', () => {
  const { world, victim } = busyMesh(1);
  const { forgotten, settled, controlBytes, outages } = measureWithdrawal(world, victim);
  assert.equal(world.checker.violations, []);
  assert.ok(forgotten > 100 && forgotten < 2000, `forgotten after ${forgotten} ms`);
  assert.ok(settled >= forgotten && settled < 5000, `tables right after ${settled} ms`);
  assert.ok(controlBytes > 500, `${controlBytes} bytes`);
  assert.ok(outages.withBackup.length > 0, 'some pairs had a backup');
  for (const outage of outages.withBackup) assert.ok(outage < 2000, `outage of ${outage} ms`);
});

test('idle links are probed seldom, so a death is noticed later', () => {
  const busy = busyMesh(2);
  const idle = meshAtRest(2);
  const soon = measureWithdrawal(busy.world, busy.victim).forgotten;
  const late = measureWithdrawal(idle, busy.victim).forgotten;
  assert.ok(late > soon + 300, `${late} ms and ${soon} ms`);
});

test.run();
