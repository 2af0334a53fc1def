/** The soak's judge, over counters that are made up: each law holds, and breaks when a single packet is missing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { leastSquares } from '../../bench/lib/statistics.js';
import type { Census, Entry } from '../../bench/soak/census.js';
import { judge } from '../../bench/soak/laws.js';
import { CLIENT, SINK, SOURCE } from '../../bench/soak/network.js';
import type { TrafficTotals } from '../../bench/soak/traffic.js';
import type { Told } from '../../ts/memory/conservation.js';
import { COUNTERS, type Counter } from '../../ts/memory/counter-names.js';

type Counts = Partial<Record<Counter, number>>;

const told = (counts: Counts): Told =>
  ({ ...Object.fromEntries(COUNTERS.map(({ name }) => [name, 0])), ...counts }) as Told;

const entry = (id: string, counts: Counts, kernelDrops = 0): Entry => ({
  id,
  pid: 1,
  isPortable: false,
  told: told({ socketOverflows: kernelDrops, ...counts }),
  kernelDrops,
});

/** 100 packets start at the source; one is dropped there, one by the kernel; the sink takes 90 and the service 5, three find no port. */
const SENT: Counts = { originated: 100, sent: 99, emulatedLoss: 1 };
const TAKEN: Counts = { received: 98, delivered: 95, portUnreachable: 3 };
const census = (source: Counts = SENT, sink: Counts = TAKEN, problem = ''): Census => ({
  entries: [entry(SOURCE, source), entry(SINK, sink, 1), entry(CLIENT, {})],
  problem,
});
const traffic: TrafficTotals = {
  loadSent: 95,
  loadReceived: 90,
  loadDuplicates: 0,
  serviceHanded: 5,
  clientHanded: 0,
  pings: 0,
  pingsAnswered: 0,
};

test('nothing is broken when every packet is told of', () => {
  const laws = judge(undefined, census(), traffic, true);
  assert.equal(laws.broken, []);
  assert.equal([laws.node, laws.wire, laws.ends], [0, 0, 0]);
  assert.equal(laws.dropsByReason, { emulatedLoss: 1, portUnreachable: 3 });
  assert.equal([laws.originated, laws.delivered, laws.drops, laws.kernelDrops], [100, 95, 4, 1]);
});

test('a frame that a node does not tell of breaks the law of that node', () => {
  const laws = judge(undefined, census({ ...SENT, emulatedLoss: 0 }), traffic, true);
  assert.is(laws.node, 1);
  assert.match(laws.broken.join(), /node 1\.1\.1\.11: 1 frames without a counter/);
});

test('a frame that is lost on the wire breaks its law, but for intervals in which a process was killed', () => {
  const lossy = census({ originated: 100, sent: 100 });
  assert.match(judge(undefined, lossy, traffic, true).broken.join(), /wire: 1 frames/);
  const killed = judge(undefined, lossy, traffic, false);
  assert.equal(killed.broken, []);
  assert.is(killed.wire, 1);
});

test('a node must tell of what the kernel has dropped', () => {
  const silent = census(SENT, { ...TAKEN, socketOverflows: 0 });
  assert.match(
    judge(undefined, silent, traffic, true).broken.join(),
    /kernel dropped 1 datagrams, the node tells of 0/,
  );
});

test('both ends are compared with what programs and the sink have got', () => {
  assert.match(
    judge(undefined, census(), { ...traffic, serviceHanded: 4 }, true).broken.join(),
    /delivered 1 packets more/,
  );
  assert.match(
    judge(undefined, census(), { ...traffic, clientHanded: 1 }, true).broken.join(),
    /delivered -1 packets more/,
  );
  assert.match(judge(undefined, census(), { ...traffic, loadDuplicates: 1 }, true).broken.join(), /came twice/);
  assert.match(judge(undefined, census(), { ...traffic, loadSent: 96 }, true).broken.join(), /6 .* lost, but only 5/);
});

test('only what was told since the last count is judged on the wire, and a restarted process begins anew', () => {
  const lossy = census({ originated: 107, sent: 106, emulatedLoss: 1 });
  const further = census(
    { originated: 207, sent: 205, emulatedLoss: 2 },
    { received: 196, delivered: 190, portUnreachable: 6 },
  );
  const after = {
    ...further,
    entries: further.entries.map((e) => (e.id === SINK ? entry(SINK, { ...e.told, socketOverflows: 2 }, 2) : e)),
  };
  assert.equal(judge(lossy, after, traffic, true).broken, []);
});

test('a network that does not come to rest is an error of its own', () => {
  assert.match(judge(undefined, census(SENT, TAKEN, 'counters moved'), traffic, true).broken.join(), /come to rest/);
});

test('the line of least squares: exact through a line, and unsure by how far points are off it', () => {
  const exact = leastSquares([1, 2, 3, 4].map((x) => [x, 3 * x - 1] as const));
  assert.ok(Math.abs(exact.slope - 3) < 1e-12 && exact.slopeError < 1e-9);
  assert.ok(Math.abs(exact.at(10) - 29) < 1e-9);
  const noisy = leastSquares([
    [0, 0],
    [1, 2],
    [2, 0],
    [3, 2],
  ]);
  assert.ok(Math.abs(noisy.slope - 0.4) < 1e-12);
  assert.ok(Math.abs(noisy.slopeError - Math.sqrt(3.2 / 2 / 5)) < 1e-12);
});

test.run();
