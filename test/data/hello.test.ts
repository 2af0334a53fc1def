import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HOLD_MS, IDLE_HOLD_MS } from '../../ts/data/punt.js';
import { PuntReason, RunKind, Verdict } from '../../ts/memory/batch.js';
import { LINK_RX_FRAMES, LINK_RX_HIGHEST, LINK_TX_FRAMES } from '../../ts/memory/link-table.js';
import { LINK_ENTRY_BYTES } from '../../ts/memory/region.js';
import { PUNT_FRAME, PUNT_LINK, PUNT_REASON, PUNT_TIME } from '../../ts/memory/worker-records.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { HELLO_BYTES, HELLO_FRAME_BYTES, type Hello, readHello, writeHello } from '../../ts/wire/hello.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { HEADERS_BYTES, Protocol } from '../../ts/wire/network-header.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const PEER = 0x01010101;
const LINK = 4;

const HELLO: Hello = {
  reply: false,
  quiet: false,
  fastConfirmed: true,
  probesLost: 3,
  sequence: 77,
  interval: 50,
  heardInterval: 500,
  clock: 2 ** 40 + 5,
  lastCounter: 1,
  received: 2,
  sent: 3,
  held: 0,
  size: 0,
};

function helloFrame(hello: Hello, padding = 0): Uint8Array {
  const payload = new Uint8Array(HELLO_BYTES + padding);
  writeHello(payload, hello);
  return makeFrame(
    { type: FrameType.Hello, source: PEER, destination: SELF, protocol: Protocol.Link, ttl: 1 },
    payload,
  );
}

function rigWithCounts(): StageRig {
  const rig = new StageRig(SELF);
  rig.link(LINK, PEER);
  rig.links.setTiming(LINK, 150, 51, 52);
  const entry = new DataView(rig.region.buffer, rig.region.layout.linkEntries + LINK * LINK_ENTRY_BYTES);
  for (const [field, high, low] of [
    [LINK_RX_HIGHEST, 2, 10],
    [LINK_RX_FRAMES, 1, 0xffffffff],
    [LINK_TX_FRAMES, 0, 12],
  ] as const) {
    entry.setUint32(field, low, true);
    entry.setUint32(field + 4, high, true);
  }
  return rig;
}

/** What control gets once held records have gone up. */
function heldPunts(rig: StageRig): ReturnType<StageRig['punts']> {
  rig.now += HOLD_MS;
  rig.step();
  return rig.punts();
}

test('a copy of a hello goes up without waking the main thread, which is roused if it does not come by itself', () => {
  const rig = rigWithCounts();
  const asKnown = { ...HELLO, interval: 52 };
  rig.mainSleeps();
  rig.arrive(helloFrame(asKnown), LINK, RunKind.Hello);
  rig.step();
  rig.now += HOLD_MS - 1;
  rig.step();
  assert.is(rig.roused, 0);
  rig.now += 1;
  rig.step();
  assert.is(rig.roused, 1);
  assert.is(rig.punts().length, 1);

  rig.mainSleeps();
  rig.arrive(helloFrame(asKnown), LINK, RunKind.Hello);
  rig.step();
  assert.is(rig.punts().length, 1, 'a look shows it at once');
  rig.now += HOLD_MS;
  rig.step();
  assert.is(rig.roused, 1, 'it was taken: nobody is woken for it');

  rig.now += 1;
  rig.arrive(helloFrame(asKnown), LINK, RunKind.Hello);
  rig.step();
  rig.punts();
  rig.now += HOLD_MS - 1;
  rig.mainSleeps();
  rig.arrive(helloFrame(asKnown), LINK, RunKind.Hello);
  rig.step();
  rig.now += 1;
  rig.step();
  assert.is(rig.roused, 1, 'its time counts from its own arrival, not from that of one that was taken');
});

test("a copy of an idle link's hello waits longer, unless the MTU is probed with it", () => {
  const rig = rigWithCounts();
  const rousedAfter = (hello: typeof HELLO, padding = 0): number => {
    const before = rig.roused;
    rig.mainSleeps();
    rig.arrive(helloFrame(hello, padding), LINK, RunKind.Hello);
    let waited = 0;
    for (rig.step(); rig.roused === before && waited < 1000; waited++) {
      rig.now++;
      rig.step();
    }
    rig.punts();
    return waited;
  };
  rig.links.setTiming(LINK, 1500, 500, 500);
  assert.is(rousedAfter({ ...HELLO, interval: 500 }), IDLE_HOLD_MS);
  assert.is(rousedAfter({ ...HELLO, interval: 500, reply: true }), IDLE_HOLD_MS);
  assert.is(rousedAfter({ ...HELLO, interval: 500 }, 100), HOLD_MS, 'padded');
  assert.is(rousedAfter({ ...HELLO, interval: 500, reply: true, size: 1400 }), HOLD_MS, 'the answer to a padded one');
  rig.links.setTiming(LINK, 1500, 50, 500);
  assert.is(rousedAfter({ ...HELLO, interval: 500 }), HOLD_MS, 'this end asks often, and counts what is not answered');
});

