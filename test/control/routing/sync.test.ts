import { create, toBinary } from '@bufbuild/protobuf';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ControlSchema, RoutingSyncSchema } from '../../../ts/wire/gen/portolan/v1/control_pb.js';
import { BASE_MTU, HEADERS_BYTES } from '../../../ts/wire/network-header.js';
import { BOOT, Puppet, retraction, route } from './puppet.js';

const framesTo = (net: Puppet, link: number) => net.frames.filter((frame) => frame.link === link);

/** A node that has said all it has to say to a and b; `since` is where new frames start. */
function settled(): { net: Puppet; a: number; b: number } {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.run(1000);
  net.frames.length = 0;
  return { net, a, b };
}

test('golden bytes of the first message of a session', () => {
  const net = new Puppet('1.1.1.1', { bootSeconds: 1000 });
  const a = net.peer('1.1.1.2');
  net.tell(net.peer('1.1.1.3'), [route(9, 1300, 0x010203, 0x010203, 4)]);
  net.run(305);
  const bytes = framesTo(net, a).map((frame) =>
    Buffer.from(toBinary(RoutingSyncSchema, frame.message)).toString('hex'),
  );
  const golden = [
    // number 1 · base 1000 · entries: origin of slot 4/1 at seqno 1000, in all classes; slot 4/9 at 1300 by 5 hops, 110 further than told
    '0801 18e807 2227 01cf 00 00 000000 000000 000000 000000 000000 000000 000000 000000 09c1 ac02 05 010271 010271',
    // the zone's own numbers, after the wait for a zone-mate's
    '0802 18e807 2209 0120 00 0160 00 01a0 00',
  ];
  assert.equal(
    bytes,
    golden.map((text) => text.replaceAll(' ', '')),
  );
});

test('R16: what is urgent leaves after 2 ms, what is lazy after 150-300 ms', () => {
  const { net, a, b } = settled();
  const from = net.now;
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  assert.equal(
    framesTo(net, b).map((frame) => frame.at - from),
    [2],
  );

  const later = net.now;
  net.tell(a, [route(9, 101, 500)]);
  net.run(1000);
  const [lazy] = framesTo(net, b).slice(1);
  assert.ok(lazy && lazy.at - later >= 150 && lazy.at - later <= 300, `${lazy?.at}`);
});

test('R16: a metric is told again when it moved by more than 5 % and 2 ms', () => {
  const { net, a, b } = settled();
  net.tell(a, [route(9, 100, 1890)]); // 2000 with the link
  net.run(1000);
  net.tell(a, [route(9, 100, 1890, 1990)]);
  net.run(1000);
  assert.is(framesTo(net, b).length, 1);
  net.tell(a, [route(9, 100, 1890, 1991)]);
  net.run(1000);
  assert.is(framesTo(net, b).length, 2);
});

test('R16: what changes back before it was told is not told', () => {
  const { net, a, b } = settled();
  net.tell(a, [route(9, 100, 1000)]);
  net.run(1000);
  const told = framesTo(net, b).length;
  net.tell(a, [route(9, 100, 1000, 5000)]);
  net.run(50);
  net.tell(a, [route(9, 100, 1000)]);
  net.run(1000);
  assert.is(framesTo(net, b).length, told);
});

test('R16: frames of a link are at least 20 ms apart, and a full table fits them', () => {
  const net = new Puppet('1.1.1.1');
  const source = net.peer('1.1.1.2');
  net.run(1000);
  for (const layer of [1, 2, 3, 4] as const) {
    const entries = Array.from({ length: 254 }, (_, i) => ({ ...route(i + 2, 100 + i, 500 + i), layer }));
    assert.ok(net.tell(source, layer === 4 ? entries.slice(1) : entries));
  }
  net.run(1000);
  const sink = net.peer('1.1.1.255');
  const from = net.now;
  net.run(1000);
  const frames = framesTo(net, sink);
  const told = new Set(frames.flatMap((frame) => frame.entries.map((entry) => `${entry.layer}/${entry.byte}`)));
  assert.is(told.size, 254 * 3 + 252 + 1 + 3, 'all slots but those of the two ends; the own one; three zones');
  const full = frames.filter((frame) => frame.entries.length > 50);
  assert.ok(full.length <= 11, `${full.length} frames`);
  assert.ok(frames.every((frame, i) => i === 0 || frame.at - (frames[i - 1]?.at as number) >= 20));
  assert.ok((full.at(-1)?.at as number) - from < 400);
  for (const { message } of net.frames) {
    const size = toBinary(
      ControlSchema,
      create(ControlSchema, { body: { case: 'routingSync', value: message } }),
    ).length;
    assert.ok(size <= BASE_MTU - HEADERS_BYTES, `${size} bytes`);
  }
});

test('R16: what is not acknowledged is said again, as it is then', () => {
  const { net, a, b } = settled();
  net.acknowledges = false;
  net.tell(a, [route(9, 100, 1000)]);
  net.run(50);
  net.tell(a, [route(9, 100, 1000, 9000)]);
  net.run(60);
  const frames = framesTo(net, b);
  assert.equal(
    frames.map((frame) => frame.entries),
    [[route(9, 100, 1110, 1110, 2)], [route(9, 100, 1110, 9110, 2)]],
  );
  assert.is((frames[1]?.at as number) - (frames[0]?.at as number), 100, 'the larger of 100 ms and 3 RTT');
  net.say(b, { acknowledged: [frames[0]?.message.number as number] });
  net.run(110);
  assert.is(framesTo(net, b).length, 3, 'the older frame does not count for what was said since');
  net.say(b, { acknowledged: framesTo(net, b).map((frame) => frame.message.number) });
  net.run(2000);
  assert.is(framesTo(net, b).length, 3);
});

