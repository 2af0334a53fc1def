import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ACCEPTED_PATIENCE_MS, Connections, MAX_STRANGERS_OF_ADDRESS } from '../../ts/edge/tcp/connections.js';
import { Chunks, TOTAL_BACKLOG_BYTES } from '../../ts/edge/tcp/out-queue.js';
import { FIRST_WINDOW_BYTES } from '../../ts/edge/tcp/send-window.js';
import { TcpLinks } from '../../ts/edge/tcp/tcp-links.js';
import { TcpPort } from '../../ts/edge/tcp/tcp-port.js';
import { DATA_BACKLOG_BYTES } from '../../ts/edge/tcp/transmitter.js';
import { ADDRESS_PORT, ADDRESS_SOCKET, addressAt, BATCH_HELD, RunKind } from '../../ts/memory/batch.js';
import { CounterBlock } from '../../ts/memory/counters.js';
import { PortKind } from '../../ts/memory/link-table.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { HELLO_BYTES, HELLO_CLOCK, HELLO_SEQUENCE } from '../../ts/wire/hello.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { HEADERS_BYTES, MAX_MTU } from '../../ts/wire/network-header.js';
import { checkTag, tagKey } from '../../ts/wire/tag.js';
import {
  BAD_FRAMES,
  FINGERPRINT,
  frameOf,
  handshake,
  LINK,
  MTU,
  OUR_NUMBER,
  PEER_NUMBER,
  runsOf,
  TX_KEY,
} from './port-behaviour.js';
import { portOf, TcpPeer, TcpRig } from './tcp-rig.js';

const test = suite('tcp port');

async function inRig(use: (rig: TcpRig) => Promise<void>): Promise<void> {
  const rig = await TcpRig.open();
  try {
    await use(rig);
  } finally {
    rig.close();
  }
}

const nothing = () => undefined;
const closed = (peer: TcpPeer) => (peer.socket.destroyed ? Promise.resolve() : once(peer.socket, 'close'));

/** What a stream of frames never contains: whoever sends it is no node, or has lost its place. (Of strangers large frames are none either.) */
const ENDS_STREAM = new Set(['truncated', 'badVersion', 'badType', 'oversize']);

for (const [what, counter, make] of BAD_FRAMES.filter(([, name]) => !ENDS_STREAM.has(name)))
  test(`a frame ${what} counts as ${counter}, and the next one arrives`, () =>
    inRig(async (rig) => {
      const peer = await rig.peer();
      peer.send(make(), frameOf(2));
      await rig.received(2);
      assert.equal(rig.counted(), { [counter]: 1 });
      assert.equal(runsOf(rig.batch), [{ kind: RunKind.Data, link: LINK, packets: 1 }]);
    }));

for (const [what, counter, make] of BAD_FRAMES.filter(([, name]) => name === 'badVersion' || name === 'badType'))
  test(`a frame ${what} counts as ${counter}, and ends the connection`, () =>
    inRig(async (rig) => {
      const peer = await rig.peer();
      peer.send(make(), frameOf(2));
      await closed(peer);
      assert.equal(rig.counted(), { [counter]: 1, tcpGarbled: 1 });
    }));

const GARBAGE: readonly (readonly [string, Uint8Array])[] = [
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a TLS hello', Uint8Array.of(0x16, 0x03, 0x01, 0x02)],
  ['a frame too short for its headers', Uint8Array.of(0, HEADERS_BYTES - 1)],
  ['a stranger who announces a large frame', Uint8Array.of(0xff, 0xff)],
];
for (const [what, bytes] of GARBAGE)
  test(`${what} ends the connection, counted; others go on`, () =>
    inRig(async (rig) => {
      const good = await rig.peer();
      const peer = await rig.peer(0);
      peer.socket.write(bytes);
      await closed(peer);
      good.send(frameOf(1));
      await rig.received(1);
      assert.equal(rig.counted(), { tcpGarbled: 1 });
    }));

test('a frame for a link over UDP does not come this way', () =>
  inRig(async (rig) => {
    const peer = await rig.peer(0);
    rig.install(LINK, peer.localPort, PortKind.Udp);
    peer.send(frameOf(1));
    await rig.received(1);
    assert.equal(rig.counted(), { unknownLink: 1 });
  }));

