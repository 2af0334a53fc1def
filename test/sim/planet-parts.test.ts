/** The small parts of planets: sizes of messages, loss in bursts, distributions. */
import { create, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRouter } from '../../ts/control/routing/router.js';
import { frameBytes, syncBytes } from '../../ts/control/routing/sync-bytes.js';
import { parseNodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import { BurstLoss } from '../../ts/sim/planet/burst-loss.js';
import { curveOf, distributionOf } from '../../ts/sim/planet/distribution.js';
import { PlanetLink } from '../../ts/sim/planet/link.js';
import { Station } from '../../ts/sim/planet/station.js';
import { ControlSchema, RoutingSyncSchema } from '../../ts/wire/gen/portolan/v1/control_pb.js';
import { HEADERS_BYTES } from '../../ts/wire/network-header.js';

const id = (text: string) => parseNodeId(text) as number;

test('the size of a message is what writing it would give', () => {
  const u32 = fc.nat({ max: 0xffff_ffff });
  const request = fc.record({
    layer: fc.integer({ min: 1, max: 4 }),
    byte: fc.nat({ max: 255 }),
    trafficClass: fc.nat({ max: 3 }),
    seqno: u32,
    distance: fc.nat({ max: 0xffffff }),
    bump: fc.boolean(),
    hopBudget: fc.integer({ min: 1, max: 32 }),
  });
  const message = fc.record({
    number: u32,
    acknowledged: fc.array(u32, { maxLength: 50 }),
    baseSeqno: u32,
    entries: fc.uint8Array({ maxLength: 1100 }),
    requests: fc.array(request, { maxLength: 16 }),
    resendLayers: fc.nat({ max: 15 }),
    digest: fc.option(fc.record({ layers: fc.array(u32, { minLength: 4, maxLength: 4 }), lastNumber: u32 }), {
      nil: undefined,
    }),
  });
  fc.assert(
    fc.property(message, ({ digest, ...fields }) => {
      const sync = create(RoutingSyncSchema, digest ? { ...fields, digest } : fields);
      assert.is(syncBytes(sync), toBinary(RoutingSyncSchema, sync).length);
      const control = create(ControlSchema, { body: { case: 'routingSync', value: sync } });
      assert.is(frameBytes(sync), HEADERS_BYTES + toBinary(ControlSchema, control).length);
    }),
  );
});

test('a station sends packets for a neighbour straight to it, in the classes of its direct table, while the session lives', () => {
  const neighbour = id('1.2.3.4');
  const router = createRouter({ self: id('1.1.1.1'), bootSeconds: 1, random: () => 0.5 });
  const station = new Station(0, id('1.1.1.1'), 1, router, seededRandom(1));
  const link = new PlanetLink(0, 0, 1, 10);
  for (const [index, peer] of [
    [1, 1],
    [2, 2],
  ] as const)
    station.sessions.set(index, { link, end: 0, peer, peerVertex: peer + 1 });
  station.store({ kind: 'route', trafficClass: 0, layer: 2, byte: 2, primary: 1, backup: 0 });
  station.store({ kind: 'route', trafficClass: 1, layer: 2, byte: 2, primary: 1, backup: 0 });
  const next = (to: number) => [0, 1].map((trafficClass) => station.nextHop(to, trafficClass)?.peer);
  station.storeDirect({ kind: 'direct', neighbour, link: 2, classes: 0b0001 });
  assert.equal(next(neighbour), [2, 1]);
  assert.equal(next(id('1.2.3.5')), [1, 1]);
  station.storeDirect({ kind: 'direct', neighbour, link: 9, classes: 0 });
  assert.equal(next(neighbour), [2, 1], 'another session of it has ended');
  station.sessions.delete(2);
  assert.equal(next(neighbour), [1, 1]);
});

test('losses come in bursts, and are as many as the model says', () => {
  const loss = new BurstLoss({ goodMs: 900, badMs: 100, loss: 0.5 }, seededRandom(2), 0);
  let lost = 0;
  let inRow = 0;
  let wasLost = false;
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    const isLost = loss.takes(10 * i);
    if (isLost) lost++;
    if (isLost && wasLost) inRow++;
    wasLost = isLost;
  }
  assert.ok(Math.abs(lost / count - 0.05) < 0.005, `${lost}`);
  assert.ok(inRow / lost > 0.3, 'a loss follows a loss far more often than one time in twenty');
});

test('distributions have nearest-rank percentiles', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  assert.equal(distributionOf(values), { count: 200, mean: 100.5, p50: 100, p95: 190, p99: 198, max: 200 });
  assert.equal(distributionOf([]), { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  const curve = curveOf(values);
  assert.equal([curve.length, curve[0], curve[50], curve[100]], [101, 1, 100, 200]);
});

test.run();
