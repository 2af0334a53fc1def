/** Nodes that choose their neighbours: real control planes, virtual wires. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GUEST_MS, MAX_GUESTS } from '../../../ts/control/neighbours/incoming.js';
import { nextOnRing, ZONES } from '../../../ts/control/neighbours/ring.js';
import { MOST_INCOMING } from '../../../ts/control/neighbours/ring4.js';
import { decodeControl } from '../../../ts/wire/control.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { HEADERS_BYTES } from '../../../ts/wire/network-header.js';
import { PORT, peer, type TestNode, World } from '../links/world.js';

const MOST = 32;
const bootstrap = (text: string) => [peer(text)];

/** Nodes that begin with the first one, all at once. */
function start(world: World, texts: readonly string[], most = MOST): TestNode[] {
  const [first, ...others] = texts as [string, ...string[]];
  return [
    world.add(first, { neighbours: most }),
    ...others.map((text) => world.add(text, { neighbours: most, bootstrap: bootstrap(first) })),
  ];
}

/** Whether the last byte of an address is 1, 2 or 3. */
const isLow = (host: string) => Number(host.split('.')[3]) <= 3;

const chosen = (node: TestNode) => node.control.neighbours().chosen;
const why = (node: TestNode, of: string) => node.status(of)?.why;
const upTo = (node: TestNode) => node.control.links(node.world.now).filter(({ state }) => state === 'up').length;

test('eight nodes that know one of them are all linked with each other within seconds', () => {
  const world = new World();
  const texts = ['1.1.1.1', '1.1.1.2', '1.1.2.3', '1.2.1.4', '2.1.1.5', '2.1.1.6', '3.1.1.7', '200.9.1.8'];
  const nodes = start(world, texts);
  world.until(() => nodes.every((node) => upTo(node) === nodes.length - 1), 10_000);
  for (const node of nodes) assert.ok(chosen(node) <= MOST);
  // Each link is one end's choice.
  world.run(5_000);
  const made = nodes.reduce((sum, node) => sum + chosen(node), 0);
  assert.is(made, (nodes.length * (nodes.length - 1)) / 2);
  assert.is(why(nodes[0] as TestNode, '1.1.1.2') === 'incoming', why(nodes[1] as TestNode, '1.1.1.1') !== 'incoming');
});

test('an address without an id is enough to begin with', () => {
  const world = new World();
  const a = world.add('1.1.1.1', { neighbours: 4 });
  const url = { id: undefined, scheme: 'udp', host: a.host, port: PORT } as const;
  const b = world.add('1.1.1.2', { neighbours: 4, bootstrap: [url] });
  world.until(() => b.isUp('1.1.1.1'), 3_000);
});

test('a bootstrap node that starts later is found', () => {
  const world = new World();
  const b = world.add('1.1.1.2', { neighbours: 4, bootstrap: bootstrap('1.1.1.1') });
  world.run(20_000);
  world.add('1.1.1.1', { neighbours: 4 });
  world.until(() => b.isUp('1.1.1.1'), 10_000);
});

test('two networks whose nodes name each other become one, though both have links already', () => {
  const world = new World();
  const a = world.add('1.1.1.1', { neighbours: 4, bootstrap: bootstrap('1.1.1.3') });
  world.add('1.1.1.2', { neighbours: 4, bootstrap: bootstrap('1.1.1.1') });
  world.until(() => a.isUp('1.1.1.2'), 10_000);
  world.run(10_000);
  world.add('1.1.1.3', { neighbours: 4 });
  world.until(() => a.isUp('1.1.1.3'), 60_000);
});

test('without neighbours to choose nothing is asked, probed or dialed', () => {
  const world = new World();
  const a = world.add('1.1.1.1');
  const b = world.add('1.1.1.2', { peers: [peer('1.1.1.1')] });
  const c = world.add('1.1.1.3', { peers: [peer('1.1.1.1')] });
  world.run(60_000);
  assert.equal([upTo(a), upTo(b), upTo(c)], [2, 1, 1]);
  assert.equal([why(b, '1.1.1.1'), why(a, '1.1.1.2')], ['configured', 'incoming']);
  const kinds = world.log.flatMap(({ type, frame }) => (type === FrameType.Control ? [kindOf(frame)] : []));
  assert.not.ok(kinds.includes('neighbourRequest'));
});

