import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { STALL_MS } from '../../ts/data/liveness.js';
import { LINK_LAST_HEARD } from '../../ts/memory/link-table.js';
import { LINK_ENTRY_BYTES } from '../../ts/memory/region.js';
import { LINK_DOWNED_LINK, RECORD_KIND, RecordKind } from '../../ts/memory/worker-records.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const THERE = 0x01010103;
const WATCHED = 33;
const OTHER = 2;

/** Two links, one of which may be silent for 150 ms. */
function rig(): StageRig {
  const made = new StageRig(SELF);
  made.link(OTHER, 1);
  made.link(WATCHED, 2);
  made.links.setTiming(WATCHED, 150, 50, 50);
  return made;
}

/** Steps every 10 ms. */
function pass(node: StageRig, ms: number): void {
  for (const end = node.now + ms; node.now < end; ) {
    node.now += 10;
    node.step();
  }
}

function hear(node: StageRig, link: number): void {
  const entry = node.region.layout.linkEntries + link * LINK_ENTRY_BYTES;
  new DataView(node.region.buffer).setFloat64(entry + LINK_LAST_HEARD, node.now, true);
}

function downed(node: StageRig): number[] {
  return node.punts().map((record) => {
    const view = new DataView(record.buffer);
    assert.is(view.getInt32(RECORD_KIND, true), RecordKind.LinkDowned);
    return view.getInt32(LINK_DOWNED_LINK, true);
  });
}

test('a link that is silent for too long goes down, control is told once, others stay', () => {
  const node = rig();
  pass(node, 150);
  assert.ok(node.links.isUp(WATCHED), 'not too long yet');
  pass(node, 20);
  assert.not.ok(node.links.isUp(WATCHED));
  assert.ok(node.links.isUp(OTHER), 'nobody watches it');
  pass(node, 500);
  assert.equal(downed(node), [WATCHED]);
  assert.is(node.counters().linksDowned, 1);
});

test('a link that is heard stays up', () => {
  const node = rig();
  for (let i = 0; i < 20; i++) {
    pass(node, 100);
    hear(node, WATCHED);
  }
  assert.ok(node.links.isUp(WATCHED));
});

test('the packets after it take the backup, without control', () => {
  const node = rig();
  node.route(THERE, WATCHED, OTHER);
  const packet = makeFrame({ source: 1, destination: THERE, ttl: 9 }, new Uint8Array(4));
  node.link(5, 3);
  node.arrive(packet, 5);
  assert.is(node.step()[0]?.by, WATCHED);
  pass(node, 170);
  node.arrive(packet, 5);
  assert.is(node.step()[0]?.by, OTHER);
});

test('silence during a stall of our own does not count: links begin anew at its end', () => {
  const node = rig();
  pass(node, 100);
  node.now += 10_000; // stopped
  node.step();
  assert.ok(node.links.isUp(WATCHED));
  pass(node, 140);
  assert.ok(node.links.isUp(WATCHED), 'counted from the end of the stall');
  pass(node, 30);
  assert.not.ok(node.links.isUp(WATCHED));
});

test('while a dead worker was being replaced nobody listened: its successor counts from its start', () => {
  const node = rig();
  pass(node, 100);
  node.now += 1_000;
  node.replaceWorker();
  node.step();
  assert.ok(node.links.isUp(WATCHED));
  pass(node, 140);
  assert.ok(node.links.isUp(WATCHED));
  pass(node, 30);
  assert.not.ok(node.links.isUp(WATCHED));
});

test('a long sleep that was planned is no stall', () => {
  const node = rig();
  pass(node, 10);
  const wait = node.pipeline.waitFor(100);
  assert.is(wait, 100, 'nothing is due before');
  node.now += wait + STALL_MS - 1;
  node.step();
  pass(node, 20);
  assert.not.ok(node.links.isUp(WATCHED));
});

test('a sleep ends when the first link may go down', () => {
  const node = rig();
  pass(node, 100);
  const wait = node.pipeline.waitFor(1000);
  assert.ok(wait <= 60, `${wait} ms`);
  node.now += wait + 1;
  node.step();
  assert.not.ok(node.links.isUp(WATCHED));
});

test.run();
