import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PuntReason, RunKind } from '../../ts/memory/batch.js';
import { PathMtus } from '../../ts/memory/path-mtus.js';
import {
  PUNT_FRAME,
  PUNT_LIMIT,
  PUNT_REASON,
  RECORD_KIND,
  RecordKind,
  SEND_PACKET_FRAME,
} from '../../ts/memory/worker-records.js';
import { FRAGMENT_BYTES, type Fragment, readFragment } from '../../ts/wire/fragment.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { HEADERS_BYTES, Protocol } from '../../ts/wire/network-header.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const SOURCE = 0x01010101;
const TARGET = 0x01010103;
const IN = 1;
const OUT = 2;

function rig(mtu = 1200): StageRig {
  const made = new StageRig(SELF);
  made.link(IN, SOURCE);
  made.link(OUT, TARGET);
  made.route(TARGET, OUT);
  made.links.setMtu(OUT, mtu);
  return made;
}

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
const frameOf = (length: number, more: Partial<Headers> = {}) =>
  makeFrame(
    { source: SOURCE, destination: TARGET, sourcePort: 7, destinationPort: 9, ttl: 9, ...more },
    bytesOf(length - HEADERS_BYTES),
  );

/** As an application sends it. */
function originate(stages: StageRig, frame: Uint8Array): void {
  const record = new Uint8Array(SEND_PACKET_FRAME + frame.length);
  new DataView(record.buffer).setInt32(RECORD_KIND, RecordKind.SendPacket, true);
  record.set(frame, SEND_PACKET_FRAME);
  assert.ok(stages.fromShell('data', record));
}

test('in transit nothing is cut: what is larger than the link is dropped, and control hears what would pass', () => {
  const stages = rig(1400);
  for (const length of [100, 1401, 1400, 1500, 1200]) stages.arrive(frameOf(length), IN);
  assert.equal(
    stages.step().map(({ frame }) => frame.length),
    [100, 1400, 1200],
    'the others go on, in their order',
  );
  assert.is(stages.counters().tooBig, 2);
  const [punt, ...more] = stages.punts();
  assert.is(more.length, 0, 'one is enough');
  const record = new DataView(punt?.buffer ?? new ArrayBuffer(0));
  assert.equal([record.getInt32(PUNT_REASON, true), record.getInt32(PUNT_LIMIT, true)], [PuntReason.TooBig, 1400]);
  assert.is(punt?.length, PUNT_FRAME + HEADERS_BYTES, 'control needs the headers only');
  assert.equal(punt?.subarray(PUNT_FRAME), frameOf(1401).subarray(0, HEADERS_BYTES));
});

test('a whole run that is too large goes, and others of the batch stay', () => {
  const stages = rig();
  stages.arrive(frameOf(1300), IN);
  stages.arrive(frameOf(1300), IN);
  stages.arrive(frameOf(1000, { destinationPort: 10 }), IN);
  assert.equal(
    stages.step().map(({ frame }) => frame.length),
    [1000],
  );
  assert.is(stages.counters().tooBig, 2);
});

test('padded hellos are not touched', () => {
  const stages = rig();
  stages.arrive(makeFrame({ type: FrameType.Hello }, new Uint8Array(4000)), IN, RunKind.Hello);
  stages.arrive(frameOf(1300), IN);
  assert.is(stages.step().length, 1, 'the answer');
});