test('once a session is proved, frames of all sizes that links carry may come', () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    const tooLarge = frameOf(2, {}, new Uint8Array(MAX_MTU - HEADERS_BYTES + 1));
    peer.send(frameOf(1), tooLarge, frameOf(3, { type: FrameType.Hello }, new Uint8Array(60_000)));
    await rig.received(3);
    assert.equal(rig.counted(), { oversize: 1 });
    assert.equal(
      runsOf(rig.batch).map(({ kind }) => kind),
      [RunKind.Data, RunKind.Hello],
    );
  }));

test('handshakes come with the address of their sender, and are answered over the same connection', () =>
  inRig(async (rig) => {
    const peer = await rig.peer(0);
    peer.send(handshake(FINGERPRINT));
    await rig.received(1);
    assert.equal(runsOf(rig.batch), [{ kind: RunKind.Handshake, link: 0, packets: 1 }]);
    const view = new DataView(rig.batch.words.buffer);
    assert.is(view.getInt32(addressAt(0) + ADDRESS_PORT, true), peer.localPort);
    assert.is(view.getInt32(addressAt(0) + ADDRESS_SOCKET, true), 0);
    rig.port.send();
    rig.sendRaw(handshake(FINGERPRINT), peer.localPort, 0);
    await rig.until(() => peer.frames.length === 1);
    assert.equal(peer.frames[0], handshake(FINGERPRINT));
  }));

test("what is forwarded leaves with TTL less one, the peer's link number, a new counter and a good tag", () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    peer.send(frameOf(1, { ttl: 7 }, Uint8Array.of(1, 2, 3)), frameOf(2, { ttl: 7 }, Uint8Array.of(4)));
    await rig.received(2);
    assert.is(rig.forward(), 2);
    await rig.until(() => peer.frames.length === 2 && rig.count('sent') === 2);
    for (const [index, frame] of peer.frames.entries()) {
      const headers = readHeaders(frame) as Headers;
      assert.equal([headers.ttl, headers.linkNumber, headers.counter], [6, PEER_NUMBER, index + 1]);
      assert.ok(checkTag(new DataView(frame.buffer), 0, frame.length, tagKey(TX_KEY), 0));
    }
    const bytes = peer.frames.reduce((sum, { length }) => sum + length, 0);
    assert.equal([rig.count('forwarded'), rig.count('sentBytes'), rig.count('sendCalls')], [2, bytes, 1], 'one write');
  }));

test('nothing larger than the MTU leaves, nothing into a link that is retired or whose connection is gone', () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    peer.send(frameOf(1));
    await rig.received(1);
    rig.port.send();
    rig.originate(makeFrame({}, new Uint8Array(MTU - HEADERS_BYTES + 1)));
    rig.forward();
    rig.install(LINK + 1, 9);
    rig.originate(makeFrame({}, new Uint8Array(9)));
    rig.forward(LINK + 1);
    rig.links.retire(LINK);
    rig.originate(makeFrame({}, new Uint8Array(9)));
    rig.forward();
    assert.equal(rig.counted(), { oversize: 1, sendFailed: 1, unknownLink: 1 });
  }));

test('when a connection ends, its links are told of at once; so are those of a worker that died', () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    const other = await rig.peer(LINK + 1);
    other.send(frameOf(1, { linkNumber: OUR_NUMBER + 1 }));
    peer.send(frameOf(1));
    await rig.received(2);
    assert.equal(rig.port.takeBroken(), []);
    peer.socket.destroy();
    const broken: number[] = [];
    await rig.until(() => broken.push(...rig.port.takeBroken()) > 0);
    assert.equal(broken, [LINK]);
    const successor = new TcpRig();
    successor.install(5, 7000);
    const port = new TcpPort({
      region: successor.region,
      batch: successor.batch,
      counters: new CounterBlock(successor.region, 0),
      sockets: [],
      onWork: () => undefined,
      onWarning: () => undefined,
    });
    assert.equal(port.takeBroken(), [5]);
    port.close();
    successor.close();
  }));

