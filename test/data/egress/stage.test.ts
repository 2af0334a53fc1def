/** The egress stage among the others: what is paced, what waits, what is told of it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PipelineOptions } from '../../../ts/data/pipeline.js';
import { Verdict } from '../../../ts/memory/batch.js';
import { COUNTERS } from '../../../ts/memory/counter-names.js';
import type { LinkPace } from '../../../ts/memory/link-table.js';
import { PortHandler, PortTableWriter } from '../../../ts/memory/port-table.js';
import { createQueue, QueueProducer } from '../../../ts/memory/sharedarraybuffer-queue/index.js';
import { takeUnfinished } from '../../../ts/memory/unfinished.js';
import { createWireBacklogs, wireBacklogWords } from '../../../ts/memory/wire-backlogs.js';
import {
  RECORD_KIND,
  RecordKind,
  SEND_LINK_LINK,
  SEND_LINK_PAYLOAD,
  SEND_LINK_TYPE,
  SEND_PACKET_FRAME,
} from '../../../ts/memory/worker-records.js';
import { makeFrame } from '../../../ts/wire/frame.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { Protocol } from '../../../ts/wire/network-header.js';
import { StageRig } from '../stage-rig.js';

const SELF = 0x01010102;
const THERE = 0x01010103;
const ELSEWHERE = 0x01010104;
const FROM = 1;
const TO = 2;
const OTHER = 3;
/** 8 kbit/s are a byte a millisecond. */
const SLOW: LinkPace = { rate: 8, wire: TO, worker: 0 };

/** A relay that knows THERE by TO, which is paced, and ELSEWHERE by OTHER. */
function relay(pace: LinkPace | undefined = SLOW, other?: LinkPace, more: Partial<PipelineOptions> = {}): StageRig {
  const rig = new StageRig(SELF, undefined, undefined, undefined, () => more);
  rig.link(FROM, 0x01010101);
  rig.link(TO, THERE, undefined, 1, pace);
  rig.link(OTHER, ELSEWHERE, undefined, 1, other);
  rig.route(THERE, TO);
  rig.route(ELSEWHERE, OTHER);
  return rig;
}

/** Frames of 100 bytes. */
const packet = (flow: number, destination = THERE, ecn = 0) =>
  makeFrame({ source: 0x01010101, sourcePort: flow, destination, ttl: 9, ecn }, new Uint8Array(52).fill(flow));

/** A record with a frame of 100 bytes from a socket. */
function sendPacket(sourcePort: number): Uint8Array {
  const header = { source: SELF, sourcePort, destination: THERE, protocol: Protocol.Datagram };
  const record = new Uint8Array(SEND_PACKET_FRAME + 100);
  new DataView(record.buffer).setInt32(RECORD_KIND, RecordKind.SendPacket, true);
  record.set(makeFrame(header, new Uint8Array(52).fill(188)), SEND_PACKET_FRAME);
  return record;
}

/** What leaves in the next `ms`, and when. */
function run(rig: StageRig, ms: number): { by: number; at: number; frame: Uint8Array }[] {
  const sent = [];
  for (const end = rig.now + ms; rig.now < end; rig.now++)
    for (const { by, frame } of rig.step()) sent.push({ by, at: rig.now, frame });
  return sent;
}

function balance(rig: StageRig, sent: number): void {
  const counters = rig.counters();
  const drops = COUNTERS.filter(({ kind }) => kind === 'drop').reduce((sum, { name }) => sum + counters[name], 0);
  assert.is(counters.received + counters.originated, sent + drops + rig.pipeline.held);
}

test('a free wire is not in the way; what follows waits for its turn and leaves as it came', () => {
  const rig = relay();
  for (let flow = 1; flow <= 3; flow++) rig.arrive(packet(flow), FROM);
  const [first, ...more] = rig.step();
  assert.is(more.length, 0);
  assert.equal([first?.verdict, first?.by, first?.kind, first?.frame[2]], [Verdict.Forward, TO, 'transit', 9]);
  assert.is(rig.pipeline.held, 2);
  assert.is(rig.links.queue(TO).frames, 2);
  assert.ok(rig.pipeline.waitFor(1000) > 95);
  const sent = run(rig, 250);
  assert.equal(
    sent.map(({ at }) => at),
    [1099, 1199],
  );
  assert.is(rig.pipeline.held, 0);
  assert.is(rig.links.queue(TO).frames, 0);
  balance(rig, 3);
});

