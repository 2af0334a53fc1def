/** Links that the path optimiser makes for flows: when, what takes them, and when they go. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DESTINATION, Rig } from './rig.js';

/** The best relay takes 63 ms, the link would take 41. */
function rigWithLink(): Rig {
  const rig = new Rig();
  rig.relays.set(3, 63);
  rig.directMs = 41;
  rig.run(15_000);
  return rig;
}

test('where the best path is clearly worse than direct, a link is made, and takes the place of the pin', () => {
  const rig = rigWithLink();
  assert.is(rig.link?.isUp, true);
  assert.is(rig.way, undefined, 'packets take the link by themselves');
  assert.equal(rig.optimiser.links(), [{ destination: DESTINATION, trafficClass: 0, rttMs: 41, insteadMs: 63 }]);
});

test('where tables lead elsewhere, packets are pinned to the link', () => {
  const rig = new Rig();
  rig.straight = false;
  rig.directMs = 41;
  rig.run(20_000);
  assert.is(rig.way, DESTINATION);
  assert.equal(rig.optimiser.pins()[0]?.path, [1, DESTINATION]);
  rig.run(60_000);
  assert.equal([rig.way, rig.pinned.size], [DESTINATION, 1], 'and stay there, once');
});

test('what is not worse by more than 5 % and 1 ms needs no link, nor does what nobody can dial', () => {
  for (const [tablesMs, directMs] of [
    [100, 96],
    [10.4, 9.5],
    [100, undefined],
  ] as const) {
    const rig = new Rig();
    rig.tablesMs = tablesMs;
    rig.directMs = directMs;
    rig.run(30_000);
    assert.equal([rig.measurements, rig.link], [1, undefined]);
  }
  const rig = new Rig();
  rig.tablesMs = 100;
  rig.directMs = 94;
  rig.run(30_000);
  assert.is(rig.link?.isUp, true);
});

test('where there is no room, it is tried again, but not soon', () => {
  const rig = new Rig();
  rig.hasRoom = false;
  rig.directMs = 41;
  rig.run(55_000);
  assert.equal([rig.measurements, rig.link], [1, undefined]);
  rig.hasRoom = true;
  rig.run(90_000);
  assert.is(rig.link?.isUp, true);
});

test('the link goes 30 s after the last packet', () => {
  const rig = rigWithLink();
  rig.run(29_000, 0);
  assert.is(rig.link?.isUp, true);
  rig.run(2_000, 0);
  assert.is(rig.link, undefined);
  assert.equal(rig.optimiser.links(), []);
  assert.is(rig.optimiser.nextTimeout(), Infinity);
});

test('the link goes when it is no better than what there was, or than what is found since', () => {
  const slower = rigWithLink();
  slower.directMs = 64;
  slower.run(60_000);
  assert.is(slower.link, undefined);
  const found = rigWithLink();
  found.relays.set(4, 30);
  found.run(60_000);
  assert.equal([found.link, found.way], [undefined, 4]);
});

test('a link that is lost is given up; the flow has the next best way at once', () => {
  const rig = rigWithLink();
  rig.loseLink();
  rig.run(10_000);
  assert.equal([rig.link, rig.way], [undefined, 3]);
  rig.run(120_000);
  assert.is(rig.link?.isUp, true, 'later it is tried again');
});

test('a link that somebody else made is left alone', () => {
  const rig = new Rig();
  rig.directMs = 41;
  rig.link = { isUp: true };
  rig.optimiser.handleLinkUp(DESTINATION, rig.now);
  rig.run(20_000);
  rig.run(31_000, 0);
  assert.equal([rig.measurements, rig.link], [0, { isUp: true }]);
});

test('whoever has precedence ends it', () => {
  const rig = rigWithLink();
  rig.optimiser.release(DESTINATION, rig.now);
  assert.is(rig.link, undefined);
});

test.run();
