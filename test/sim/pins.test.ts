/** Pinned paths of whole nodes under faults; and proof that whatever breaks their promises is noticed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatNodeId, type NodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import { LabelledPackets } from '../../ts/sim/pins/labelled-packets.js';
import { PinOrders } from '../../ts/sim/pins/pin-orders.js';
import { type PinEntry, PinReader } from '../../ts/sim/pins/pin-reader.js';
import { replayCommand, runSimulation } from '../../ts/sim/run.js';
import type { SimNode } from '../../ts/sim/sim-node.js';
import { delayOnly } from '../../ts/sim/topology.js';
import { World, type WorldOptions } from '../../ts/sim/world.js';
import { encodeControl } from '../../ts/wire/control.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { HEADERS_BYTES, Protocol } from '../../ts/wire/network-header.js';

const SEEDS = Array.from({ length: 8 }, (_, i) => 101 + i);
const [A, B, C, D, E] = [1, 2, 3, 4, 5].map((byte) => 0x0101_0100 + byte) as [NodeId, NodeId, NodeId, NodeId, NodeId];
const CLASS = 2;
/** First bytes of control messages. */
const [PIN_REQUEST, PIN_END] = [(6 << 3) | 2, (8 << 3) | 2];
/** Words of an entry in a pin table. */
const [LABEL, OUT_LINK, DESTINATION, TRAFFIC_CLASS] = [0, 2, 4, 5];

test('while faults happen labels lead where they were asked to, leases end, and every order is pinned again or refused', () => {
  const sums = { pinned: 0, lost: 0, labelled: 0, searches: 0 };
  for (const seed of SEEDS) {
    const nodes = 5 + (seed % 5);
    const { problems, pins } = runSimulation({ seed, nodes });
    assert.equal(problems, [], `replay with: ${replayCommand(seed, { nodes })}`);
    assert.is(pins.violations, 0);
    for (const key of ['pinned', 'lost', 'labelled', 'searches'] as const) sums[key] += pins[key];
  }
  assert.ok(sums.pinned > 25 && sums.lost > 10, `${sums.pinned} paths were pinned, ${sums.lost} were lost`);
  assert.ok(sums.labelled > 200, `${sums.labelled} labelled packets`);
  assert.ok(sums.searches > 12, `${sums.searches} searches`);
});

/**
 * A ── B ── C ── D ── E, and a detour: B ── E of 200 ms. A has pinned the way along the line in one class, and all is at rest.
 */
function line(options: WorldOptions = {}) {
  const wires = [
    [A, B, 5],
    [B, C, 5],
    [C, D, 5],
    [D, E, 5],
    [B, E, 200],
  ] as const;
  const edges = wires.map(([a, b, delay]) => ({ a, b, model: delayOnly(delay) }));
  const world = new World({ nodes: [A, B, C, D, E], edges }, seededRandom(1), options);
  world.sweepEvery(100);
  world.start();
  world.queue.runUntil(3000);
  const node = (id: NodeId): SimNode => {
    const found = world.node(id);
    if (!found) throw new Error(`${formatNodeId(id)} is dead`);
    return found;
  };
  const run = (ms: number) => world.queue.runUntil(world.queue.now + ms);
  const pin = (source: NodeId) => {
    const order = { number: 1, destination: E, trafficClass: CLASS, limits: { rttMs: 100 } };
    node(source).command({ kind: 'pinRoute', order });
    run(500);
  };
  pin(A);
  const entriesOf = (id: NodeId): PinEntry[] => new PinReader(node(id).region).entries();
  /** Changes a word of the one entry of a node. */
  const tamper = (id: NodeId, word: number, change: (value: number) => number) => {
    const { buffer, layout } = node(id).region;
    const [entry] = entriesOf(id);
    const words = new Uint32Array(buffer, layout.pinEntries);
    const at = (entry?.index ?? 0) * 8 + word;
    words[at] = change(words[at] as number);
  };
  const send = () => {
    for (let i = 0; i < 3; i++) node(A).ping(E, CLASS);
    run(300);
  };
  const problems = () => world.pins.problems.join('\n');
  return { world, node, run, pin, entriesOf, tamper, send, problems };
}

