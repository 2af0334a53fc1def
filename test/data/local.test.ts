import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ForwardStage } from '../../ts/data/forward.js';
import { RunKind, Verdict } from '../../ts/memory/batch.js';
import { PortHandler, PortTableWriter } from '../../ts/memory/port-table.js';
import { DELIVER_FRAME } from '../../ts/memory/worker-records.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { Protocol } from '../../ts/wire/network-header.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const LINK = 1;
const bytes = (text: string) => new TextEncoder().encode(text);

const packet = (source: number, more: Partial<Headers> = {}, text = 'x') =>
  makeFrame({ source, sourcePort: 9, destination: SELF, destinationPort: 6000, ttl: 5, ...more }, bytes(text));

test('datagrams go to the socket of their port, whole', () => {
  const rig = new StageRig(SELF);
  new PortTableWriter(rig.region).set(6000, PortHandler.Socket);
  rig.arrive(packet(7, {}, 'first'), LINK);
  rig.arrive(packet(8, {}, 'second'), LINK);
  rig.step();
  assert.equal(
    rig.deliveries().map((record) => record.slice(DELIVER_FRAME)),
    [packet(7, {}, 'first'), packet(8, {}, 'second')],
  );
  assert.is(rig.counters().delivered, 2);
});

test('a socket whose ring is full loses what does not fit, counted', () => {
  const rig = new StageRig(SELF);
  new PortTableWriter(rig.region).set(6000, PortHandler.Socket);
  for (let i = 0; i < 400; i++) {
    rig.arrive(makeFrame({ source: 7, destination: SELF, destinationPort: 6000, ttl: 5 }, new Uint8Array(1100)), LINK);
    rig.step();
  }
  const { delivered, deliverFull } = rig.counters();
  assert.ok(deliverFull > 0);
  assert.is(delivered + deliverFull, 400);
  assert.is(rig.deliveries().length, delivered);
});

test('echo requests of several sources in one run are answered to each', () => {
  const rig = new StageRig(SELF);
  for (const [link, peer] of [
    [1, 0x01010103],
    [2, 0x01010104],
  ] as const) {
    rig.link(link, peer);
    rig.route(peer, link);
  }
  const ask = { protocol: Protocol.EchoRequest, sourcePort: 5, destinationPort: 6 };
  for (const source of [0x01010103, 0x01010103, 0x01010104, 0x01010103]) rig.arrive(packet(source, ask, 'ping'), LINK);
  const replies = rig.step().map(({ by, frame }) => ({ by, ...(readHeaders(frame) as Headers) }));
  assert.equal(
    replies.map(({ by, destination }) => [by, destination]).sort((a, b) => (a[1] as number) - (b[1] as number)),
    [
      [1, 0x01010103],
      [1, 0x01010103],
      [1, 0x01010103],
      [2, 0x01010104],
    ],
  );
  for (const reply of replies)
    assert.equal(
      [reply.protocol, reply.source, reply.sourcePort, reply.destinationPort, reply.ttl],
      [2, SELF, 6, 5, 32],
    );
});

test('an echo request to oneself comes back as a reply', () => {
  const rig = new StageRig(SELF);
  rig.arrive(packet(SELF, { protocol: Protocol.EchoRequest }), 0, RunKind.Origin);
  assert.equal(rig.step(), []);
  const [reply] = rig.deliveries();
  assert.is((readHeaders(reply?.slice(DELIVER_FRAME) ?? new Uint8Array()) as Headers).protocol, Protocol.EchoReply);
});

const exposing = (context: ConstructorParameters<typeof ForwardStage>[0]) => {
  const forward = new ForwardStage(context, 1000);
  forward.openExpose({ id: 1, port: 6000, host: '127.0.0.1', hostPort: 9000 });
  return forward;
};

test('each source of an exposed port has a socket of its own, also within one run; idle ones are closed', () => {
  const rig = new StageRig(SELF, undefined, exposing);
  for (const source of [7, 7, 8, 7]) rig.arrive(packet(source, {}, `from ${source}`), LINK);
  const sent = rig.step();
  assert.ok(sent.every(({ verdict }) => verdict === Verdict.Raw));
  const sockets = new Map(sent.map(({ by, frame }) => [new TextDecoder().decode(frame), by]));
  assert.is(sent.length, 4);
  assert.is(new Set(sockets.values()).size, 2);
  assert.is(rig.counters().delivered, 4);
  rig.now += 1001;
  rig.step();
  assert.equal(new Set(rig.closed), new Set(sockets.values()));
});

test('packets for a port that is no longer exposed are refused', () => {
  const rig = new StageRig(SELF, undefined, (context) => {
    const forward = exposing(context);
    assert.ok(forward.close(1));
    return forward;
  });
  rig.arrive(packet(7), LINK);
  assert.equal(rig.step(), []);
  assert.is(rig.counters().portUnreachable, 1);
});

test.run();
