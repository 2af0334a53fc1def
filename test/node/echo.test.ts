/** Probes against a hand-written network: replies, errors and silence, in any order. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EchoClient } from '../../ts/node/echo.js';
import { ping } from '../../ts/node/ping.js';
import { trace } from '../../ts/node/trace.js';
import { type Headers, readHeaders, writeHeaders } from '../../ts/wire/frame.js';
import { Protocol } from '../../ts/wire/network-header.js';

const SELF = 0x01010101;
const RELAY = 0x01010102;
const FAR = 0x01010103;

/** A client whose packets `network` gets; the clock moves by hand. */
function client(network: (echo: EchoClient, headers: Headers, frame: Uint8Array) => void) {
  const clock = { now: 1000 };
  const echo: EchoClient = new EchoClient(
    SELF,
    (frame) => {
      const headers = readHeaders(frame);
      if (typeof headers === 'string') throw new Error(headers);
      queueMicrotask(() => network(echo, headers, frame));
    },
    () => clock.now,
    7_000_000,
  );
  return { echo, clock };
}

/** What the destination's worker makes of a request. */
function replyTo(frame: Uint8Array): Uint8Array {
  const headers = readHeaders(frame) as Headers;
  const reply = Uint8Array.from(frame);
  writeHeaders(new DataView(reply.buffer), 0, {
    ...headers,
    protocol: Protocol.EchoReply,
    source: headers.destination,
    destination: headers.source,
  });
  return reply;
}

test('a reply ends its probe and no other', async () => {
  const { echo, clock } = client((self, headers, frame) => {
    clock.now += 5;
    if (headers.destination === FAR) self.handleReply(replyTo(frame), clock.now);
  });
  const [far, relay] = await Promise.all([
    echo.probe(FAR, { size: 10, timeout: 1000 }),
    echo.probe(RELAY, { size: 10, timeout: 20 }),
  ]);
  assert.is(far.kind, 'reply');
  assert.equal(relay, { kind: 'silence' });
});

test('a reply from somebody else than the one who was asked is ignored', async () => {
  const { echo } = client((self, headers, frame) => {
    const forged = replyTo(frame);
    new DataView(forged.buffer).setUint32(32, RELAY);
    self.handleReply(forged, 2000);
    assert.is(headers.source, SELF);
  });
  assert.equal(await echo.probe(FAR, { size: 0, timeout: 10 }), { kind: 'silence' });
});

test('trace: every hop by its error, the destination by its reply', async () => {
  const { echo } = client((self, headers, frame) => {
    if (headers.ttl === 1) self.handleError('ttlExceeded', RELAY, { ...headers, ttl: 0 }, 1003);
    else self.handleReply(replyTo(frame), 1004);
  });
  const seen: unknown[] = [];
  const result = await trace(echo, FAR, { onHop: (hop) => seen.push(hop.id) });
  assert.equal(result, {
    destination: '1.1.1.3',
    hops: [
      { id: '1.1.1.2', rttMs: 3 },
      { id: '1.1.1.3', rttMs: 4 },
    ],
  });
  assert.equal(seen, ['1.1.1.2', '1.1.1.3']);
});

test('trace: an error that ends the way ends the trace, silence is given up after three hops', async () => {
  const refusing = client((self, headers) => self.handleError('noRoute', SELF, headers, 1001));
  assert.equal((await trace(refusing.echo, FAR)).hops, [{ id: '1.1.1.1', rttMs: 1, error: 'noRoute' }]);
  const silent = client(() => undefined);
  assert.is((await trace(silent.echo, FAR, { timeout: 2 })).hops.length, 3);
});

test('ping counts what came back', async () => {
  let asked = 0;
  const { echo, clock } = client((self, headers, frame) => {
    clock.now += 10;
    if (++asked === 2) self.handleError('noRoute', RELAY, headers, clock.now);
    else if (asked !== 3) self.handleReply(replyTo(frame), clock.now);
  });
  const replies: (string | number | null)[] = [];
  const result = await ping(echo, FAR, {
    count: 4,
    interval: 0,
    timeout: 30,
    onReply: (reply) => replies.push(reply.error ?? (reply.rttMs === null ? null : 'reply')),
  });
  assert.is(result.sent, 4);
  assert.is(result.received, 2);
  assert.ok(result.rttMs && result.rttMs.min <= result.rttMs.p50 && result.rttMs.p50 <= result.rttMs.max);
  assert.equal(new Set(replies), new Set(['noRoute', 'reply', null]));
  assert.is(replies.length, 4);
});

test('an aborted signal ends a ping and leaves no timer behind', async () => {
  const { echo } = client(() => undefined);
  const controller = new AbortController();
  const running = ping(echo, FAR, { count: 100, timeout: 60_000, interval: 1, signal: controller.signal });
  controller.abort(new Error('enough'));
  try {
    await running;
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /enough|abort/i);
  }
});

test('arguments are checked', async () => {
  const { echo } = client(() => undefined);
  for (const options of [{ count: 0 }, { count: 1.5 }, { interval: -1 }, { size: 1137 }, { timeout: Number.NaN }])
    await ping(echo, FAR, options).then(
      () => assert.unreachable(),
      (error) => assert.is(error.code, 'INVALID_OPTION'),
    );
});

test.run();