test('a path at rest: an entry at its source and at each relay, packets with labels, nothing wrong; and none after it was given up', () => {
  const { world, node, run, entriesOf, send, problems } = line();
  assert.equal(
    [A, B, C, D, E].map((id) => entriesOf(id).length),
    [1, 1, 1, 1, 0],
  );
  send();
  assert.equal(world.pins.packets.sums, { labelled: 3, fellBack: 0, revisits: 0 });
  assert.ok(world.pins.tables.sums.paths > 0);
  assert.is(world.pins.tables.kept().length, 4);
  node(A).command({ kind: 'unpinRoute', number: 1 });
  run(200);
  assert.equal(world.pins.tables.kept(), []);
  assert.is(problems(), '');
});

test('packets that are under way when their path breaks go on by tables, without a label', () => {
  const { world, node, run, problems } = line();
  const cut = world.wires.find(({ a, b }) => a === B && b === C);
  if (!cut) throw new Error('B and C are wired');
  for (let i = 0; i < 1000; i++) world.queue.after(2 * i, () => node(A).ping(E, CLASS));
  world.queue.after(1000, () => {
    cut.ab.cuts++;
    cut.ba.cuts++;
  });
  run(3000);
  const { labelled, fellBack } = world.pins.packets.sums;
  assert.ok(fellBack > 0 && fellBack < labelled, `${fellBack} of ${labelled} fell back`);
  assert.is(problems(), '');
});

test('a relay that gives labels to packets of others', () => {
  const { world, pin, send, problems } = line({ relaysLabel: true });
  assert.is(problems(), '');
  pin(C);
  send();
  assert.match(problems(), /a packet from 1\.1\.1\.1 to 1\.1\.1\.5 carries a label again on the way to 1\.1\.1\.4/);
  assert.ok(world.pins.violations > 0);
});

test('an entry that leads to another neighbour', () => {
  const { tamper, node, run, send, problems } = line();
  const links = node(B).control.links(0);
  tamper(B, OUT_LINK, () => links.find(({ peer }) => peer === E)?.link ?? 0);
  run(200);
  const way = '1.1.1.1 > 1.1.1.2 > 1.1.1.5';
  assert.match(problems(), `leads where the source has asked for no path: ${way}`);
  send();
  assert.match(problems(), `is led by labels where its source has asked for no path: ${way}`);
});

test('an entry for another destination, or another class', () => {
  for (const [word, value, at] of [
    [DESTINATION, D, '1.1.1.4 in class 2'],
    [TRAFFIC_CLASS, 1, '1.1.1.5 in class 1'],
  ] as const) {
    const { tamper, run, send, problems } = line();
    tamper(C, word, () => value);
    run(200);
    assert.match(
      problems(),
      new RegExp(`1\\.1\\.1\\.3#\\d+: label \\d+ for ${at} is reached by labels for 1\\.1\\.1\\.5`),
    );
    assert.match(problems(), 'is kept, though nobody has asked for it');
    send();
    assert.match(problems(), 'takes a packet to 1.1.1.5 in class 2');
  }
});

test('an entry over a link that has gone, or at the index of another label', () => {
  const gone = line();
  gone.tamper(C, OUT_LINK, () => 9);
  gone.run(200);
  assert.match(gone.problems(), 'names link 9, which has gone');
  const moved = line();
  moved.tamper(C, LABEL, (label) => label + 1);
  moved.run(200);
  assert.match(moved.problems(), 'lies at index 1');
});

test('a grant of a label that is not installed', () => {
  const { world, node, problems } = line();
  world.pins.sent(node(B).vertex, encodeControl({ kind: 'pinGrant', grant: { id: 1n, label: 4097, rttMs: 1 } }));
  assert.match(problems(), 'grants label 4097, which it does not know itself');
});