test('links without a rate pass by', () => {
  const rig = relay();
  for (let flow = 1; flow <= 3; flow++) {
    rig.arrive(packet(flow), FROM);
    rig.arrive(packet(flow, ELSEWHERE), FROM);
  }
  assert.equal(rig.step().filter(({ by }) => by === OTHER).length, 3);
});

test('links of one listening address share its rate', () => {
  const shared = { rate: 8, wire: 70, worker: 0 };
  const rig = relay(shared, shared);
  for (let flow = 1; flow <= 10; flow++) {
    rig.arrive(packet(flow), FROM);
    rig.arrive(packet(flow, ELSEWHERE), FROM);
  }
  const sent = run(rig, 1000);
  assert.ok(sent.length >= 9 && sent.length <= 11, `${sent.length}`);
  const there = sent.filter(({ by }) => by === TO).length;
  assert.ok(there >= 4 && there <= 6, `${there}`);
});

test('control goes before data', () => {
  const rig = relay();
  for (let flow = 1; flow <= 3; flow++) rig.arrive(packet(flow), FROM);
  rig.step();
  const record = new Uint8Array(SEND_LINK_PAYLOAD + 10);
  const view = new DataView(record.buffer);
  view.setInt32(RECORD_KIND, RecordKind.SendLink, true);
  view.setInt32(SEND_LINK_LINK, TO, true);
  view.setInt32(SEND_LINK_TYPE, FrameType.Control, true);
  rig.fromShell('control', record);
  assert.equal(
    run(rig, 400).map(({ frame }) => (frame[0] as number) & 15),
    [FrameType.Control, FrameType.Data, FrameType.Data],
  );
});

test('overload: memory stays bounded, every packet is told of, and the link’s own count says so too', () => {
  const rig = relay({ rate: 8000, wire: TO, worker: 0 }); // 1000 bytes a ms: ten frames, of which twenty come
  let sent = 0;
  for (let ms = 0; ms < 3000; ms++, rig.now++) {
    for (let i = 0; i < 20; i++) rig.arrive(packet(1 + (i % 2)), FROM);
    sent += rig.step().length;
  }
  balance(rig, sent);
  const { codelDropped, egressFull } = rig.counters();
  assert.ok(codelDropped > 100 && egressFull > 1000, `${codelDropped}, ${egressFull}`);
  assert.ok(rig.pipeline.held <= 2001, `${rig.pipeline.held} wait`);
  assert.ok(Math.abs(sent - 30_000) < 300, `${sent} were sent`);
  assert.is(rig.links.queue(TO).dropped, codelDropped + egressFull);
});

test('a light flow does not wait behind a heavy one', () => {
  const rig = relay({ rate: 8000, wire: TO, worker: 0 });
  let longest = 0;
  for (let ms = 0; ms < 1000; ms++, rig.now++) {
    for (let i = 0; i < 20; i++) rig.arrive(packet(1), FROM);
    if (ms % 10 === 0) rig.arrive(packet(2), FROM);
    const light = rig.step().some(({ frame }) => frame[48] === 2);
    longest = light ? Math.max(longest, ms % 10) : longest;
  }
  assert.ok(longest <= 2, `${longest} ms`);
});

test('marks what can be marked, and sends it', () => {
  const rig = relay({ rate: 8000, wire: TO, worker: 0 });
  let marked = 0;
  for (let ms = 0; ms < 1000; ms++, rig.now++) {
    for (let i = 0; i < 11; i++) rig.arrive(packet(1, THERE, 2), FROM);
    marked += rig.step().filter(({ frame }) => ((frame[1] as number) & 3) === 3).length;
  }
  assert.ok(marked > 10);
  assert.equal([rig.counters().ecnMarked, rig.links.queue(TO).marked], [marked, marked]);
  assert.is(rig.counters().codelDropped, 0);
});

