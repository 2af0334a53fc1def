/** The emulation stage among the others: what leaves, when, and what is counted. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EmulationStage } from '../../../ts/data/emulation/stage.js';
import type { EmulationModel, EmulationRule } from '../../../ts/kit/emulation.js';
import { seededRandom } from '../../../ts/kit/random.js';
import { writeAddress } from '../../../ts/memory/address.js';
import { Verdict } from '../../../ts/memory/batch.js';
import { COUNTERS } from '../../../ts/memory/counter-names.js';
import { createWires } from '../../../ts/memory/emulated-wires.js';
import { RECORD_KIND, RecordKind, SEND_TO_ADDRESS, SEND_TO_FRAME } from '../../../ts/memory/worker-records.js';
import { type Headers, makeFrame, readHeaders } from '../../../ts/wire/frame.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { StageRig } from '../stage-rig.js';

const SELF = 0x01010102;
const THERE = 0x01010103;
const ELSEWHERE = 0x01010104;
const FROM = 1;
const TO = 2;
const OTHER = 3;
const NOTHING: EmulationModel = { delay: 0, jitter: 0, loss: 0, reorder: 0, rate: 0, queue: 50, mtu: 0 };

/** A relay that knows THERE by TO and ELSEWHERE by OTHER; `rules` are emulated. */
function relay(...rules: EmulationRule[]): StageRig {
  const start = { rules, wires: createWires(rules.length, 64), seed: 1 };
  const rig = new StageRig(SELF, undefined, undefined, undefined, (context) => ({
    emulation: new EmulationStage(context, start, 1, seededRandom(1)),
  }));
  rig.link(FROM, 0x01010101);
  rig.link(TO, THERE);
  rig.link(OTHER, ELSEWHERE);
  rig.route(THERE, TO);
  rig.route(ELSEWHERE, OTHER);
  return rig;
}

const onAll = (model: Partial<EmulationModel>): EmulationRule => ({
  target: { kind: 'all' },
  model: { ...NOTHING, ...model },
});
const onPeer = (peer: number, model: Partial<EmulationModel>): EmulationRule => ({
  target: { kind: 'peer', peer },
  model: { ...NOTHING, ...model },
});

const packet = (payload: number, size = 20, destination = THERE) =>
  makeFrame({ source: 0x01010101, destination, ttl: 9 }, new Uint8Array(size).fill(payload));

/** received + originated, and what became of it, as the counters promise. */
function balance(rig: StageRig): [number, number] {
  const counters = rig.counters();
  const drops = COUNTERS.filter(({ kind }) => kind === 'drop').reduce((sum, { name }) => sum + counters[name], 0);
  return [counters.received + counters.originated, drops];
}

test('a delayed frame leaves sealed, unchanged, when it is due and not before', () => {
  const rig = relay(onAll({ delay: 50 }));
  rig.arrive(packet(1), FROM);
  assert.equal(rig.step(), []);
  assert.is(rig.pipeline.held, 1);
  assert.is(Math.round(rig.pipeline.waitFor(1000)), 50);
  rig.now += 49;
  assert.equal(rig.step(), []);
  rig.now += 1;
  const [sent, ...more] = rig.step();
  assert.is(more.length, 0);
  assert.is(sent?.verdict, Verdict.Raw);
  const headers = readHeaders(sent?.frame as Uint8Array) as Headers;
  assert.equal([headers.ttl, headers.counter, headers.linkNumber], [8, 1, 8192 + TO]);
  assert.is(rig.pipeline.held, 0);
  assert.is(rig.counters().forwarded, 1);
});

test('frames that are due together leave as one run a destination, in order', () => {
  const rig = relay(onAll({ delay: 5 }));
  for (const payload of [1, 2, 3]) rig.arrive(packet(payload), FROM);
  rig.arrive(packet(9, 20, ELSEWHERE), FROM);
  rig.step();
  rig.now += 5;
  assert.equal(
    rig.step().map(({ frame }) => frame[48]),
    [1, 2, 3, 9],
  );
});

test('what is lost, refused or too large has used up a counter and is counted by its reason', () => {
  for (const [model, counter] of [
    [{ loss: 1 }, 'emulatedLoss'],
    [{ mtu: 60 }, 'emulatedTooLarge'],
    [{ rate: 0.001, queue: 0 }, 'emulatedFull'],
  ] as const) {
    const rig = relay(onAll(model));
    rig.arrive(packet(1), FROM);
    rig.arrive(packet(2), FROM);
    assert.equal(rig.step(), []);
    const held = rig.pipeline.held;
    assert.is(rig.counters()[counter], counter === 'emulatedFull' ? 1 : 2, counter);
    assert.is(rig.links.counters(TO).txFrames, 2);
    assert.equal(balance(rig), [2, 2 - held]);
  }
});