test('a path of which nobody says that it has ended is kept for its lease, and no longer', () => {
  const { world, run, entriesOf, tamper, problems } = line();
  world.network.filter = (_to, bytes, at) => bytes.getUint8(at + HEADERS_BYTES) !== PIN_END;
  world.crash(A);
  run(25_000);
  assert.equal(
    [C, D].map((id) => entriesOf(id).length),
    [1, 1],
  );
  assert.is(problems(), '');
  const kept = entriesOf(C)[0]?.label ?? 0;
  run(7_000);
  assert.equal(
    [C, D].map((id) => entriesOf(id).length),
    [0, 0],
  );
  assert.is(problems(), '');
  tamper(C, 8 * (kept & 0xfff) + LABEL, () => kept);
  run(200);
  assert.match(problems(), 'is kept, though nobody has asked for it within 30 s');
  assert.match(world.pins.tables.kept().join(), '1.1.1.3 keeps 1 pinned paths');
});

test('an order that is not pinned though it could be', () => {
  const { world, run } = line();
  const orders = new PinOrders(world, seededRandom(3));
  orders.schedule({ from: world.queue.now, until: world.queue.now + 2_000 });
  world.network.filter = (_to, bytes, at) => bytes.getUint8(at + HEADERS_BYTES) !== PIN_REQUEST;
  run(20_000);
  assert.match(orders.wrong(world.reference()).join(), 'is not pinned: ');
  world.network.filter = undefined;
  run(60_000);
  assert.equal(orders.wrong(world.reference()), []);
  assert.equal(orders.problems, []);
});

/** Packets that are told hop by hop; A has asked for the way along the line. */
function told() {
  const problems: string[] = [];
  let changes = 0;
  const asked = (vertex: number) => (vertex === 1 ? [[A, B, C, D, E]] : []);
  const packets = new LabelledPackets({ asked, changes: () => changes, report: (text) => problems.push(text) });
  const frame = new DataView(
    makeFrame(
      { source: A, destination: E, protocol: Protocol.EchoRequest, trafficClass: 0, sequence: 1 },
      new Uint8Array(8),
    ).slice().buffer,
  );
  const left = (id: NodeId, to: NodeId, label: number) => {
    frame.setUint32(8, label);
    packets.left(id - A + 1, id, to, frame, 0, 0);
  };
  return { packets, left, problems, change: () => changes++ };
}

test('a packet that comes twice to a node behind its path: wrong if no next hop has changed', () => {
  for (const isChanged of [false, true]) {
    const { packets: followed, left, problems, change } = told();
    left(A, B, 7);
    left(B, C, 0);
    left(C, D, 0);
    left(D, C, 0);
    if (isChanged) change();
    left(C, D, 0);
    assert.equal(followed.sums, { labelled: 1, fellBack: 1, revisits: 1 });
    assert.is(problems.length, isChanged ? 0 : 1, problems.join());
  }
});

test('a packet that is labelled, but not at its source, or after it left there without a label', () => {
  const elsewhere = told();
  elsewhere.left(B, C, 7);
  assert.match(elsewhere.problems.join(), 'was given a label by 1.1.1.2, which is not its source');
  const later = told();
  later.left(A, B, 0);
  later.left(B, C, 7);
  assert.match(later.problems.join(), 'carries a label again on the way to 1.1.1.3');
});

test('a packet at the end of its path has not fallen back', () => {
  const { packets: followed, left, problems } = told();
  for (const [id, to, label] of [
    [A, B, 5],
    [B, C, 6],
    [C, D, 7],
    [D, E, 0],
  ] as const)
    left(id, to, label);
  assert.equal(followed.sums, { labelled: 1, fellBack: 0, revisits: 0 });
  assert.equal(problems, []);
});

test.run();