test('what waits for a session that has gone is dropped, and not sent into the next one', () => {
  const rig = relay();
  for (let flow = 1; flow <= 3; flow++) rig.arrive(packet(flow), FROM);
  rig.step();
  rig.link(TO, 0x01010177, undefined, 2, SLOW);
  assert.equal(run(rig, 400), []);
  assert.is(rig.counters().unknownLink, 2);
  assert.is(rig.links.queue(TO).frames, 0);
  balance(rig, 1);
});

test('without room in the slab, what may leave stays the next, and nothing spins', () => {
  const rig = relay();
  for (let flow = 1; flow <= 3; flow++) rig.arrive(packet(flow), FROM);
  rig.step();
  rig.now += 100;
  rig.takeSlab(1);
  assert.equal(rig.step(), []);
  assert.is(rig.pipeline.waitFor(40), 1);
  assert.equal(
    rig.step().map(({ frame }) => frame[48]),
    [2],
  );
});

test('a node that closes sends what waits; a worker that dies leaves word of it', () => {
  const rig = relay();
  for (let flow = 1; flow <= 4; flow++) rig.arrive(packet(flow), FROM);
  rig.step();
  rig.pipeline.hurry();
  assert.is(rig.step().length, 3);
  const other = relay();
  for (let flow = 1; flow <= 4; flow++) other.arrive(packet(flow), FROM);
  other.step();
  assert.is(takeUnfinished(other.batch), 3);
});

test('a wire belongs to one worker: another hands its frames over', () => {
  const rings = [0, 1, 2].map(() => createQueue({ bytes: 1 << 16, producers: 'many' }));
  const workers = [0, 1].map((worker) => {
    const [first, second, tcp] = rings.map((ring) => new QueueProducer(ring)) as [
      QueueProducer,
      QueueProducer,
      QueueProducer,
    ];
    const rig = new StageRig(SELF, undefined, undefined, {
      incoming: rings[worker] as SharedArrayBuffer,
      handover: { udp: [first, second], tcp, worker },
    });
    rig.link(FROM, 0x01010101);
    rig.link(TO, THERE, undefined, 1, { ...SLOW, worker: 1 });
    rig.link(OTHER, ELSEWHERE);
    rig.route(THERE, TO);
    rig.route(ELSEWHERE, OTHER);
    return rig;
  }) as [StageRig, StageRig];
  workers[0].arrive(packet(1), FROM);
  workers[0].arrive(packet(2, ELSEWHERE), FROM);
  workers[1].arrive(packet(3), FROM);
  assert.equal(
    workers[0].step().map(({ by }) => by),
    [OTHER],
    'a link that is not paced is everybody’s',
  );
  assert.is(workers[1].step().length, 1);
  assert.is(workers[1].pipeline.held, 1);
});

test('what sockets have sent is told of by wire and not dropped to slow them down; other flows are as ever', () => {
  const backlogs = createWireBacklogs(64);
  const words = wireBacklogWords(backlogs);
  const rig = relay({ rate: 8000, wire: TO, worker: 0 }, undefined, { backlogs });
  new PortTableWriter(rig.region).set(700, PortHandler.Socket);
  const flood = () => {
    for (let i = 0; i < 20; i++) rig.arrive(packet(1), FROM);
  };
  let [sent, written] = [0, 0];
  for (let ms = 0; ms < 2000; ms++, rig.now++) {
    flood();
    // Half of the wire and no more is a socket's share beside another flow: what is beyond that waits, for longer than CoDel allows.
    while ((words[TO] as number) < 5000 && rig.fromShell('data', sendPacket(700)) && ++written % 10 !== 0);
    sent += rig.step().filter(({ frame }) => frame[48] === 188).length;
  }
  const waiting = (words[TO] as number) / 100;
  assert.ok(waiting > 30, `${waiting} wait`);
  assert.is(sent + waiting, written);
  assert.ok(sent > 8000, `${sent} were sent`);
  assert.ok(rig.counters().codelDropped > 100);
  rig.replaceWorker();
  assert.is(words[TO], 0, 'what waited died with the worker');
});

test.run();