test('who has only configured peers still tells others of them', () => {
  const world = new World();
  world.add('1.1.1.1');
  world.add('1.1.1.2', { peers: [peer('1.1.1.1')] });
  const c = world.add('1.1.1.3', { neighbours: 4, bootstrap: bootstrap('1.1.1.1') });
  world.until(() => c.isUp('1.1.1.2'), 10_000);
});

test('a chosen neighbour that dies is given up, and is back soon after it returns', () => {
  const world = new World();
  const texts = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'];
  const nodes = start(world, texts);
  world.until(() => nodes.every((node) => upTo(node) === 3), 10_000);
  const [a] = nodes as [TestNode];
  (nodes[2] as TestNode).crash();
  world.until(() => a.status('1.1.1.3')?.state !== 'up', 10_000);
  world.run(10_000);
  assert.is(a.status('1.1.1.3')?.why !== 'incoming' && chosen(a) > 2, false, 'it is not dialed any more');
  world.add('1.1.1.3', { neighbours: MOST, bootstrap: bootstrap('1.1.1.2') });
  world.until(() => a.isUp('1.1.1.3'), 20_000);
});

test('the ring closes around a node that dies, in every zone', () => {
  const world = new World();
  const texts = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5', '1.1.1.6', '1.1.1.7', '1.1.1.8'];
  const nodes = start(world, texts, 3);
  const isClosed = () => {
    const alive = nodes.filter(({ running }) => running);
    return alive.every((node, at) => {
      const next = alive[(at + 1) % alive.length] as TestNode;
      return node.control.links(world.now).some(({ peer: id, state }) => id === next.id && state === 'up');
    });
  };
  world.until(isClosed, 60_000);
  (nodes[4] as TestNode).crash();
  world.until(isClosed, 60_000);
});

test('however few links a node may make, those to its ring successors are among them', () => {
  const world = new World();
  // Four zones of the first one, each with another next id.
  const texts = ['1.1.1.1', '1.1.1.2', '1.1.2.3', '1.2.1.4', '2.1.1.5', '1.1.1.6', '1.1.3.7', '1.3.1.8', '3.1.1.9'];
  const nodes = start(world, texts, 1);
  const isOpen = (node: TestNode) =>
    ZONES.some((shared) => {
      const next = nextOnRing(nodes, node.id, shared);
      return next && !node.control.links(world.now).some(({ peer: id, state }) => id === next.id && state === 'up');
    });
  world.until(() => !nodes.some(isOpen), 90_000);
});

test('a link that the other end does not need any more is made at once by the end that does', () => {
  const world = new World();
  const a = world.add('1.1.1.1', { neighbours: 4 });
  const b = world.add('1.1.1.2', { neighbours: 4, bootstrap: bootstrap('1.1.1.1') });
  world.until(() => a.isUp('1.1.1.2') && b.isUp('1.1.1.1'), 5_000);
  const [owner, other] = why(a, '1.1.1.2') === 'incoming' ? [b, a] : [a, b];
  const text = (node: TestNode) => (node === a ? '1.1.1.1' : '1.1.1.2');
  const command = { kind: 'removePeer', id: other.id } as const;
  owner.act(() => owner.control.handleCommand(command, world.now));
  world.until(() => !other.isUp(text(owner)), 1_000);
  world.until(() => other.isUp(text(owner)), 1_000);
});

test('a chosen link that people then ask for is theirs', () => {
  const world = new World();
  const a = world.add('1.1.1.1', { neighbours: 4 });
  const b = world.add('1.1.1.2', { neighbours: 4, bootstrap: bootstrap('1.1.1.1') });
  world.until(() => chosen(b) === 1 && b.isUp('1.1.1.1') && a.isUp('1.1.1.2'), 5_000);
  b.act(() => b.control.handleCommand({ kind: 'addPeer', peer: peer('1.1.1.1') }, world.now));
  world.until(() => chosen(b) === 0, 40_000);
  assert.is(why(b, '1.1.1.1'), 'configured');
  assert.is(b.count('linkDown'), 0);
});

test('after a partition both sides find each other again', () => {
  const world = new World();
  const texts = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5', '1.1.1.6'];
  const nodes = start(world, texts);
  world.until(() => nodes.every((node) => upTo(node) === 5), 10_000);
  world.filter = ({ from, to }) => isLow(from) === isLow(to);
  world.until(() => nodes.every((node) => upTo(node) === 2), 30_000);
  world.run(60_000);
  world.filter = () => true;
  world.until(() => nodes.every((node) => upTo(node) === 5), 60_000);
});

