/** How sessions begin and end: handshakes, simultaneous opens, restarts, replays, goodbyes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HELLO_FLAG_REPLY } from '../../../ts/wire/hello.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { idOf, peer, type TestNode, World } from './world.js';

const A = '1.1.1.1';
const B = '1.1.1.2';

const lowLatency = (node: TestNode) => node.control.routes().filter(({ trafficClass }) => trafficClass === 0);

test('a session is up after about two round trips, at both ends', () => {
  const world = new World();
  world.delay = 20;
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  const took = world.until(() => a.isUp(B) && b.isUp(A));
  assert.ok(took <= 2.5 * 40 + 5, `took ${took} ms`);
  const [up] = a.events;
  assert.ok(up?.type === 'linkUp' && b.events[0]?.type === 'linkUp');
  assert.equal(b.events[0], { ...up, link: b.status(A)?.link, peer: idOf(A), address: 'udp://10.0.0.1:7000' });
  const rtt = a.status(B)?.rtt ?? 0;
  assert.ok(Math.abs(rtt - 40) < 1, `${rtt}`);
});

test('routes follow: three nodes in a row', () => {
  const world = new World();
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  const c = world.add('1.1.1.3', { peers: [peer(B)] });
  world.run(1000);
  assert.equal(
    lowLatency(a).map(({ byte, nextHop, hops }) => ({ byte, nextHop, hops })),
    [
      { byte: 2, nextHop: idOf(B), hops: 1 },
      { byte: 3, nextHop: idOf(B), hops: 2 },
    ],
  );
  assert.ok(c.isUp(B));
  assert.is(b.control.links(world.now).length, 2);
});

for (const [first, second] of [
  [A, B],
  [B, A],
] as const)
  test(`both dial at once: one session stays (${first} begins)`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new World(seed);
      world.jitter = seed % 4 === 0 ? 40 : 0;
      const one = world.add(first, { peers: [peer(second)] });
      world.run(world.random.below(12));
      const two = world.add(second, { peers: [peer(first)] });
      world.until(() => one.isUp(second) && two.isUp(first));
      world.run(8000);
      assert.ok(one.isUp(second) && two.isUp(first));
      assert.is(one.entries.size, 1);
      assert.is(two.entries.size, 1);
      const [here] = one.entries.values();
      const [there] = two.entries.values();
      assert.is(here?.install.ourNumber, there?.install.peerNumber);
      if (world.jitter === 0) assert.is(one.count('linkUp') + two.count('linkUp'), 2, `seed ${seed}`);
    }
  });

test('of two Inits that cross, only that of the smaller id is answered', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)] });
  const b = world.add(B, { peers: [peer(A)] });
  world.until(() => a.isUp(B) && b.isUp(A));
  const handshakes = world.log.filter(({ type }) => type === FrameType.Handshake).map(({ from }) => from);
  assert.equal(handshakes.sort(), [a.host, b.host, b.host], 'two Inits and the Accept of B');
});

test('a lost Accept is sent again: one session, not one an Init', () => {
  const world = new World();
  const b = world.add(B);
  let lost = 0;
  world.filter = ({ from, type }) => !(from === b.host && type === FrameType.Handshake && lost++ < 2);
  const a = world.add(A, { peers: [peer(B)] });
  world.until(() => {
    assert.ok(b.entries.size <= 1);
    return a.isUp(B) && b.isUp(A);
  });
  assert.is(lost, 3);
});

test('routing messages that come before the first round-trip time are kept', () => {
  const world = new World();
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  // B gets no reply to its hellos for a while: established, but not ready.
  world.filter = ({ to, type, frame }) =>
    !(to === b.host && type === FrameType.Hello && frame[48] === HELLO_FLAG_REPLY);
  world.until(() => a.isUp(B));
  world.run(60);
  assert.not(b.isUp(A));
  world.filter = ({ type }) => type !== FrameType.Control;
  world.until(() => b.isUp(A));
  world.run(3);
  assert.equal(
    lowLatency(b).map(({ nextHop }) => nextHop),
    [idOf(A)],
  );
});

test('both dial at once by different addresses of one host: one session stays', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)] });
  const b = world.add(B, { peers: [peer(A)] });
  // What B sends to A seems to come from elsewhere: as from behind another address family or a NAT.
  const deliver = world.deliver.bind(world);
  world.deliver = (datagram) => deliver(datagram.from === b.host ? { ...datagram, from: '10.9.9.9' } : datagram);
  const transmit = world.transmit.bind(world);
  world.transmit = (from, to, frame) => transmit(from, to === '10.9.9.9' ? b.host : to, frame);
  world.run(10_000);
  assert.ok(a.isUp(B) && b.isUp(A));
  assert.is(a.entries.size, 1);
  assert.is(b.entries.size, 1);
  assert.is(a.count('linkUp') + b.count('linkUp'), 2, 'and no other was up before');
});

test('a replayed Init makes no session and disturbs none', () => {
  const world = new World();
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  world.until(() => a.isUp(B) && b.isUp(A));
  a.control.handleCommand({ kind: 'removePeer', id: idOf(B) }, world.now);
  a.crash();
  world.run(5000);
  const restarted = world.add(A, { peers: [peer(B)] });
  world.until(() => b.isUp(A));
  const session = b.status(A)?.link;
  const events = b.events.length;
  const inits = world.log.filter(({ type, to }) => type === FrameType.Handshake && to === b.host);
  for (let i = 0; i < 40; i++) for (const init of inits) world.deliver({ ...init, from: i % 2 ? a.host : '10.6.6.6' });
  world.run(2000);
  assert.is(b.status(A)?.link, session);
  assert.ok(b.entries.size <= 5, `${b.entries.size} links`);
  world.run(4000);
  assert.is(b.entries.size, 1);
  assert.is(b.events.slice(events).filter(({ type }) => type === 'linkUp' || type === 'linkDown').length, 0);
  assert.ok(restarted.isUp(B));
});

test('many strangers who never prove themselves leave nothing behind', () => {
  const world = new World();
  const b = world.add(B, { linkCapacity: 200 });
  // Each dials, and none hears the Accept.
  world.filter = ({ from }) => from !== b.host;
  for (let i = 10; i < 130; i++) world.add(`1.1.${i}.1`, { host: `10.1.1.${i}`, peers: [peer(B)] });
  world.run(300);
  assert.is(b.entries.size, 64);
  for (const stranger of world.nodes.filter((node) => node !== b)) stranger.crash();
  world.run(4000);
  assert.is(b.entries.size, 0);
});

test('spoofed and altered frames change nothing', () => {
  const world = new World();
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  world.until(() => a.isUp(B) && b.isUp(A));
  const before = b.control.links(world.now).length;
  for (const datagram of world.log.filter(({ to }) => to === b.host)) {
    const altered = datagram.frame.slice();
    altered[altered.length - 1] = (altered[altered.length - 1] as number) ^ 1;
    world.deliver({ ...datagram, frame: altered });
    world.deliver(datagram);
  }
  world.run(50);
  assert.ok(b.refused > 0);
  assert.ok((b.counts.handshakesRefused ?? 0) > 0);
  assert.is(b.control.links(world.now).length, before);
  assert.ok(b.isUp(A));
});

test('a restarted node is a new session: routing hears down, then up', () => {
  const world = new World();
  const b = world.add(B, { peers: [peer(A)] });
  const a = world.add(A);
  world.until(() => b.isUp(A));
  world.run(1000);
  const heard = b.events.length;
  a.crash();
  const again = world.add(A, { peers: [peer(B)] });
  world.until(() => again.isUp(B));
  world.run(200);
  const links = b.events.slice(heard).filter(({ type }) => type === 'linkUp' || type === 'linkDown');
  assert.equal(
    links.map((event) => (event.type === 'linkDown' ? event.reason : event.type)),
    ['replaced', 'linkUp'],
  );
  assert.is(b.entries.size, 1);
});

test('goodbye: down at once, dialed again until the peer is back', () => {
  const world = new World();
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  world.until(() => a.isUp(B) && b.isUp(A));
  b.act(() => b.control.handleCommand({ kind: 'close' }, world.now));
  assert.is(b.entries.size, 0);
  const took = world.until(() => a.has('linkDown'));
  assert.ok(took <= 6, `took ${took} ms`);
  assert.is(a.status(B)?.problem, 'goodbye');
  assert.is(a.status(B)?.state, 'down');
  world.run(5000);
  assert.is(b.entries.size, 0, 'a node that closes lets nobody in');
  b.crash();
  world.run(120_000);
  assert.is(a.status(B)?.problem, 'noAnswer');
  world.add(B);
  world.until(() => a.isUp(B), 8_000);
});

test('a peer that is removed is told, and not dialed any more', () => {
  const world = new World();
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  world.until(() => a.isUp(B) && b.isUp(A));
  a.act(() => a.control.handleCommand({ kind: 'removePeer', id: idOf(B) }, world.now));
  world.run(20);
  assert.is(b.status(A)?.problem, 'removed');
  assert.is(a.status(B), undefined);
  world.run(20_000);
  assert.is(a.entries.size, 0);
  a.act(() => a.control.handleCommand({ kind: 'addPeer', peer: peer(B) }, world.now));
  world.until(() => a.isUp(B));
});

test('with loss, duplication and reordering sessions come up and stay the only ones', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new World(seed);
    Object.assign(world, { loss: 0.2, duplicates: 0.2, jitter: 60 });
    const nodes = [A, B, '1.1.1.3'].map((id, _, ids) =>
      world.add(id, { peers: ids.filter((other) => other !== id).map((other) => peer(other)) }),
    );
    world.run(30_000);
    for (const node of nodes) assert.ok(node.entries.size <= 4, `seed ${seed}: ${node.entries.size} links`);
    Object.assign(world, { loss: 0, duplicates: 0 });
    world.run(10_000);
    for (const node of nodes) {
      assert.is(node.entries.size, 2, `seed ${seed}`);
      for (const { state } of node.control.links(world.now)) assert.is(state, 'up');
    }
  }
});

test.run();