test('of an idle leaf that says what it has always said, a hello is answered, and nobody hears of it', () => {
  const rig = rigWithCounts();
  const leaf = rig.region.layout.links - 1;
  const idle = { ...HELLO, interval: 10_000, heardInterval: 10_000 };
  const copies = (link: number, hello: Hello, padding = 0): number => {
    rig.arrive(helloFrame(hello, padding), link, RunKind.Hello);
    assert.is(rig.step().length, 1, 'it is answered');
    return heldPunts(rig).length;
  };
  rig.link(leaf, PEER);
  rig.links.setTiming(leaf, 30_000, 10_000, 10_000);
  assert.is(copies(leaf, idle), 0);
  assert.is(copies(leaf, { ...idle, interval: 50 }), 1, 'it begins to send data');
  assert.is(copies(leaf, { ...idle, heardInterval: 50 }), 1, 'it has missed that this end is idle again');
  assert.is(copies(leaf, idle, 100), 1, 'it probes');
  rig.links.setTiming(leaf, 150, 50, 50);
  assert.is(copies(leaf, { ...idle, interval: 50, heardInterval: 50 }), 1, 'it carries data');
  rig.links.setTiming(LINK, 30_000, 10_000, 10_000);
  assert.is(copies(LINK, idle), 1, 'a relay is no leaf');
});

test('a hello of another interval than control knows wakes the main thread at once, for the peer waits to be confirmed', () => {
  const rig = rigWithCounts();
  rig.mainSleeps();
  rig.arrive(helloFrame({ ...HELLO, interval: 500, reply: true }), LINK, RunKind.Hello);
  rig.step();
  assert.is(rig.roused, 0, 'a reply is no announcement');
  rig.arrive(helloFrame({ ...HELLO, interval: 500 }), LINK, RunKind.Hello);
  rig.step();
  assert.is(rig.roused, 1);
});

test('hellos of a link that is not up yet wake the main thread at once', () => {
  const rig = rigWithCounts();
  rig.links.setUp(LINK, false);
  rig.mainSleeps();
  rig.arrive(helloFrame(HELLO), LINK, RunKind.Hello);
  rig.step();
  assert.is(rig.roused, 1);
  assert.is(rig.punts().length, 1);
});

test('a hello is answered on its link with what this end knows, and control gets a copy', () => {
  const rig = rigWithCounts();
  const asked = helloFrame(HELLO, 300);
  rig.arrive(asked, LINK, RunKind.Hello);
  const [sent, ...more] = rig.step();
  assert.is(more.length, 0);
  assert.equal([sent?.verdict, sent?.by], [Verdict.Forward, LINK]);
  const frame = sent?.frame ?? new Uint8Array();
  assert.is(frame.length, HELLO_FRAME_BYTES, 'padding does not come back');
  const headers = readHeaders(frame) as Headers;
  assert.equal([headers.type, headers.source, headers.destination], [FrameType.Hello, SELF, PEER]);
  assert.equal(readHello(frame.subarray(HEADERS_BYTES)), {
    reply: true,
    fastConfirmed: false,
    probesLost: 0,
    sequence: 77,
    interval: 51,
    heardInterval: 52,
    clock: HELLO.clock,
    lastCounter: 2 * 2 ** 32 + 10,
    received: 2 ** 32 + 0xffffffff,
    sent: 12,
    held: 0,
    size: asked.length,
    quiet: false,
  });

  const [punt] = heldPunts(rig);
  const record = new DataView(punt?.buffer ?? new ArrayBuffer(0));
  assert.is(record.getInt32(PUNT_REASON, true), PuntReason.Hello);
  assert.is(record.getInt32(PUNT_LINK, true), LINK);
  assert.is(record.getFloat64(PUNT_TIME, true), rig.now - HOLD_MS);
  assert.equal(punt?.slice(PUNT_FRAME), asked, 'as it came, not as it was answered');
  const { hellosAnswered, originated, punted } = rig.counters();
  assert.equal([hellosAnswered, originated, punted], [1, 1, 0]);
});

test('a reply goes to control and is not answered', () => {
  const rig = rigWithCounts();
  rig.arrive(helloFrame({ ...HELLO, reply: true }), LINK, RunKind.Hello);
  assert.equal(rig.step(), []);
  assert.is(heldPunts(rig).length, 1);
  assert.is(rig.counters().punted, 1);
});

/** What becomes of a quiet hello: answers, copies for control, and how many were just heard. */
const fateOfQuiet = (hello: Partial<Hello>, isUp = true) => {
  const rig = rigWithCounts();
  if (!isUp) rig.links.setUp(LINK, false);
  const known = { interval: 52, heardInterval: 51 };
  rig.arrive(helloFrame({ ...HELLO, ...known, quiet: true, ...hello }), LINK, RunKind.Hello);
  const answers = rig.step().length;
  return [answers, heldPunts(rig).length, rig.counters().hellosHeard];
};

test('a quiet hello is not answered, and goes to control only if it says something new', () => {
  assert.equal(fateOfQuiet({}), [0, 0, 1]);
  assert.equal(fateOfQuiet({ interval: 50 }), [1, 1, 0], 'another interval');
  assert.equal(fateOfQuiet({ heardInterval: 500 }), [1, 1, 0], 'it does not know ours');
  assert.equal(fateOfQuiet({}, false), [1, 1, 0], 'the link is not up yet');
});

test('a hello that is too short is malformed', () => {
  const rig = rigWithCounts();
  rig.arrive(helloFrame(HELLO).subarray(0, HELLO_FRAME_BYTES - 1), LINK, RunKind.Hello);
  assert.equal(rig.step(), []);
  assert.is(rig.counters().malformed, 1);
});

test('when control does not read, hellos are answered all the same, and the lost copies counted', () => {
  const rig = rigWithCounts();
  const hellos = 4000;
  let answered = 0;
  for (let i = 0; i < hellos; i++) {
    rig.arrive(helloFrame(HELLO), LINK, RunKind.Hello);
    answered += rig.step().length;
  }
  assert.is(answered, hellos);
  assert.is(rig.counters().copiesLost + heldPunts(rig).length, hellos);
  assert.ok(rig.counters().copiesLost > 0);
});

test.run();
