/** Bundles between control nodes: how members come, go and return, and what ends with what. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameType } from '../../../ts/wire/link-header.js';
import { type NodeSetup, peer, type TestNode, World } from './world.js';

const A = '1.1.1.1';
const B = '1.1.1.2';
const N = 4;

/** The links that flows to `of` are spread over; 0 where a member is missing. */
const spread = (node: TestNode, of: string): readonly number[] => node.bundles.get(node.status(of)?.link ?? -1) ?? [];
const present = (node: TestNode, of: string): number => spread(node, of).filter((link) => link !== 0).length;

function pair(setup: NodeSetup = {}, world = new World()) {
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)], linksPerPeer: N, ...setup });
  return { world, a, b };
}

function whole(setup: NodeSetup = {}) {
  const { world, a, b } = pair(setup);
  world.until(() => present(a, B) === N && present(b, A) === N);
  return { world, a, b };
}

test('the end that dials opens the members, and both ends spread over them', () => {
  const { a, b } = whole();
  for (const [node, of] of [
    [a, B],
    [b, A],
  ] as const) {
    assert.is(new Set(spread(node, of)).size, N);
    assert.is(spread(node, of)[0], node.status(of)?.link);
    assert.equal(
      node.status(of)?.members.map(({ member, state }) => [member, state]),
      [1, 2, 3].map((member) => [member, 'up']),
    );
    for (const link of spread(node, of)) assert.ok(node.entries.get(link)?.up);
    for (const link of spread(node, of).slice(1))
      assert.is(node.entries.get(link)?.install.bundleOf, node.status(of)?.link);
    assert.is(node.count('linkUp'), 1, 'routing and people hear of one link');
  }
});

test('nothing of it where one session is asked for', () => {
  const { world, a, b } = pair({ linksPerPeer: 1 });
  world.until(() => a.isUp(B) && b.isUp(A));
  world.run(2000);
  assert.is(a.entries.size, 1);
  assert.equal(a.status(B)?.members, []);
});

test('a member whose frames are lost leaves the bundle at both ends, and returns when they pass', () => {
  const { world, a, b } = whole();
  const lost = spread(a, B)[2] as number;
  const numbers = [a.entries.get(lost)?.install.ourNumber, a.entries.get(lost)?.install.peerNumber];
  world.filter = ({ frame, type }) =>
    type === FrameType.Handshake || !numbers.includes(new DataView(frame.buffer).getUint32(4));
  world.until(() => present(a, B) === N - 1 && present(b, A) === N - 1, 4000);
  assert.is(spread(a, B)[2], 0, 'its place stays empty, so that the flows of the others do not move');
  assert.ok(a.isUp(B) && b.isUp(A));
  assert.is(a.count('linkDown'), 0);
  world.until(() => present(a, B) === N && present(b, A) === N, 8000);
});

test('lost handshakes are repeated, doubled ones do no harm', () => {
  const world = new World(7);
  world.loss = 0.3;
  world.duplicates = 0.3;
  const { a, b } = pair({}, world);
  world.until(() => present(a, B) === N && present(b, A) === N, 60_000);
  world.loss = 0;
  world.run(5000);
  assert.is(a.entries.size, N);
  assert.is(b.entries.size, N);
});

test('the bundle ends with its first session, at both ends, and comes again with the next one', () => {
  const { world, a, b } = whole();
  const old = new Set(spread(a, B));
  const main = a.entries.get(a.status(B)?.link ?? 0)?.install;
  world.filter = ({ frame, type }) =>
    type === FrameType.Handshake ||
    ![main?.ourNumber, main?.peerNumber].includes(new DataView(frame.buffer).getUint32(4));
  world.until(() => !a.isUp(B), 4000);
  assert.is(present(a, B), 0);
  for (const link of old) assert.not(a.entries.has(link), 'all its sessions have ended');
  world.until(() => present(a, B) === N && present(b, A) === N, 10_000);
  assert.is(b.entries.size, N);
});

test('a peer that starts anew gets a new bundle, and none of its old sessions stays', () => {
  const { world, a, b } = whole();
  b.crash();
  world.run(100);
  const again = world.add(B);
  world.until(() => present(a, B) === N && present(again, A) === N, 20_000);
  world.run(3000);
  assert.is(a.entries.size, N);
  assert.is(again.entries.size, N);
});

test('goodbye ends everything', () => {
  const { world, a, b } = whole();
  a.act(() => a.control.handleCommand({ kind: 'close' }, world.now));
  world.run(1000);
  assert.is(a.entries.size, 0);
  assert.is(b.entries.size, 0);
  for (const [, links] of [...a.bundles, ...b.bundles]) assert.equal(links, []);
});

test('a peer that is removed is left whole', () => {
  const { world, a, b } = whole();
  a.act(() => a.control.handleCommand({ kind: 'removePeer', id: peer(B).id }, world.now));
  world.run(1000);
  assert.is(a.entries.size, 0);
  assert.is(b.entries.size, 0);
});

test('both dial, each its own number: the one whose session stays decides', () => {
  const world = new World();
  const a = world.add(A, { peers: [peer(B)], linksPerPeer: 3 });
  const b = world.add(B, { peers: [peer(A)], linksPerPeer: 2 });
  world.until(() => present(a, B) > 1 && present(a, B) === present(b, A), 10_000);
  world.run(3000);
  assert.is(a.entries.size, present(a, B));
  assert.is(b.entries.size, present(b, A));
});

test('a Join of an earlier session is refused, and disturbs nothing', () => {
  const { world, a, b } = whole();
  const joins = world.log.filter(({ type, to }) => type === FrameType.Handshake && to === b.host);
  const before = spread(b, A);
  b.crash();
  const again = world.add(B);
  world.until(() => present(a, B) === N && present(again, A) === N, 20_000);
  const now = spread(again, A);
  for (const datagram of joins) world.deliver(datagram);
  world.run(5000);
  assert.is(before.length, N);
  assert.equal(spread(again, A), now);
  assert.is(again.entries.size, N);
});

test('a member that has lost its probes of the MTU looks again while the main session carries more', () => {
  const world = new World();
  const b = world.add(B, { probeMtu: true });
  const a = world.add(A, { peers: [peer(B)], linksPerPeer: 2, probeMtu: true });
  world.until(() => a.isUp(B) && a.status(B)?.members[0]?.link !== 0, 5000);
  const member = () => a.status(B)?.members[0];
  const entry = a.entries.get(member()?.link ?? 0)?.install;
  const numbers = [entry?.ourNumber, entry?.peerNumber];
  world.filter = ({ frame }) => frame.byteLength <= 1200 || !numbers.includes(new DataView(frame.buffer).getUint32(4));
  world.until(() => a.status(B)?.mtuState === 'complete' && member()?.state === 'probing', 20_000);
  world.run(8000);
  assert.is(member()?.state, 'probing');
  assert.is(present(a, B), 0, 'alone, the main session is no bundle');
  world.filter = () => true;
  world.until(() => present(a, B) === 2 && present(b, A) === 2, 60_000);
  assert.is(a.entries.get(member()?.link ?? 0)?.mtu, a.status(B)?.mtu);
});

test('where links run out, there are fewer members', () => {
  const { world, a, b } = pair({ linkCapacity: 3 });
  world.until(() => present(a, B) === 2 && present(b, A) === 2, 10_000);
  world.run(5000);
  assert.is(a.entries.size, 2);
});

test.run();
