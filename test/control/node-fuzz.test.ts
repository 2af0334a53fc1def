/** Whatever bytes come, a control node does not throw, and does not lose what it has. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PuntedPacket } from '../../ts/control/io.js';
import { encodeControl } from '../../ts/wire/control.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { HandshakeFrames } from '../../ts/wire/handshake-frame.js';
import { HELLO_BYTES, writeHello } from '../../ts/wire/hello.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { networkSecrets } from '../../ts/wire/session-keys.js';
import { NETWORK_KEY, peer, type TestNode, World } from './links/world.js';

const types = fc.constantFrom(...Object.values(FrameType));
const source = { scheme: 'udp', family: 4, host: '10.0.0.77', port: 7000 } as const;

function pair() {
  const world = new World();
  const b = world.add('1.1.1.2');
  const a = world.add('1.1.1.1', { peers: [peer('1.1.1.2')] });
  world.until(() => a.isUp('1.1.1.2') && b.isUp('1.1.1.1'));
  return { world, a, b };
}

const feed = (node: TestNode, world: World, link: number, type: FrameType, frame: Uint8Array) =>
  node.act(() => node.control.handleFrame({ link, type, frame, source, socket: 0 }, world.now));

test('any bytes as any frame', () => {
  const { world, a } = pair();
  fc.assert(
    fc.property(fc.nat(70), types, fc.uint8Array({ maxLength: 300 }), (link, type, payload) => {
      feed(a, world, link, type, payload);
      feed(a, world, link, type, makeFrame({ type }, payload));
    }),
    { numRuns: 2000 },
  );
  world.run(100);
  assert.ok((a.counts.handshakesRefused ?? 0) > 100);
  assert.ok((a.counts.controlMalformed ?? 0) > 10);
});

test('any bytes as a packet in trouble', () => {
  const { world, a } = pair();
  const reasons = fc.constantFrom<PuntedPacket['reason']>('ttlExceeded', 'noRoute', 'portUnreachable', 'error');
  fc.assert(
    fc.property(reasons, fc.uint8Array({ maxLength: 200 }), (reason, payload) => {
      const protocol = (payload[0] ?? 0) % 9;
      for (const frame of [payload, makeFrame({ protocol, source: payload[1] ?? 0 }, payload)])
        a.act(() => a.control.handlePacket({ reason, link: 1, frame }, world.now));
    }),
    { numRuns: 2000 },
  );
  assert.ok(a.packets.length > 0);
});

test('any hello of an authenticated peer', () => {
  const { world, a, b } = pair();
  const link = a.status('1.1.1.2')?.link ?? 0;
  const word = fc.nat(0xffff_ffff);
  const hello = fc.record({
    reply: fc.boolean(),
    fastConfirmed: fc.boolean(),
    quiet: fc.boolean(),
    probesLost: fc.nat(0xffff),
    sequence: fc.oneof(fc.nat(50), word),
    interval: word,
    heardInterval: word,
    clock: fc.maxSafeNat(),
    lastCounter: fc.maxSafeNat(),
    received: fc.maxSafeNat(),
    sent: fc.maxSafeNat(),
    held: word,
    size: fc.oneof(fc.constantFrom(104, 1472, 8972), word),
  });
  fc.assert(
    fc.property(hello, fc.nat(40), (value, pause) => {
      const payload = new Uint8Array(HELLO_BYTES);
      writeHello(payload, value);
      feed(a, world, link, FrameType.Hello, makeFrame({ type: FrameType.Hello }, payload));
      world.run(pause);
      const { rtt = 0, lossIn = 0, lossOut = 0 } = a.status('1.1.1.2') ?? {};
      assert.ok(rtt >= 0 && rtt <= 60_000 && lossIn >= 0 && lossIn <= 100 && lossOut >= 0 && lossOut <= 100);
      for (const { timing } of a.entries.values())
        assert.ok(timing === undefined || (timing.silence >= 60 && timing.silence <= 30_000));
    }),
  );
  world.run(60_000);
  assert.ok(a.isUp('1.1.1.2') && b.isUp('1.1.1.1'), 'it recovers');
});

test('any handshake by somebody who knows the network key', () => {
  const { world, a, b } = pair();
  const frames = new HandshakeFrames(networkSecrets(NETWORK_KEY));
  const nonce = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const ids = fc.constantFrom(0x01010101, 0x01010102, 0x01010103, 0x7f010101);
  const init = fc.record({
    kind: fc.constant('init' as const),
    id: ids,
    expectedId: fc.oneof(fc.constant(0), ids),
    bootEpoch: fc.maxSafeNat(),
    nonce,
    linkNumber: fc.integer({ min: 1, max: 4095 }),
    tags: fc.boolean(),
    role: fc.constantFrom('relay' as const, 'leaf' as const),
    purpose: fc.constantFrom(
      'configured' as const,
      'chosen' as const,
      'ring' as const,
      'join' as const,
      'flow' as const,
    ),
  });
  fc.assert(
    fc.property(init, fc.nat(20), (message, pause) => {
      feed(a, world, 0, FrameType.Handshake, frames.seal(message, message.id, 0));
      world.run(pause);
    }),
    { numRuns: 500 },
  );
  assert.ok(a.entries.size < 60, `${a.entries.size}`);
  world.run(10_000);
  assert.is(a.entries.size, 1);
  assert.ok(a.isUp('1.1.1.2') && b.isUp('1.1.1.1'));
  assert.is(a.count('linkDown') + b.count('linkDown'), 0);
});

test('control messages that break the protocol are counted, and the session stays', () => {
  const { world, a } = pair();
  const link = a.status('1.1.1.2')?.link ?? 0;
  const before = a.counts.controlMalformed ?? 0;
  feed(a, world, link, FrameType.Control, makeFrame({ type: FrameType.Control }, Uint8Array.of(0xff, 0xff)));
  feed(a, world, link, FrameType.Hello, makeFrame({ type: FrameType.Hello }, new Uint8Array(55)));
  assert.is(a.counts.controlMalformed, before + 2);
  assert.ok(a.isUp('1.1.1.2'));
  // One that ends the session, to show that the frames reach it.
  const goodbye = encodeControl({ kind: 'goodbye', reason: 'other' });
  feed(a, world, link, FrameType.Control, makeFrame({ type: FrameType.Control }, goodbye));
  assert.not(a.isUp('1.1.1.2'));
});

test.run();