test('R16: hops that changed are told, without haste', () => {
  const { net, a, b } = settled();
  net.tell(a, [route(9, 100, 1000)]);
  net.run(1000);
  net.tell(a, [route(9, 100, 1000, 1000, 7)]);
  net.run(301);
  assert.equal(net.said(b, 9), route(9, 100, 1110, 1110, 8));
});

test('R16: only the last frame that spoke of a slot counts', () => {
  const { net, a, b } = settled();
  net.acknowledges = false;
  net.tell(a, [route(9, 100, 1000)]);
  net.run(50);
  net.tell(a, [retraction(9)]);
  net.run(70);
  assert.is(framesTo(net, b).length, 2, 'the first is not acknowledged after 100 ms, and need not be');
  net.run(40);
  assert.is(framesTo(net, b).length, 3);
});

test('R16: an unacknowledged request is sent again, unless it was answered', () => {
  const { net, a, b } = settled();
  net.acknowledges = false;
  net.tell(a, [route(9, 100, 500)]);
  net.tell(b, [route(9, 100, 700)]);
  net.down(a);
  net.run(10);
  assert.is(net.asked(b).length, 1);
  net.run(110);
  assert.is(net.asked(b).length, 1);
  net.tell(b, [route(9, 101, 700)]);
  net.run(3000);
  assert.is(net.asked(b).length, 0);
});

test('R16: every numbered frame is acknowledged, soon and together', () => {
  const { net, a } = settled();
  net.tell(a, [route(9, 100, 500)], 11);
  net.tell(a, [route(9, 100, 500)], 12);
  net.run(60);
  assert.equal(
    framesTo(net, a).map((frame) => [frame.message.number, frame.message.acknowledged]),
    [[0, [11, 12]]],
  );
});

test('R16: an entry of an older frame is out of date, a retraction too', () => {
  const { net, a } = settled();
  net.tell(a, [route(9, 100, 500)], 12);
  net.tell(a, [retraction(9)], 11);
  assert.is(net.entry(9).primary, a);
  net.tell(a, [retraction(9), retraction(10)], 15);
  net.tell(a, [route(9, 100, 500), route(10, 100, 500)], 14);
  assert.is(net.entry(9).primary, 0);
  assert.is(net.entry(10).primary, 0);
});

test('a message that breaks the protocol is dropped whole', () => {
  const { net, a } = settled();
  const good = route(9, 100, 500);
  assert.not(net.tell(a, [good, route(1, 100, 5)]), 'a way to ourselves');
  assert.not(net.tell(a, [good], 0), 'entries without a number');
  assert.not(net.say(a, { number: 5, entries: Uint8Array.of(9) }));
  assert.not(net.say(a, { resendLayers: 16 }));
  assert.not(net.ask(a, { layer: 0, byte: 9 }));
  assert.not(net.ask(a, { layer: 5, byte: 9 }));
  assert.not(net.ask(a, { byte: 256 }));
  assert.not(net.ask(a, { byte: 2 }), 'the asker is in that slot itself');
  assert.not(net.ask(a, { byte: 9, hopBudget: 33 }));
  assert.not(net.ask(a, { byte: 9, trafficClass: 4 }));
  assert.is(net.entry(9).label, undefined);
  assert.ok(net.ask(a, { byte: 9, seqno: BOOT, distance: 10 }), 'of a slot that nobody has heard of');
  assert.ok(net.tell(a, [good]));
});

test('an entry of two classes is news of these two alone', () => {
  const { net, a } = settled();
  const classes = [1, 2].map((trafficClass) => ({ trafficClass, distance: 5, metric: 5 }));
  assert.ok(net.tell(a, [{ kind: 'route', layer: 4, byte: 9, seqno: 100, hops: 1, classes }]));
  assert.equal(
    [0, 1, 2, 3].map((c) => net.router.entry(4, 9, c).primary),
    [0, a, a, 0],
  );
  assert.ok(net.tell(a, [{ kind: 'retraction', layer: 4, byte: 9, classMask: 2 }]));
  assert.equal(
    [0, 1, 2, 3].map((c) => net.router.entry(4, 9, c).primary),
    [0, 0, a, 0],
  );
});

test('what is told of a slot in four classes fits one entry; and two where the ways differ in length', () => {
  const { net, a, b } = settled();
  const all = [0, 1, 2, 3].map((trafficClass) => ({ trafficClass, distance: 5, metric: 5 }));
  assert.ok(net.tell(a, [{ kind: 'route', layer: 4, byte: 9, seqno: 100, hops: 1, classes: all }]));
  net.run(1000);
  const told = () =>
    net.frames
      .filter(({ link }) => link === b)
      .flatMap(({ entries }) => entries)
      .filter(({ byte }) => byte === 9);
  assert.equal(
    told().map((entry) => entry.kind === 'route' && entry.classes.map((one) => one.trafficClass)),
    [[0, 1, 2, 3]],
  );
  net.frames.length = 0;
  assert.ok(net.tell(a, [{ kind: 'route', layer: 4, byte: 9, seqno: 101, hops: 7, classes: all.slice(2) }]));
  assert.ok(net.tell(a, [{ kind: 'route', layer: 4, byte: 9, seqno: 101, hops: 3, classes: all.slice(0, 2) }]));
  net.run(1000);
  assert.equal(
    told().map((entry) => entry.kind === 'route' && entry.classes.map((one) => one.trafficClass)),
    [
      [2, 3],
      [0, 1],
    ],
  );
});

test.run();
