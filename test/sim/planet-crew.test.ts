/** Planets that several threads share: what comes of them is what comes of them in one thread, to the last number. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { idByte, parseNodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import { Checker } from '../../ts/sim/checker.js';
import { EventQueue } from '../../ts/sim/event-queue.js';
import { ALONE, type Crew, sumUp } from '../../ts/sim/planet/crew.js';
import { OuterLayerNotes, readNotes, type Watch } from '../../ts/sim/planet/outer-layer.js';
import { leastCrossing, partsOf } from '../../ts/sim/planet/parts.js';
import type { PlanetOptions } from '../../ts/sim/planet/planet-run.js';
import { planOf } from '../../ts/sim/planet/plans.js';
import { simulatePlanet } from '../../ts/sim/planet/simulate.js';
import { type Parcel, Windows } from '../../ts/sim/planet/windows.js';

const OPTIONS: PlanetOptions = {
  seed: 11,
  shape: 'planet',
  nodes: 80,
  links: 8,
  classes: 2,
  churn: 1,
  rest: 0,
  seconds: 4,
  events: ['outage', 'cable', 'noise', 'loss'],
};

/** All but what the threads did for it. */
async function outcomeOf(options: PlanetOptions, threads: number) {
  const { cost: _cost, events: _events, ...outcome } = await simulatePlanet(options, () => {}, threads);
  return outcome;
}

test('a planet is the same, however many threads share it', async () => {
  const [one, two, three] = await Promise.all([1, 2, 3].map((threads) => outcomeOf(OPTIONS, threads)));
  assert.equal(one?.problems, []);
  assert.ok((one?.packets.arrived ?? 0) > 0 && (one?.packets.lost ?? 0) > 0 && (one?.moments.length ?? 0) > 3);
  assert.equal(two, one);
  assert.equal(three, one);
});

/** A next hop of class 0, with a label that is smaller the larger the vertex. */
function link(watch: Watch, from: number, layer: number, byte: number, primary: number): void {
  watch.setLabel(from, 0, layer, byte, { seqno: 7, distance: 100 - from });
  watch.setNext(from, 0, layer, byte, { primary, backup: 0 });
  watch.settle(from);
}

const packetFor = (destination: number): Parcel => ({
  kind: 'packet',
  packet: { at: 1, destination, trafficClass: 0, ttl: 1, seen: [] },
});

test('what happens in the outer layer is checked in one place, and in the inner ones where it happens', () => {
  const whole = new Checker(() => 0);
  const inner = new Checker(() => 0);
  const notes = new OuterLayerNotes(inner);
  const ids = ['1.1.1.1', '2.1.1.1', '2.1.1.2', '2.1.2.1', '3.1.1.1'].map((text) => parseNodeId(text) ?? 0);
  const vertices = ids.map((id) => {
    whole.addVertex(id);
    return inner.addVertex(id);
  });
  const vertex = (place: number) => vertices[place] as number;
  const [one, two, three] = [vertex(0), vertex(1), vertex(2)];
  link(whole, one, 1, 3, two);
  link(notes, two, 1, 3, one);
  assert.is(inner.sums.loops + whole.sums.loops, 0);
  const taken = notes.take();
  readNotes(taken, whole);
  assert.is(whole.sums.loops, 1);
  assert.ok(whole.sums.labelInversions > 0);
  assert.equal(notes.take(), []);

  link(notes, two, 3, 2, three);
  link(notes, three, 3, 2, two);
  assert.is(inner.sums.loops, 1);
  assert.equal(notes.take(), []);

  notes.removeVertex(two);
  link(whole, three, 1, 3, two);
  readNotes(notes.take(), whole);
  const before = whole.sums.loops;
  link(whole, one, 1, 3, three);
  assert.is(whole.sums.loops, before, 'who is dead forwards nothing');
});

test('regions go to threads whole, and no link between threads is faster than they reckon with', () => {
  const plan = planOf(seededRandom(3), 'planet', 300, 8);
  const parts = partsOf(plan, 2);
  const threads = new Map<number, Set<number>>();
  plan.ids.forEach((id, node) => {
    const region = threads.get(idByte(id, 1)) ?? new Set();
    threads.set(idByte(id, 1), region.add(parts[node] as number));
  });
  assert.ok([...threads.values()].every(({ size }) => size === 1));
  const shares = [0, 1].map((thread) => parts.filter((part) => part === thread).length);
  assert.ok(
    shares.every((share) => share > 75),
    shares.join(),
  );
  const least = leastCrossing(plan, parts);
  const crossing = plan.links.filter(([a, b]) => parts[a] !== parts[b]);
  assert.ok(least > 0 && crossing.length > 0);
  assert.ok(crossing.every(([a, b]) => plan.space.rtt(a, b) / 2 >= least));
});

test('what one thread sends arrives in the other at its time, in its order', () => {
  // Two threads in turns: what one gathers is what the other gave when it was here last.
  const queue = new EventQueue();
  const theirs = [
    { crossings: [{ time: 7, node: 1, parcel: packetFor(1) }], notes: [4, 5], next: 3 },
    { crossings: [], notes: [], next: 3 },
    { crossings: [{ time: 9, node: 0, parcel: packetFor(2) }], notes: [], next: 20 },
  ];
  const given: unknown[] = [];
  const crew: Crew = {
    me: 0,
    size: 2,
    gather<T>(mine: T): T[] {
      given.push(mine);
      return [mine, (theirs.shift() ?? { crossings: [], notes: [], next: Number.POSITIVE_INFINITY }) as T];
    },
  };
  const seen: unknown[] = [];
  const windows = new Windows(queue, crew, 5, {
    isOwn: (node) => node === 1,
    receive: (parcel) => seen.push([queue.now, parcel.kind === 'packet' && parcel.packet.destination]),
    takeNotes: () => [],
    readNotes: (notes) => seen.push(notes),
  });
  queue.at(4, () => {
    seen.push(4);
    windows.send(0, 6, packetFor(3));
  });
  windows.runUntil(10);
  assert.equal(
    seen.filter((one) => !Array.isArray(one) || one.length > 0),
    [[4, 5], 4, [7, 1]],
  );
  assert.is(queue.now, 10);
  assert.equal(
    given.map((one) => (one as { crossings: { time: number }[] }).crossings.map(({ time }) => time)).flat(),
    [10],
  );
});

test('sums of a crew are those of its members, name by name', () => {
  assert.equal(sumUp(ALONE, { a: 1, b: 2 }), { a: 1, b: 2 });
  const crew: Crew = { me: 1, size: 2, gather: (mine) => [{ ...mine, a: 10, b: 20 }, mine] };
  assert.equal(sumUp(crew, { a: 1, b: 2 }), { a: 11, b: 22 });
});

test('what cannot be shared runs in one thread, and a bad number of threads is refused', async () => {
  const ring = await outcomeOf({ ...OPTIONS, shape: 'ring', nodes: 12, events: [], churn: 0, seconds: 0 }, 2);
  assert.is(ring.nodes, 12);
  const refused = await simulatePlanet(OPTIONS, () => {}, 0).catch((error: unknown) => error);
  assert.instance(refused, RangeError);
  assert.match((refused as RangeError).message, /threads must be a whole number from 1 to 32/);
});

test.run();
