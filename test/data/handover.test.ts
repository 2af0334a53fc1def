import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ForwardStage } from '../../ts/data/forward.js';
import { Handover, type HandoverRings } from '../../ts/data/handover.js';
import { Verdict } from '../../ts/memory/batch.js';
import { PortKind } from '../../ts/memory/link-table.js';
import { PortHandler, PortTableWriter } from '../../ts/memory/port-table.js';
import { createQueue, QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import {
  RECORD_KIND,
  RecordKind,
  SEND_LINK_LINK,
  SEND_LINK_PAYLOAD,
  SEND_LINK_TYPE,
} from '../../ts/memory/worker-records.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const FAR = 0x01010107;
const UDP_LINK = 4;
const TCP_LINK = 5;

/** The workers of one node: `udp` that send UDP links, and one that sends TCP links. Their regions hold the same links and routes. */
function workersOf(udp: number, ringBytes = 1 << 16): { udp: StageRig[]; tcp: StageRig } {
  const rings = Array.from({ length: udp + 1 }, () => createQueue({ bytes: ringBytes, producers: 'many' }));
  const handover = (): HandoverRings => ({
    udp: rings.slice(0, udp).map((ring) => new QueueProducer(ring)),
    tcp: new QueueProducer(rings[udp] as SharedArrayBuffer),
  });
  const rigs = rings.map((incoming, worker) => {
    const forward = worker === 0 ? exposing : undefined;
    const portKind = worker < udp ? PortKind.Udp : PortKind.Tcp;
    const takers = worker === 0 ? undefined : toWorker0(handover());
    const rig = new StageRig(SELF, takers, forward, { portKind, incoming, handover: handover() });
    rig.link(UDP_LINK, 0x01010103, PortKind.Udp);
    rig.link(TCP_LINK, 0x01010104, PortKind.Tcp);
    return rig;
  });
  return { udp: rigs.slice(0, udp), tcp: rigs[udp] as StageRig };
}

const toWorker0 = (rings: HandoverRings) => (context: StageRig['context']) => ({
  [PortHandler.Forward]: new Handover(context, rings),
});

function exposing(context: StageRig['context']): ForwardStage {
  const forward = new ForwardStage(context, 1000);
  forward.openExpose({ id: 1, port: 6000, host: '127.0.0.1', hostPort: 9000 });
  return forward;
}

const transit = (payload: string, more: Partial<Headers> = {}) =>
  makeFrame({ destination: FAR, source: 7, ttl: 9, ...more }, new TextEncoder().encode(payload));

const payloads = (sent: readonly { frame: Uint8Array }[]) =>
  sent.map(({ frame }) => new TextDecoder().decode(frame.subarray(48)));

test('what a worker has decided to send into a link of another kind is sent by the worker of that kind, without a second look', () => {
  const { udp, tcp } = workersOf(1);
  const first = udp[0] as StageRig;
  first.route(FAR, TCP_LINK); // and the other worker's own table has no route at all
  first.arrive(transit('a'), UDP_LINK);
  first.arrive(transit('b'), UDP_LINK);
  assert.equal(first.step(), []);
  const sent = tcp.step();
  assert.equal(
    sent.map(({ verdict, by, kind }) => [verdict, by, kind]),
    [
      [Verdict.Forward, TCP_LINK, 'transit'],
      [Verdict.Forward, TCP_LINK, 'transit'],
    ],
    'as transit, whose TTL is counted down where it is sent',
  );
  assert.equal(payloads(sent), ['a', 'b']);
  assert.is((readHeaders(sent[0]?.frame as Uint8Array) as Headers).ttl, 9);
  assert.equal([tcp.counters().noRoute, tcp.counters().originated], [0, 0]);
});

test('the other way round, one worker sends a link, so that its frames stay in their order', () => {
  const { udp, tcp } = workersOf(3);
  tcp.route(FAR, UDP_LINK);
  for (const payload of ['1', '2', '3']) tcp.arrive(transit(payload, { sourcePort: Number(payload) }), TCP_LINK);
  assert.equal(tcp.step(), []);
  assert.equal(
    udp.map((rig) => payloads(rig.step())),
    [[], ['1', '2', '3'], []],
    'link 4, three workers',
  );
});

test('a control frame that was written into the ring of the wrong worker still leaves by its link', () => {
  const { udp, tcp } = workersOf(1);
  const record = new Uint8Array(SEND_LINK_PAYLOAD + 3);
  const view = new DataView(record.buffer);
  view.setInt32(RECORD_KIND, RecordKind.SendLink, true);
  view.setInt32(SEND_LINK_LINK, TCP_LINK, true);
  view.setInt32(SEND_LINK_TYPE, FrameType.Control, true);
  udp[0]?.fromShell('control', record);
  assert.equal(udp[0]?.step(), []);
  const [sent] = tcp.step();
  assert.equal([sent?.by, sent?.kind], [TCP_LINK, 'origin']);
});

test('what was decided for the earlier owner of a link index is not sent to the next one', () => {
  const { udp, tcp } = workersOf(1);
  udp[0]?.route(FAR, TCP_LINK);
  udp[0]?.arrive(transit('late'), UDP_LINK);
  udp[0]?.step();
  tcp.links.retire(TCP_LINK);
  tcp.links.free(TCP_LINK);
  tcp.link(TCP_LINK, 0x01010109, PortKind.Tcp, 2);
  assert.equal(tcp.step(), []);
  assert.is(tcp.counters().unknownLink, 1);
});

test('frames of own links stay, and those of links that do not exist are left to the port, which counts them', () => {
  const { udp, tcp } = workersOf(1);
  udp[0]?.route(FAR, UDP_LINK);
  udp[0]?.arrive(transit('own'), 9);
  assert.equal(payloads(udp[0]?.step() ?? []), ['own']);
  udp[0]?.links.retire(TCP_LINK);
  udp[0]?.links.free(TCP_LINK);
  udp[0]?.route(FAR, UDP_LINK);
  udp[0]?.arrive(transit('own'), 9);
  assert.equal(payloads(udp[0]?.step() ?? []), ['own']);
  assert.equal(tcp.step(), []);
});

test('packets of port forwards go to worker 0, which has the flows and counts them', () => {
  const { udp, tcp } = workersOf(2);
  for (const worker of [udp[1] as StageRig, tcp]) {
    new PortTableWriter(worker.region).set(6000, PortHandler.Forward);
    worker.arrive(transit('a', { destination: SELF, destinationPort: 6000 }), 1);
    worker.arrive(transit('b', { destination: SELF, destinationPort: 6000 }), 1);
    worker.step();
    assert.is(worker.counters().delivered, 0);
  }
  const sent = udp[0]?.step() ?? [];
  assert.equal(
    sent.map(({ frame }) => new TextDecoder().decode(frame)),
    ['a', 'b', 'a', 'b'],
  );
  const { delivered, originated } = (udp[0] as StageRig).counters();
  assert.equal([delivered, originated], [4, 0]);
});

test('what finds the ring full is dropped and counted; what was taken arrives', () => {
  const { udp, tcp } = workersOf(1, 4096);
  const first = udp[0] as StageRig;
  first.route(FAR, TCP_LINK);
  for (let i = 0; i < 100; i++) first.arrive(transit(`${i}`), UDP_LINK);
  first.step();
  const sent = payloads(tcp.step());
  assert.ok(sent.length > 0 && sent.length < 100);
  assert.equal(sent, Array.from(sent.keys(), String), 'the first ones, in their order');
  assert.is(first.counters().handoverFull, 100 - sent.length);
});

test('records of a worker that died before it published them are given up, and those behind them come', () => {
  const ring = createQueue({ bytes: 1 << 16, producers: 'many' });
  const dead = new QueueProducer(ring);
  assert.ok(dead.claim(100) >= 0);
  const living = new QueueProducer(ring);
  living.tryWrite(new Uint8Array(8));
  const consumer = new QueueConsumer(ring);
  assert.not(consumer.next());
  assert.not(consumer.unblock(), 'it may still be alive');
  assert.ok(consumer.unblock());
  assert.ok(consumer.next());
});

test.run();