test('a link is given up only when the one that takes its place is up', () => {
  const world = new World();
  const far = 60;
  const near = 5;
  // All in one bucket of a, of which it wants the nearest; b1 is far, b2 comes later and is near.
  world.delayOf = ({ from, to }) => ([from, to].some((host) => host.endsWith('.9')) ? near : far);
  const others = Array.from({ length: 9 }, (_, i) => `64.1.1.${20 + i}`);
  for (const text of others) world.add(text);
  const a = world.add('1.1.1.1', { neighbours: 5, bootstrap: others.map((text) => peer(text)) });
  world.until(() => chosen(a) >= 4 && upTo(a) >= 4, 60_000);
  world.run(30_000);
  assert.is(chosen(a), 4, 'one place is free in peace');
  let least = upTo(a);
  const before = new Set(a.control.links(world.now).map(({ peer: id }) => id));
  world.add('65.1.1.9', { peers: [peer('64.1.1.20')] });
  world.until(() => {
    least = Math.min(least, upTo(a));
    assert.ok(chosen(a) <= 5);
    return a.isUp('65.1.1.9');
  }, 200_000);
  const lost = () =>
    [...before].filter((id) => !a.control.links(world.now).some(({ peer: p, state }) => p === id && state === 'up'));
  assert.equal(lost(), [], 'all that was there is there when the new link is up');
  world.until(() => {
    least = Math.min(least, upTo(a));
    return lost().length > 0;
  }, 20_000);
  assert.ok(least >= 4, `never fewer links than in peace: ${least}`);
});

test('no more are let in than there may be, and some guests who know nobody else', () => {
  const world = new World();
  const a = world.add('1.1.1.1', { linkCapacity: 200 });
  world.filter = ({ from, to }) => from === a.host || to === a.host;
  const texts = Array.from({ length: 46 }, (_, i) => `1.1.1.${2 + i}`);
  for (const text of texts) {
    world.add(text, { neighbours: 1, bootstrap: bootstrap('1.1.1.1') });
    world.run(100);
  }
  const regular = (MOST_INCOMING[4] as number) + ZONES.length;
  assert.ok(upTo(a) > regular, 'guests are let in');
  world.run(GUEST_MS + 1_000);
  for (let i = 0; i < 8; i++) {
    world.run(1_000);
    assert.ok(upTo(a) <= regular + MAX_GUESTS, `${upTo(a)} are in`);
  }
});

test('more messages about others than anybody needs are not read', () => {
  const world = new World();
  const a = world.add('1.1.1.1', { neighbours: 4 });
  const b = world.add('1.1.1.2', { neighbours: 4, bootstrap: bootstrap('1.1.1.1') });
  world.until(() => a.isUp('1.1.1.2'), 5_000);
  const ask = world.log.find(
    ({ type, frame, from }) => type === FrameType.Control && from === b.host && kindOf(frame) === 'neighbourRequest',
  );
  const link = a.status('1.1.1.2')?.link ?? 0;
  if (!ask) throw new Error('no request was sent');
  for (let i = 0; i < 50; i++)
    a.act(() => a.control.handleFrame({ link, type: FrameType.Control, frame: ask.frame }, world.now));
  assert.ok((a.counts.neighboursLimited ?? 0) > 30);
  assert.ok(a.isUp('1.1.1.2'));
});

test('probes beyond a rate are not answered, and answers are no longer than probes', () => {
  const world = new World();
  const a = world.add('1.1.1.1', { neighbours: 4 });
  const b = world.add('1.1.1.2', {
    neighbours: 4,
    bootstrap: [{ id: undefined, scheme: 'udp', host: a.host, port: PORT }],
  });
  world.until(() => b.isUp('1.1.1.1'), 5_000);
  const probe = world.log.find(({ type, from }) => type === FrameType.Handshake && from === b.host);
  const reply = world.log.find(({ type, from }) => type === FrameType.Handshake && from === a.host);
  if (!probe || !reply) throw new Error('nobody was probed');
  assert.ok(reply.frame.byteLength <= probe.frame.byteLength);
  for (let i = 0; i < 500; i++) a.receive(probe.frame.slice(), b.host);
  assert.ok((a.counts.probesLimited ?? 0) > 200);
});

function kindOf(frame: Uint8Array): string {
  const message = decodeControl(frame.slice(HEADERS_BYTES));
  return message === 'malformed' ? message : message.kind;
}

test.run();
