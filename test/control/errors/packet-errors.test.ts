/** Errors about packets: who is told, how often, and what is believed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PacketErrors } from '../../../ts/control/errors/packet-errors.js';
import { MAX_PATHS, PATH_MTU_MS, PathMtuBook } from '../../../ts/control/errors/path-mtu-book.js';
import type { Output, PuntedPacket } from '../../../ts/control/io.js';
import { Outbox } from '../../../ts/control/outbox.js';
import { type Timer, TimerQueue } from '../../../ts/control/timer-queue.js';
import { decodeError, encodeError } from '../../../ts/wire/error-payload.js';
import { type Headers, makeFrame, readHeaders } from '../../../ts/wire/frame.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { HEADERS_BYTES, Protocol } from '../../../ts/wire/network-header.js';

const SELF = 0x01010102;
const SOURCE = 0x01010101;
const TARGET = 0x01010103;
const ours = { source: SOURCE, destination: TARGET, sourcePort: 1111, destinationPort: 2222, trafficClass: 0, ttl: 1 };

function setup() {
  const outbox = new Outbox();
  const deadlines = new TimerQueue<Timer>();
  const unreachable: number[][] = [];
  const errors = new PacketErrors(SELF, outbox, deadlines, (...told) => unreachable.push(told));
  const handle = (
    reason: PuntedPacket['reason'],
    headers: Partial<Headers>,
    payload: Uint8Array = new Uint8Array(),
    now = 0,
  ) => {
    errors.handlePacket({ reason, link: 3, frame: makeFrame(headers, payload), receivedAt: now - 1 }, now);
    return outputs();
  };
  const outputs = () => {
    const all: Output[] = [];
    for (let output = outbox.poll(); output; output = outbox.poll()) all.push(output);
    return all;
  };
  return { handle, errors, outputs, deadlines, unreachable };
}

test('that an own packet found no route is told on: where it was, and here', () => {
  const { handle, unreachable } = setup();
  const packet = makeFrame({ ...ours, source: SELF, trafficClass: 2 }, new Uint8Array());
  const answer = { source: SOURCE, destination: SELF, protocol: Protocol.Error };
  handle('error', answer, encodeError('noRoute', packet, 0), 5);
  handle('error', answer, encodeError('ttlExceeded', packet, 0), 6);
  handle('noRoute', { ...ours, protocol: Protocol.Datagram }, undefined, 7);
  handle('noRoute', { ...ours, source: SELF, protocol: Protocol.Datagram }, undefined, 8);
  assert.equal(unreachable, [
    [TARGET, 2, SOURCE, 5],
    [TARGET, 0, 0, 8],
  ]);
});

test('the source is told what went wrong, with the headers as they came', () => {
  for (const reason of ['ttlExceeded', 'noRoute', 'portUnreachable'] as const) {
    const { handle } = setup();
    const [output, ...rest] = handle(reason, { ...ours, protocol: Protocol.EchoRequest, sequence: 9 });
    assert.is(rest.length, 0);
    assert.ok(output?.kind === 'sendPacket');
    const headers = readHeaders(output.frame) as Headers;
    assert.is(headers.protocol, Protocol.Error);
    assert.equal([headers.source, headers.destination], [SELF, SOURCE]);
    assert.equal([headers.sourcePort, headers.destinationPort], [2222, 1111]);
    const error = decodeError(output.frame.subarray(HEADERS_BYTES));
    assert.ok(error !== 'malformed');
    assert.is(error.code, reason);
    assert.is(error.headers.ttl, 1);
    assert.is(error.headers.sequence, 9);
  }
});

test('too big says what would have passed', () => {
  const { errors, outputs } = setup();
  errors.handlePacket({ reason: 'tooBig', link: 3, frame: makeFrame(ours, new Uint8Array()), limit: 1472 }, 0);
  const [output] = outputs();
  const error = output?.kind === 'sendPacket' ? decodeError(output.frame.subarray(HEADERS_BYTES)) : 'malformed';
  assert.ok(error !== 'malformed');
  assert.equal([error.code, error.limit], ['tooBig', 1472 - HEADERS_BYTES]);
});

test("a path's MTU is learnt from errors, within what can be, and forgotten after ten minutes", () => {
  const { handle, errors, outputs, deadlines } = setup();
  const told = (limit: number, now: number) => {
    const packet = makeFrame({ ...ours, source: SELF }, new Uint8Array());
    return handle(
      'error',
      { source: SOURCE, destination: SELF, protocol: Protocol.Error },
      encodeError('tooBig', packet, limit),
      now,
    );
  };
  for (const [limit, mtu] of [
    [1424, 1472],
    [0, 1200],
    [65_535, 8972],
  ] as const) {
    const [path, event] = told(limit, 0);
    assert.equal(path, { kind: 'pathMtu', destination: TARGET, mtu });
    assert.ok(event?.kind === 'event' && event.event.type === 'packetError' && event.event.code === 'tooBig');
  }
  told(1424, 5_000);
  for (const timer of deadlines.popAll(PATH_MTU_MS)) timer.handleTimeout(PATH_MTU_MS);
  assert.equal(outputs(), [], 'it was learnt anew meanwhile');
  assert.is(deadlines.next(), PATH_MTU_MS + 5_000);
  for (const timer of deadlines.popAll(PATH_MTU_MS + 5_000)) timer.handleTimeout(PATH_MTU_MS + 5_000);
  assert.equal(outputs(), [{ kind: 'pathMtu', destination: TARGET, mtu: 0 }]);
  assert.is(deadlines.next(), Infinity);
  assert.ok(errors);
});

test('paths are remembered up to a limit, the oldest gives way', () => {
  const outbox = new Outbox();
  const book = new PathMtuBook(outbox, new TimerQueue<Timer>());
  for (let id = 1; id <= MAX_PATHS + 5; id++) book.learn(id, 1400, id);
  assert.is(book.size, MAX_PATHS);
  const forgotten: number[] = [];
  for (let output = outbox.poll(); output; output = outbox.poll())
    if (output.kind === 'pathMtu' && output.mtu === 0) forgotten.push(output.destination);
  assert.equal(forgotten, [1, 2, 3, 4, 5]);
});

test('never about errors, channels, or what concerns one link', () => {
  const { handle } = setup();
  for (const protocol of [Protocol.Error, Protocol.Channel, Protocol.Link, 99])
    assert.equal(handle('ttlExceeded', { ...ours, protocol }), [], String(protocol));
  assert.equal(handle('noRoute', { ...ours, source: 0 }), []);
});

test('a packet of our own that has no route is told without a detour', () => {
  const { handle } = setup();
  const [output] = handle('noRoute', { ...ours, source: SELF }, undefined, 50);
  assert.ok(output?.kind === 'event' && output.event.type === 'packetError');
  assert.equal([output.event.code, output.event.reporter], ['noRoute', SELF]);
});

test('an error for us becomes an event; its time is when it came', () => {
  const { handle } = setup();
  const packet = makeFrame({ source: SELF, destination: TARGET, sequence: 7 }, new Uint8Array());
  const error = { source: 0x01010109, destination: SELF, protocol: Protocol.Error };
  const [output] = handle('error', error, encodeError('ttlExceeded', packet), 100);
  assert.equal(output, {
    kind: 'event',
    event: {
      type: 'packetError',
      code: 'ttlExceeded',
      reporter: 0x01010109,
      headers: readHeaders(packet),
      receivedAt: 99,
    },
  });
});

test('errors that are not about our packets, or cannot be read, are counted', () => {
  const { handle } = setup();
  const malformed = [{ kind: 'count', counter: 'controlMalformed' }];
  const foreign = makeFrame({ source: SOURCE, destination: TARGET }, new Uint8Array());
  const error = { source: 0x01010109, destination: SELF, protocol: Protocol.Error };
  assert.equal(handle('error', error, encodeError('noRoute', foreign)), malformed);
  assert.equal(handle('error', error, new Uint8Array(55)), malformed);
  assert.equal(handle('error', { ...error, protocol: Protocol.Datagram }, new Uint8Array(56)), malformed);
  assert.equal(handle('noRoute', { ...ours, type: FrameType.Control }), malformed);
});

test('a source gets 20 at once and 10 a second; others are not touched by it', () => {
  const { handle } = setup();
  const sent = (from: number, now: number) =>
    handle('noRoute', { ...ours, source: from }, undefined, now).some(({ kind }) => kind === 'sendPacket');
  const burst = Array.from({ length: 96 }, () => sent(SOURCE, 1000));
  assert.is(burst.filter(Boolean).length, 20);
  assert.ok(sent(SOURCE + 5, 1000));
  const second = Array.from({ length: 100 }, (_, i) => sent(SOURCE, 1000 + 10 * (i + 1)));
  assert.ok([9, 10].includes(second.filter(Boolean).length)); // tokens are fractions
  assert.equal(handle('noRoute', ours, undefined, 2000), [{ kind: 'count', counter: 'errorLimited' }]);
});

test('many sources together are limited too', () => {
  const { handle } = setup();
  let sent = 0;
  for (let i = 0; i < 5000; i++)
    sent += handle('noRoute', { ...ours, source: 0x02000001 + i * 2 }, undefined, 1000).filter(
      ({ kind }) => kind === 'sendPacket',
    ).length;
  assert.is(sent, 1000);
});

test.run();
