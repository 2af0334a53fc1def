import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../ts/kit/random.js';
import { randomMesh } from '../../ts/sim/topology.js';
import { keepBusy, measureWithdrawal } from '../../ts/sim/withdrawal.js';
import { World } from '../../ts/sim/world.js';

function meshAtRest(seed: number, busy: boolean): World {
  const random = seededRandom(seed);
  const world = new World(randomMesh(random.fork(), 12, 5), random.fork());
  world.start();
  world.queue.runUntil(1500);
  if (busy) keepBusy(world);
  world.queue.runUntil(10_000);
  return world;
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
  const world = meshAtRest(1, true);
  const { forgotten, settled, controlBytes, outages } = measureWithdrawal(world, busiest(world));
  assert.equal(world.checker.violations, []);
  assert.ok(forgotten > 100 && forgotten < 2000, `forgotten after ${forgotten} ms`);
  assert.ok(settled >= forgotten && settled < 5000, `tables right after ${settled} ms`);
  assert.ok(controlBytes > 500, `${controlBytes} bytes`);
  assert.ok(outages.withBackup.length > 0, 'some pairs had a backup');
  for (const outage of outages.withBackup) assert.ok(outage < 2000, `outage of ${outage} ms`);
});

test('idle links are probed seldom, so a death is noticed later', () => {
  const busy = meshAtRest(2, true);
  const idle = meshAtRest(2, false);
  const victim = busiest(busy);
  assert.ok(measureWithdrawal(idle, victim).forgotten > measureWithdrawal(busy, victim).forgotten + 300);
});

test.run();