test('a rule about a peer leaves the other links alone', () => {
  const rig = relay(onPeer(THERE, { delay: 50 }));
  rig.arrive(packet(1), FROM);
  rig.arrive(packet(2, 20, ELSEWHERE), FROM);
  assert.equal(
    rig.step().map(({ verdict, by }) => [verdict, by]),
    [[Verdict.Forward, OTHER]],
  );
  assert.is(rig.pipeline.held, 1);
});

/** How many of two packets by different links have left after the time that one takes. */
function leftAfterOne(target: EmulationRule['target']): number {
  const rig = relay({ target, model: { ...NOTHING, rate: 1, queue: 1000 } });
  rig.arrive(packet(1, 52), FROM); // 100 bytes: 100 ms
  rig.arrive(packet(2, 52, ELSEWHERE), FROM);
  rig.step();
  rig.now += 100;
  return rig.step().length;
}

test('each link is a wire of its own under a rule for all; under a rule for an address they share one', () => {
  assert.is(leftAfterOne({ kind: 'all' }), 2);
  assert.is(leftAfterOne({ kind: 'listen', sockets: [0] }), 1);
});

test('an index that a new session uses is looked up anew', () => {
  const rig = relay(onPeer(THERE, { delay: 50 }));
  rig.arrive(packet(1), FROM);
  rig.step();
  rig.link(TO, 0x01010177, undefined, 5);
  rig.arrive(packet(2), FROM);
  assert.is(rig.step().length, 1, 'the new peer is not emulated');
});

test('handshakes of an emulated address are delayed; datagrams of port forwards are not', () => {
  const rig = relay(onAll({ delay: 50 }));
  for (const socket of [0, 300]) {
    const record = new Uint8Array(SEND_TO_FRAME + 60);
    const view = new DataView(record.buffer);
    view.setInt32(RECORD_KIND, RecordKind.SendTo, true);
    writeAddress(view, SEND_TO_ADDRESS, '127.0.0.1', 7000, socket);
    rig.fromShell('control', record);
  }
  assert.equal(
    rig.step().map(({ by }) => by),
    [300],
  );
  rig.now += 50;
  assert.equal(
    rig.step().map(({ by }) => by),
    [0],
  );
});

test('a handshake takes the way of the peer that it is meant for', () => {
  const rig = relay(onAll({ delay: 10 }), onPeer(THERE, { delay: 50 }));
  const send = (destination: number) => {
    const frame = makeFrame({ type: FrameType.Handshake, destination }, new Uint8Array(12));
    const record = new Uint8Array(SEND_TO_FRAME + frame.length);
    const view = new DataView(record.buffer);
    view.setInt32(RECORD_KIND, RecordKind.SendTo, true);
    writeAddress(view, SEND_TO_ADDRESS, '127.0.0.1', 7000, 0);
    record.set(frame, SEND_TO_FRAME);
    rig.fromShell('control', record);
  };
  for (const destination of [THERE, ELSEWHERE, 0]) send(destination);
  assert.equal(rig.step().length, 0);
  rig.now += 10;
  assert.equal(
    rig.step().map(({ frame }) => (readHeaders(frame) as Headers).destination),
    [ELSEWHERE, 0],
  );
  rig.now += 40;
  assert.equal(
    rig.step().map(({ frame }) => (readHeaders(frame) as Headers).destination),
    [THERE],
  );
});

test('without room in the slab, what is due stays and is tried again', () => {
  const rig = relay(onAll({ delay: 5 }));
  rig.arrive(packet(1), FROM);
  rig.step();
  rig.now += 5;
  rig.takeSlab(1);
  assert.equal(rig.step(), []);
  assert.is(rig.pipeline.waitFor(40), 1, 'it does not spin');
  assert.is(rig.step().length, 1);
});

test('a node that closes sends what it holds', () => {
  const rig = relay(onAll({ delay: 5000 }));
  rig.arrive(packet(1), FROM);
  rig.step();
  rig.pipeline.hurry();
  assert.is(rig.step().length, 1);
  assert.is(rig.pipeline.held, 0);
});

test.run();
