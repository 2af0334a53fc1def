/** Nodes of role leaf, over real frames and a virtual clock: whom they link with, what relays know of them, what they cost. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Output } from '../../ts/control/io.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { idOf, peer, type TestNode, World } from './links/world.js';

const RELAY = '1.1.1.1';
const OTHER = '1.1.1.2';
const LEAF = '1.1.1.77';
const FOREIGN = '5.1.1.78';

const leaf = (world: World, id: string, relays: readonly string[]) =>
  world.add(id, { role: 'leaf', peers: relays.map((relay) => peer(relay)) });

const relay = (world: World, id: string, peers: readonly string[] = [], leafCapacity = 16) =>
  world.add(id, { leafCapacity, peers: peers.map((to) => peer(to)) });

const leafTable = (node: TestNode) =>
  node.outputs.filter((o): o is Extract<Output, { kind: 'leafUp' | 'leafDown' }> => o.kind.startsWith('leaf'));
const routeOf = (node: TestNode, layer: number, byte: number) =>
  node.control.routes().find((route) => route.layer === layer && route.byte === byte);
const hop = (node: TestNode) => routeOf(node, 4, 77)?.nextHop;
const controlFrames = (world: World, from: TestNode, to: TestNode) =>
  world.log.filter((d) => d.from === from.host && d.to === to.host && d.type === FrameType.Control).length;

test('both ends know the role, and routing does not know the link', () => {
  const world = new World();
  const a = relay(world, RELAY);
  const l = leaf(world, LEAF, [RELAY]);
  world.until(() => l.isUp(RELAY) && a.isUp(LEAF));
  assert.is(a.status(LEAF)?.role, 'leaf');
  assert.is(l.status(RELAY)?.role, 'relay');
  assert.not(a.status(LEAF)?.foreign);
  assert.is(a.control.leaves(), 1);
  world.run(60_000);
  assert.is(controlFrames(world, a, l) + controlFrames(world, l, a), 0, 'no RoutingSync');
  assert.equal(
    leafTable(a).map(({ kind, id }) => [kind, id]),
    [['leafUp', idOf(LEAF)]],
  );
});

test('a leaf sends everything to its nearest relay, keeps the next as backup, and moves only for a clear gain', () => {
  const world = new World();
  const delays = new Map([
    ['10.0.0.1', 5],
    ['10.0.0.2', 20],
  ]);
  world.delayOf = ({ from, to }) => delays.get(from) ?? delays.get(to) ?? 5;
  relay(world, RELAY);
  relay(world, OTHER);
  const l = leaf(world, LEAF, [OTHER, RELAY]);
  world.until(() => l.isUp(RELAY) && l.isUp(OTHER));
  const way = () => l.control.routes().map(({ layer, nextHop, backup }) => ({ layer, nextHop, backup }));
  assert.equal(way(), [{ layer: 0, nextHop: idOf(RELAY), backup: idOf(OTHER) }]);
  delays.set('10.0.0.2', 4.8);
  world.run(90_000);
  assert.is(way()[0]?.nextHop, idOf(RELAY), 'no gain worth a change');
  delays.set('10.0.0.1', 40);
  world.until(() => way()[0]?.nextHop === idOf(OTHER), 120_000);
  assert.is(way()[0]?.backup, idOf(RELAY));
  const defaults = l.outputs.filter(({ kind }) => kind === 'defaultRoute');
  assert.ok(defaults.length <= 4, `${defaults.length} changes`);
});

test('when its relay dies, a leaf that sends is on the other one in the time of the fast hellos', () => {
  const world = new World();
  const a = relay(world, RELAY);
  relay(world, OTHER);
  const l = leaf(world, LEAF, [RELAY, OTHER]);
  world.until(() => l.isUp(RELAY) && l.isUp(OTHER));
  world.run(20_000);
  const first = l.control.routes()[0]?.nextHop === idOf(RELAY) ? RELAY : OTHER;
  const end = world.now + 3000;
  while (world.now < end) {
    l.sendData(first);
    world.run(20);
  }
  (first === RELAY ? a : (world.nodes.find(({ id }) => id === idOf(OTHER)) as TestNode)).crash();
  const took = world.until(() => l.control.routes()[0]?.nextHop !== idOf(first), 3000);
  assert.ok(took <= 250, `${took} ms`);
});

test('an idle link costs a hello and its answer every ten seconds, and still notices death', () => {
  const world = new World();
  const a = world.add(RELAY, { leafCapacity: 16, probeMtu: true });
  const l = world.add(LEAF, { role: 'leaf', probeMtu: true, peers: [peer(RELAY)] });
  world.until(() => l.isUp(RELAY) && a.isUp(LEAF));
  world.run(30_000);
  const start = world.log.length;
  world.run(300_000);
  const frames = world.log.length - start;
  // 30 to 40 hellos of the leaf and as many answers, and a few of the relay's own.
  assert.ok(frames > 60 && frames < 100, `${frames} frames in 300 s`);
  assert.ok(l.isUp(RELAY) && a.isUp(LEAF));
  l.crash();
  const took = world.until(() => !a.isUp(LEAF), 35_000);
  assert.ok(took > 19_000 && took <= 31_000, `${took} ms`);
  assert.is(a.control.leaves(), 0);
  assert.is(leafTable(a).at(-1)?.kind, 'leafDown');
});

test('an idle leaf notices that its relay is gone', () => {
  const world = new World();
  const a = relay(world, RELAY);
  const l = leaf(world, LEAF, [RELAY]);
  world.until(() => l.isUp(RELAY));
  world.run(10_000);
  a.crash();
  // It asks within 10 s, again after 1 and 3 s, and waits until 7 s.
  const took = world.until(() => !l.isUp(RELAY), 19_000);
  assert.ok(took > 6_000, `${took} ms`);
  assert.equal(l.control.routes(), []);
  relay(world, RELAY);
  world.until(() => l.isUp(RELAY), 10_000);
});

test('nobody dials a leaf: not a relay, not a leaf', () => {
  const world = new World();
  const a = relay(world, RELAY, [LEAF]);
  const l = leaf(world, LEAF, []);
  const other = leaf(world, '1.1.1.78', [LEAF]);
  world.run(2000);
  for (const node of [a, other]) {
    assert.is(node.status(LEAF)?.problem, 'role');
    assert.match(node.status(LEAF)?.detail ?? '', /a leaf/);
    assert.not(node.isUp(LEAF));
  }
  assert.ok(l.has('linkProblem'));
});

test('leaves fill the room for leaves and no more; what they leave is given out again', () => {
  const world = new World();
  const a = relay(world, RELAY, [], 3);
  const leaves = Array.from({ length: 4 }, (_, i) => leaf(world, `1.1.1.${100 + i}`, [RELAY]));
  world.until(() => a.control.leaves() === 3 && leaves.some((l) => l.status(RELAY)?.problem === 'full'), 10_000);
  const b = relay(world, OTHER, [RELAY]);
  world.until(() => b.isUp(RELAY));
  // Many times as many come and go as there are indexes.
  for (let round = 0; round < 12; round++) {
    for (const l of world.nodes.filter(({ id }) => (id & 255) >= 100))
      l.act(() => l.control.handleCommand({ kind: 'close' }, world.now));
    world.run(200);
    for (const l of [...world.nodes].filter(({ id }) => (id & 255) >= 100)) l.crash();
    assert.is(a.control.leaves(), 0, `round ${round}`);
    const again = Array.from({ length: 3 }, (_, i) => leaf(world, `1.1.1.${110 + 3 * round + i}`, [RELAY]));
    world.until(() => again.every((l) => l.isUp(RELAY)), 6000);
  }
  assert.ok(b.isUp(RELAY));
});

test("a relay's group hears of its leaf, and of its leaving; of a leaf of another group nobody hears", () => {
  const world = new World();
  const a = relay(world, RELAY);
  const b = relay(world, OTHER, [RELAY]);
  const l = leaf(world, LEAF, [RELAY]);
  const foreign = leaf(world, FOREIGN, [RELAY]);
  world.until(() => routeOf(b, 4, 77) !== undefined);
  assert.is(routeOf(b, 4, 77)?.nextHop, idOf(RELAY));
  assert.is(routeOf(a, 4, 77)?.nextHop, idOf(LEAF));
  world.until(() => foreign.isUp(RELAY));
  world.run(5000);
  assert.ok(a.status(FOREIGN)?.foreign);
  assert.is(routeOf(a, 1, 5), undefined);
  assert.is(routeOf(b, 1, 5), undefined);
  assert.equal(
    leafTable(a)
      .filter(({ id }) => id === idOf(FOREIGN))
      .map(({ kind }) => kind),
    ['leafUp'],
  );
  l.act(() => l.control.handleCommand({ kind: 'close' }, world.now));
  world.until(() => routeOf(b, 4, 77) === undefined && routeOf(a, 4, 77) === undefined, 3000);
});

test('a leaf that gets no answer asks again before it takes its relay for gone', () => {
  const world = new World();
  const a = relay(world, RELAY);
  const l = leaf(world, LEAF, [RELAY]);
  world.until(() => l.isUp(RELAY) && a.isUp(LEAF));
  world.run(10_000);
  for (let i = 0; i < 10; i++) {
    world.filter = () => false;
    const start = world.log.length;
    world.until(() => world.log.length >= start + 2, 15_000);
    world.filter = () => true;
    world.run(10_000);
  }
  assert.is(a.count('linkDown') + l.count('linkDown'), 0);
});

test('a leaf with two relays is reached by the other one when one link dies; one that moves is found where it is', () => {
  const world = new World();
  const a = relay(world, RELAY);
  const b = relay(world, OTHER, [RELAY]);
  const c = relay(world, '1.1.1.3', [RELAY, OTHER]);
  const l = leaf(world, LEAF, [RELAY, OTHER]);
  world.until(() => hop(a) === idOf(LEAF) && hop(b) === idOf(LEAF) && hop(c) !== undefined);
  world.filter = ({ from, to }) => ![from, to].includes('10.0.0.77') || ![from, to].includes('10.0.0.1');
  world.until(() => hop(a) === idOf(OTHER), 35_000);
  world.until(() => hop(c) === idOf(OTHER), 3000);
  assert.is(hop(b), idOf(LEAF));
  // It moves for good: crashes, and comes back at the relay that had lost it.
  l.crash();
  world.filter = () => true;
  leaf(world, LEAF, [RELAY]);
  world.until(() => hop(a) === idOf(LEAF), 3000);
  world.until(() => hop(c) === idOf(RELAY) && hop(b) === idOf(RELAY), 35_000);
});

test('a session that workers have proved is kept, though control was too busy to hear of it in time', () => {
  const world = new World();
  const a = relay(world, RELAY);
  const l = leaf(world, LEAF, [RELAY]);
  world.until(() => a.entries.size > 0);
  a.stalled = true; // its workers go on answering
  world.run(5000);
  assert.ok(l.isUp(RELAY));
  const [entry] = a.entries.values();
  a.stalled = false;
  a.act(() => a.control.handleTimeout(world.now)); // its timers come first
  a.resume();
  world.run(1000);
  assert.ok(l.isUp(RELAY) && a.isUp(LEAF));
  assert.is([...a.entries.values()][0], entry, 'the same session');
});

test.run();