test('a datagram that starts here is cut into parts that fit, in its place among others', () => {
  for (const [mtu, length] of [
    [1200, 1201],
    [1200, HEADERS_BYTES + 65_507],
    [1472, HEADERS_BYTES + 1472],
    [8972, 20_000],
  ] as const) {
    const stages = rig(mtu);
    const whole = frameOf(length, { source: SELF, sequence: 5 });
    originate(stages, frameOf(mtu, { source: SELF, sequence: 4 }));
    originate(stages, whole);
    originate(stages, frameOf(60, { source: SELF, sequence: 6 }));
    const sent = stages
      .step()
      .map(({ frame, by, kind }) => ({ frame, by, kind, headers: readHeaders(frame) as Headers }));
    assert.ok(sent.every(({ by, kind, frame }) => by === OUT && kind === 'origin' && frame.length <= mtu));
    assert.equal([sent[0]?.frame.length, sent.at(-1)?.frame.length], [mtu, 60]);
    const parts = sent.slice(1, -1);
    const fragments = parts.map(({ frame }) => readFragment(frame.subarray(HEADERS_BYTES)) as Fragment);
    assert.equal(
      fragments.map(({ part }) => part),
      parts.map((_, part) => part),
    );
    assert.ok(
      fragments.every((fragment) => fragment.parts === parts.length && fragment.number === fragments[0]?.number),
    );
    const payload = Buffer.concat(parts.map(({ frame }) => frame.subarray(HEADERS_BYTES + FRAGMENT_BYTES)));
    assert.equal(new Uint8Array(payload), whole.subarray(HEADERS_BYTES), 'nothing is lost or altered');
    for (const { headers } of parts) {
      assert.is(headers.protocol, Protocol.Fragment);
      assert.equal([headers.sourcePort, headers.destinationPort, headers.sequence], [7, 9, 5]);
    }
    const { originated, fragmented, tooBig } = stages.counters();
    assert.equal([originated, fragmented, tooBig], [sent.length, 1, 0]);
  }
});

test('two datagrams have different numbers', () => {
  const stages = rig();
  originate(stages, frameOf(1300, { source: SELF }));
  originate(stages, frameOf(1300, { source: SELF }));
  const numbers = stages.step().map(({ frame }) => (readFragment(frame.subarray(HEADERS_BYTES)) as Fragment).number);
  assert.is(numbers.length, 4);
  assert.is(new Set(numbers).size, 2);
});

test('only datagrams are cut', () => {
  const stages = rig();
  originate(stages, frameOf(1300, { source: SELF, protocol: Protocol.EchoRequest }));
  assert.is(stages.step().length, 0);
  assert.is(stages.counters().tooBig, 1);
  assert.is(stages.punts().length, 1);
});

test('what is known of the path counts, never more than the link, never less than the base', () => {
  const cases = [
    { path: 1400, mtu: 8972, parts: 2 },
    { path: 8972, mtu: 1472, parts: 2 },
    { path: 300, mtu: 8972, parts: 2 },
    { path: 0, mtu: 8972, parts: 1 },
  ];
  for (const { path, mtu, parts } of cases) {
    const stages = rig(mtu);
    const paths = new PathMtus(stages.region);
    paths.set(TARGET, 1500);
    paths.set(TARGET, path);
    originate(stages, frameOf(2000, { source: SELF }));
    assert.is(stages.step().length, parts, JSON.stringify({ path, mtu }));
  }
});

test('a full batch drops whole datagrams, counted', () => {
  const stages = rig();
  let offered = 0;
  while (stages.counters().egressFull === 0) {
    assert.ok(++offered < 500);
    for (let i = 0; i < 8; i++) originate(stages, frameOf(16_000, { source: SELF }));
    const sent = stages.step().length;
    const { egressFull } = stages.counters();
    assert.is(sent % 15, 0, 'all parts of a datagram, or none');
    assert.is(sent / 15 + egressFull, 8);
    if (egressFull === 0) break; // eight fit here: the slab is the limit
  }
});

test('path MTUs of many destinations do not disturb each other much', () => {
  const paths = new PathMtus(rig().region);
  for (let i = 0; i < 1000; i++) paths.set(0x0a000000 + i, 1300 + i);
  let right = 0;
  for (let i = 0; i < 1000; i++) {
    const mtu = paths.get(0x0a000000 + i, 8972);
    if (mtu === 1300 + i) right++;
    else assert.is(mtu, 8972, 'unknown, but not wrong');
  }
  assert.ok(right > 800, `${right} of 1000`);
  for (let i = 0; i < 1000; i++) paths.set(0x0a000000 + i, 0);
  assert.is(paths.get(0x0a000000 + 5, 8972), 8972);
  assert.is(paths.get(-1, 1472), 1472);
});

test.run();
