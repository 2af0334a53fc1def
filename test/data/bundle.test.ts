/** Links that are several sessions: which one a flow leaves by, and that they count as one link. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BundleWriter } from '../../ts/memory/bundles.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const THERE = 0x01010103;
const FROM = 1;
const MAIN = 2;
const MEMBERS = [3, 4, 5] as const;

function relay(): StageRig {
  const rig = new StageRig(SELF);
  for (const link of [FROM, MAIN]) rig.link(link, 0x01010110 + link);
  for (const link of MEMBERS) rig.link(link, 0x01010110 + MAIN, undefined, 1, undefined, MAIN);
  rig.route(THERE, MAIN);
  new BundleWriter(rig.region).set(MAIN, [MAIN, ...MEMBERS]);
  return rig;
}

const packet = (sourcePort: number) =>
  makeFrame({ source: 0x01010101, destination: THERE, sourcePort, destinationPort: 6000, ttl: 9 }, new Uint8Array(20));

/** By which link each of 64 flows leaves. */
function ways(rig: StageRig): number[] {
  for (let flow = 0; flow < 64; flow++) rig.arrive(packet(1000 + flow), FROM);
  return rig.step().map(({ by }) => by);
}

test('flows spread over all members, each over one and always the same', () => {
  const rig = relay();
  const first = ways(rig);
  assert.equal(
    [...new Set(first)].sort((a, b) => a - b),
    [MAIN, ...MEMBERS],
  );
  assert.equal(ways(rig), first);
});

test('flows of a member that is down leave by others with the next batch; the rest do not move', () => {
  const rig = relay();
  const before = ways(rig);
  rig.links.setUp(4, false);
  const after = ways(rig);
  assert.is(after.length, 64);
  for (const [flow, link] of after.entries()) {
    assert.is.not(link, 4);
    if (before[flow] !== 4) assert.is(link, before[flow]);
  }
});

test('what came by any member does not leave by the bundle', () => {
  for (const link of [MAIN, ...MEMBERS]) {
    const rig = relay();
    rig.arrive(packet(1000), link);
    assert.equal(rig.step(), []);
    assert.is(rig.counters().notForwarded, 1);
  }
});

test('where there is no bundle any more, the main link takes everything', () => {
  const rig = relay();
  new BundleWriter(rig.region).set(MAIN, []);
  assert.ok(ways(rig).every((link) => link === MAIN));
});

test.run();
