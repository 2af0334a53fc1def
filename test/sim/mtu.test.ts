/** Links find the MTU of their wires, through the whole packet path of simulated nodes: hello stage, link table, inspection. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mtuCandidates } from '../../ts/control/links/mtu-candidates.js';
import { seededRandom } from '../../ts/kit/random.js';
import { readCounters } from '../../ts/memory/counters.js';
import { randomMesh } from '../../ts/sim/topology.js';
import { World } from '../../ts/sim/world.js';

const { sizes } = mtuCandidates({ family: 4 });
const carried = (mtu: number): number => sizes.findLast((size) => size <= mtu) ?? 1200;

test('every link of a mesh settles at what its wire carries, in each direction, and was never above it', () => {
  const random = seededRandom(11);
  const world = new World(randomMesh(random.fork(), 10, 4), random.fork(), { probeMtu: true });
  for (const wire of world.network.wires)
    for (const channel of [wire.ab, wire.ba])
      channel.base = channel.model = { ...channel.model, mtu: 1200 + random.below(9000) };
  const links = world.network.wires.flatMap(({ a, b, ab, ba }) => [
    { from: a, to: b, channel: ab },
    { from: b, to: a, channel: ba },
  ]);
  const look = () =>
    links.map(({ from, to, channel }) => {
      const link = world
        .node(from)
        ?.control.links(world.queue.now)
        .find(({ peer }) => peer === to);
      return { mtu: link?.mtu ?? 1200, state: link?.mtuState, limit: channel.model.mtu };
    });
  world.start();
  for (let second = 1; second <= 12; second++) {
    world.queue.runUntil(1000 * second);
    for (const { mtu, limit } of look()) assert.ok(mtu <= limit, `${mtu} on a wire of ${limit}`);
  }
  for (const { mtu, state, limit } of look()) assert.equal([mtu, state], [carried(limit), 'complete']);
  for (const node of world.liveNodes()) assert.is(readCounters(node.region).oversize, 0);
});

test.run();