test('only the control plane dials: an answer to somebody who has gone is dropped', () =>
  inRig(async (rig) => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = portOf(server.address());
    rig.sendRaw(handshake(FINGERPRINT), port, 0);
    assert.equal(rig.counted(), { sendFailed: 1 });
    const dialed = once(server, 'connection');
    rig.sendRaw(handshake(FINGERPRINT), port, -1);
    rig.sendRaw(handshake(FINGERPRINT), port, -1);
    const [socket] = await dialed;
    const peer = new TcpPeer(socket);
    await rig.until(() => peer.frames.length === 2);
    rig.install(LINK, port);
    peer.send(frameOf(1));
    await rig.received(1);
    assert.equal(runsOf(rig.batch), [{ kind: RunKind.Data, link: LINK, packets: 1 }]);
    socket.destroy();
    server.close();
  }));

/** Sends frames of one kind, each of 1000 bytes, until the counter moves or so many were sent. */
function flood(rig: TcpRig, type: FrameType, counter: 'tcpBacklogFull' | 'tcpStalled', most: number): number {
  let sent = 0;
  while (rig.count(counter) === 0 && sent < most) {
    for (let i = 0; i < 20; i++, sent++)
      rig.originate(makeFrame({ type, sequence: sent }, new Uint8Array(1000 - HEADERS_BYTES)));
    rig.forward();
  }
  return sent;
}

test('a slow receiver loses data frames and no control frame, which pass the data that waits; when it reads again, the rest arrives in order', () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    peer.send(frameOf(1));
    await rig.received(1);
    rig.port.send();
    peer.socket.pause();
    const started = flood(rig, FrameType.Data, 'tcpBacklogFull', 100_000);
    assert.ok(rig.count('tcpBacklogFull') > 0);
    assert.ok(started * 1000 < 2 * (FIRST_WINDOW_BYTES + DATA_BACKLOG_BYTES), 'long before the kernel is full');
    for (let i = 0; i < 50; i++) rig.originate(makeFrame({ type: FrameType.Control }, Uint8Array.of(i)));
    rig.forward();
    assert.is(rig.count('tcpStalled'), 0);
    peer.report(2);
    peer.socket.resume();
    const lost = rig.count('tcpBacklogFull');
    await rig.stepping(() => peer.frames.length === started - lost + 50);
    const headers = peer.frames.map((frame) => readHeaders(frame) as Headers);
    const counters = headers.map(({ counter }) => counter);
    assert.equal(
      counters,
      [...counters].sort((a, b) => a - b),
    );
    assert.is(counters.at(-1), started + 50, 'what was dropped has had its counters, so that it is missed');
    const control = headers.flatMap(({ type }, index) => (type === FrameType.Control ? [index] : []));
    assert.equal(
      control.map((index) => peer.frames[index]?.[HEADERS_BYTES]),
      Array.from({ length: 50 }, (_, i) => i),
    );
    const behind = headers.length - 1 - (control.at(-1) as number);
    assert.ok(behind > DATA_BACKLOG_BYTES / 1000 - 2, `only ${behind} data frames came after the control frames`);
    await rig.stepping(() => rig.count('sent') === peer.frames.length);
    assert.is(rig.batch.words[BATCH_HELD], 0);
  }));

/** Sends as much data as is let under way and may wait, and no more; the frames that are held. */
async function fill(rig: TcpRig, peer: TcpPeer): Promise<number> {
  peer.send(frameOf(1));
  await rig.received(1);
  rig.port.send();
  for (let sent = 0; sent < FIRST_WINDOW_BYTES + DATA_BACKLOG_BYTES - 20_000; sent += 20_000) {
    for (let i = 0; i < 20; i++) rig.originate(makeFrame({}, new Uint8Array(1000 - HEADERS_BYTES)));
    rig.forward();
    await new Promise((resolve) => setImmediate(resolve)); // the kernel takes what has room
  }
  assert.is(rig.count('tcpBacklogFull'), 0);
  await rig.stepping(() => peer.frames.length * 1000 >= FIRST_WINDOW_BYTES);
  const held = rig.batch.words[BATCH_HELD] as number;
  assert.ok(held * 1000 > DATA_BACKLOG_BYTES - 40_000, `only ${held} are held`);
  return held;
}

