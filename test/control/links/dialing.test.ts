/** Whom a node dials, how often, and what it says when it is not let in. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PROTOCOL_VERSION } from '../../../ts/wire/handshake.js';
import { HandshakeFrames } from '../../../ts/wire/handshake-frame.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { networkSecrets } from '../../../ts/wire/session-keys.js';
import { tagKey, writeTag } from '../../../ts/wire/tag.js';
import { idOf, NETWORK_KEY, peer, type TestNode, World } from './world.js';

const A = '1.1.1.1';
const B = '1.1.1.2';

const inits = (world: World, from: TestNode) =>
  world.log.filter((datagram) => datagram.type === FrameType.Handshake && datagram.from === from.host).length;

test('a peer that is not there is dialed for ever, not more often than every 5 s', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)] });
  world.run(2000);
  assert.ok(inits(world, a) >= 4, `${inits(world, a)} Inits in the first 2 s`);
  world.run(600_000);
  assert.is(a.status(B)?.state, 'dialing');
  assert.is(a.status(B)?.problem, 'noAnswer');
  assert.is(a.count('linkProblem'), 1, 'told once');
  const before = inits(world, a);
  world.run(600_000);
  const later = inits(world, a) - before;
  assert.ok(later > 150 && later < 600, `${later} Inits in 10 minutes`);
  assert.is(a.entries.size, 0);
  world.add(B);
  world.until(() => a.isUp(B), 8_000);
});

test('the pauses between rounds are jittered', () => {
  const pauses = new Set<number>();
  for (let seed = 1; seed <= 5; seed++) {
    const world = new World(seed);
    const a = world.add(A, { peers: [peer(B)] });
    world.run(60_000);
    pauses.add(inits(world, a) * 1e6 + Math.round(a.control.nextTimeout()));
  }
  assert.is(pauses.size, 5);
});

test('several addresses are tried in turn', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B, '10.0.7.1'), peer(B, '10.0.7.2'), peer(B)] });
  world.add(B);
  world.until(() => a.isUp(B), 2000);
  assert.is(a.status(B)?.address, 'udp://10.0.0.2:7000');
});

test('a name that does not resolve is a state; it is resolved anew in every round', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B, 'b.example')] });
  const b = world.add(B);
  world.run(10_000);
  const { state, problem, detail } = a.status(B) ?? {};
  assert.equal([state, problem, detail], ['resolving', 'unresolved', 'no such name: b.example']);
  world.names.set('b.example', ['10.0.7.1']);
  world.run(30_000);
  assert.is(a.status(B)?.problem, 'noAnswer');
  world.names.set('b.example', ['10.0.7.2', b.host]);
  world.until(() => a.isUp(B), 10_000);
  // It moves.
  world.names.set('b.example', ['10.0.9.9']);
  b.crash();
  world.add(B, { host: '10.0.9.9' });
  world.until(() => a.status(B)?.address === 'udp://10.0.9.9:7000' && a.isUp(B), 10_000);
});

test('a network change dials at once', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)] });
  world.run(100_000);
  const b = world.add(B);
  a.act(() => a.control.handleCommand({ kind: 'networkChange' }, world.now));
  assert.ok(world.until(() => a.isUp(B) && b.isUp(A)) < 40);
});

test('another network key: a clear state, and no session; nobody is flooded with answers', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)], networkKey: new Uint8Array(32).fill(9) });
  const b = world.add(B);
  world.run(10_000);
  assert.is(a.status(B)?.problem, 'otherNetworkKey');
  assert.is(a.status(B)?.state, 'dialing');
  assert.is(a.entries.size + b.entries.size, 0);
  assert.ok(b.events.some((event) => event.type === 'linkProblem' && event.problem === 'otherNetworkKey'));
  assert.ok((b.counts.handshakesRefused ?? 0) > 3);
  const asked = inits(world, a);
  for (const datagram of world.log.filter(({ to }) => to === b.host))
    for (let i = 0; i < 50; i++) world.deliver(datagram);
  const before = inits(world, b);
  world.run(500);
  assert.ok(inits(world, b) - before <= 2, `${inits(world, b) - before} answers to ${asked * 50} Inits`);
});

test('a hint of another key, which anybody could have sent, does not stop the dialer', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)] });
  const b = world.add(B);
  const stranger = world.add('9.9.9.9', { networkKey: new Uint8Array(32).fill(9), host: '10.6.6.6' });
  // The stranger gets each Init first, and answers in B's name.
  world.filter = (datagram) => {
    if (datagram.from === a.host && datagram.to === b.host && datagram.type === FrameType.Handshake)
      world.at(world.now, () => stranger.receive(datagram.frame.slice(), a.host));
    return true;
  };
  const transmit = world.transmit.bind(world);
  world.transmit = (from, to, frame) => transmit(from === stranger.host ? b.host : from, to, frame);
  world.until(() => a.isUp(B), 200);
});

test('another protocol version: a clear state', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)] });
  const b = world.add(B);
  // What A sends says another version (the first field of Init), under a right tag.
  const key = tagKey(networkSecrets(NETWORK_KEY).handshakeKey);
  const transmit = world.transmit.bind(world);
  world.transmit = (from, to, frame) => {
    if (from === a.host && ((frame[0] as number) & 15) === FrameType.Handshake) {
      frame[51] = PROTOCOL_VERSION + 1;
      writeTag(new DataView(frame.buffer), 0, frame.byteLength, key, 0);
    }
    transmit(from, to, frame);
  };
  world.run(5000);
  assert.is(a.status(B)?.problem, 'otherVersion');
  assert.is(a.entries.size + b.entries.size, 0);
  assert.ok(b.events.some((event) => event.type === 'linkProblem' && event.problem === 'otherVersion'));
});

test('another id answers at the address: a clear state at both ends', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer('1.1.1.7', '10.0.0.2')] });
  world.add(B);
  world.run(5000);
  const { state, problem, detail } = a.status('1.1.1.7') ?? {};
  assert.equal([state, problem, detail], ['dialing', 'wrongId', '1.1.1.2 answers there']);
});

test('a node that dials itself finds out', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B, '10.0.0.1'), { ...peer(A) }] });
  world.run(5000);
  assert.is(a.status(B)?.problem, 'wrongId');
  assert.is(a.status(A), undefined);
  assert.not(a.has('duplicateId'));
});

test('tags are a matter of both ends', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)], tags: false });
  const b = world.add(B);
  world.until(() => b.has('linkProblem'));
  assert.is(b.entries.size, 0);
  world.run(3000);
  assert.is(a.status(B)?.problem, 'otherTags');
  const c = world.add('1.1.1.3', { peers: [peer(A)], tags: false });
  world.until(() => c.isUp(A));
});

test('two nodes with one id: the second is not let in while the first lives, and all go on', () => {
  const world = new World();
  const b = world.add(B);
  const first = world.add(A, { peers: [peer(B)] });
  world.until(() => b.isUp(A));
  world.run(1000);
  const second = world.add(A, { peers: [peer(B)], host: '10.0.0.99' });
  world.run(30_000);
  assert.is(second.status(B)?.problem, 'duplicateId');
  assert.ok(first.isUp(B) && b.isUp(A));
  assert.is(b.count('linkDown'), 0);
  const event = b.events.find(({ type }) => type === 'duplicateId');
  assert.equal(event, { type: 'duplicateId', id: idOf(A), address: 'udp://10.0.0.99:7000' });
  assert.ok(b.count('duplicateId') <= 4, 'told every 10 s at most');
  assert.is(b.status(A)?.problem, 'duplicateId');
  // The first one goes: the second gets in.
  first.crash();
  world.until(() => second.isUp(B), 10_000);
});

test('somebody claims my own id', () => {
  const world = new World();
  const a = world.add(A);
  const twin = world.add(A, { host: '10.0.0.99' });
  // By hand, for a node does not dial its own id.
  const frames = new HandshakeFrames(networkSecrets(NETWORK_KEY));
  const init = {
    kind: 'init',
    id: idOf(A),
    expectedId: idOf(A),
    bootEpoch: 5,
    linkNumber: 0x1001,
    tags: true,
    purpose: 'configured',
    role: 'relay',
  } as const;
  world.transmit(twin.host, a.host, frames.seal({ ...init, nonce: new Uint8Array(16) }, idOf(A), idOf(A)));
  world.run(20);
  assert.ok(a.has('duplicateId'));
  const { peer: id, problem, state } = a.status(A) ?? {};
  assert.equal([id, problem, state], [idOf(A), 'duplicateId', 'down']);
  assert.is(a.entries.size, 0);
});

test('a node without room for another link says so at both ends', () => {
  const world = new World();
  const b = world.add(B, { linkCapacity: 2 });
  const a = world.add(A, { peers: [peer(B)] });
  world.until(() => a.isUp(B));
  const c = world.add('1.1.1.3', { peers: [peer(B)] });
  world.run(1000);
  assert.is(c.status(B)?.problem, 'full');
  assert.ok(b.isUp(A));
  const d = world.add('1.1.1.4', { peers: [peer(B), peer(A)], linkCapacity: 2 });
  world.run(3000);
  assert.ok(d.isUp(A) || d.status(A)?.problem === 'full');
  a.crash();
  world.until(() => c.isUp(B) || d.isUp(B), 10_000);
});

test('peers that went away are remembered for a while, and not for ever', () => {
  const world = new World();
  const b = world.add(B, { linkCapacity: 1000 });
  for (let round = 0; round < 3; round++) {
    const strangers: TestNode[] = [];
    for (let i = 1; i < 150; i++)
      strangers.push(world.add(`1.${round}.${i}.1`, { host: `10.1.${round}.${i}`, peers: [peer(B)] }));
    world.run(500);
    assert.is(b.control.links(world.now).filter(({ state }) => state === 'up').length, 149);
    for (const stranger of strangers) stranger.act(() => stranger.control.handleCommand({ kind: 'close' }, world.now));
    for (const stranger of strangers) stranger.crash();
    world.run(50);
  }
  assert.ok(b.control.links(world.now).length <= 257);
  world.run(70_000);
  assert.is(b.control.links(world.now).length, 0);
});

test.run();