test('data that waits counts as held, and fails when its connection ends', () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    const held = await fill(rig, peer);
    peer.socket.destroy();
    await rig.stepping(() => rig.batch.words[BATCH_HELD] === 0);
    assert.is(rig.count('sendFailed'), held);
  }));

test('data that waits leaves when the node closes', () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    const held = await fill(rig, peer);
    const { length } = peer.frames;
    rig.port.hurry();
    await rig.stepping(() => peer.frames.length === length + held && rig.batch.words[BATCH_HELD] === 0);
    assert.is(rig.count('sendFailed'), 0);
  }));

test('while data waits, the peer is asked what it has received, by a repetition of the last hello', () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    peer.send(frameOf(1));
    await rig.received(1);
    rig.port.send();
    const hello = new Uint8Array(HELLO_BYTES);
    hello[HELLO_SEQUENCE + 3] = 77;
    rig.originate(makeFrame({ type: FrameType.Hello }, hello));
    rig.forward();
    flood(rig, FrameType.Data, 'tcpBacklogFull', 100_000);
    const asks = () =>
      peer.frames.filter(
        (frame) =>
          (readHeaders(frame) as Headers).type === FrameType.Hello && frame[HEADERS_BYTES + HELLO_SEQUENCE + 3] === 77,
      );
    await rig.stepping(() => asks().length >= 3);
    const clocks = asks().map((frame) => new DataView(frame.buffer).getUint32(HEADERS_BYTES + HELLO_CLOCK + 4));
    assert.is(new Set(clocks).size, clocks.length, 'each with its own time');
    assert.ok(rig.count('originated') >= asks().length - 1);
  }));

test('a receiver that does not even take control frames is given up, and its links are told of', () =>
  inRig(async (rig) => {
    const peer = await rig.peer();
    peer.send(frameOf(1));
    await rig.received(1);
    rig.port.send();
    peer.socket.pause();
    flood(rig, FrameType.Control, 'tcpStalled', 100_000);
    assert.is(rig.count('tcpStalled'), 1);
    const broken: number[] = [];
    await rig.until(() => broken.push(...rig.port.takeBroken()) > 0);
    assert.equal(broken, [LINK]);
    await rig.until(() => rig.count('sendFailed') > 0);
    assert.ok(rig.count('sendFailed') <= (TOTAL_BACKLOG_BYTES + 20_000) / 1000);
  }));

test('strangers: so many of one address and no more; those who authenticate do not count; those who say nothing are sent away', async () => {
  const rig = new TcpRig();
  const counters = new CounterBlock(rig.region, 0);
  const links = new TcpLinks(rig.region);
  const connections = new Connections({
    counters,
    links,
    chunks: new Chunks(rig.batch, counters, nothing),
    events: { onChunk: nothing, onFrame: () => true, onGarbled: nothing, onClose: nothing },
  });
  const server = createServer((socket) => connections.accept(socket, 0, 1000));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const join = async () => {
    const socket = connect(portOf(server.address()), '127.0.0.1');
    const accepted = once(server, 'connection');
    await once(socket, 'connect');
    await accepted;
    return socket;
  };
  const strangers = [];
  for (let i = 0; i < MAX_STRANGERS_OF_ADDRESS; i++) strangers.push(await join());
  const refused = await join();
  await once(refused, 'close');
  assert.is(rig.count('tcpRefused'), 1);

  const [first, second] = strangers;
  const known = connections.at('127.0.0.1', first?.localPort as number);
  assert.ok(known);
  if (known) connections.authenticated(known);
  const third = await join();
  assert.is(rig.count('tcpRefused'), 1, 'there was room for one more');

  rig.install(LINK, first?.localPort as number);
  connections.sweep(1000 + ACCEPTED_PATIENCE_MS);
  assert.not(first?.destroyed);
  const ends = [second, third].map((socket) => once(socket as NonNullable<typeof socket>, 'close'));
  connections.sweep(1001 + ACCEPTED_PATIENCE_MS);
  await Promise.all(ends);
  assert.not(first?.destroyed, 'a link goes over it');

  rig.links.retire(LINK);
  const end = once(first as NonNullable<typeof first>, 'close');
  connections.sweep(2000);
  await end;
  server.close();
  for (const socket of strangers) socket.destroy();
  rig.close();
});

test.run();
