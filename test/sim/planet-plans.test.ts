/** Where the nodes of planets are, who is linked with whom, and what matrices of round-trip times may look like. */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { idByte, LAYERS, type NodeId, sharedBytes } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import { LinkSet, type Plan } from '../../ts/sim/planet/plan.js';
import { PLANET_SHAPES, planOf, planOfSpace } from '../../ts/sim/planet/plans.js';
import { parseRttMatrix } from '../../ts/sim/planet/rtt-matrix.js';
import { nestedZones } from '../../ts/sim/topology.js';

const planetLab = (slice: number) =>
  readFileSync(new URL(`../../../test/vectors/planetlab/slice-${slice}.tsv`, import.meta.url), 'utf8');

/** Whether links between members connect each zone. */
function splitZones({ ids, links }: Plan): number {
  const peers = new Map<NodeId, NodeId[]>(ids.map((id) => [id, []]));
  for (const [a, b] of links) {
    peers.get(ids[a] as number)?.push(ids[b] as number);
    peers.get(ids[b] as number)?.push(ids[a] as number);
  }
  return nestedZones(ids).filter((zone) => {
    const members = new Set(zone);
    const reached = new Set([zone[0] as number]);
    for (const id of reached) for (const next of peers.get(id) ?? []) if (members.has(next)) reached.add(next);
    return reached.size < members.size;
  }).length;
}

test('in every shape ids are distinct, and every zone is connected inside', () => {
  for (const shape of PLANET_SHAPES)
    for (const nodes of [5, 64, 333]) {
      const plan = planOf(seededRandom(nodes), shape, nodes, 16);
      assert.is(new Set(plan.ids).size, nodes, shape);
      assert.ok(plan.ids.every((id) => (id & 255) !== 0));
      assert.is(splitZones(plan), 0, `${shape} of ${nodes}`);
    }
});

test('the same seed gives the same planet, another seed another', () => {
  const [one, same, other] = [5, 5, 6].map((seed) => planOf(seededRandom(seed), 'planet', 100, 12).links);
  assert.equal(one, same);
  assert.not.equal(one, other);
});

test('a planet uses all four layers, and its zones differ in size', () => {
  const { ids } = planOf(seededRandom(3), 'planet', 1000, 8);
  for (const layer of LAYERS) assert.ok(new Set(ids.map((id) => idByte(id, layer))).size > 3);
  const sizes = new Map<number, number>();
  for (const id of ids) sizes.set(id >>> 24, (sizes.get(id >>> 24) ?? 0) + 1);
  assert.ok(Math.max(...sizes.values()) > 4 * Math.min(...sizes.values()));
});

test('nodes dial no more than they may, but for their successors, and strangers leave room for zone-mates', () => {
  const most = 10;
  for (const { ids, links } of [
    planOf(seededRandom(8), 'planet', 600, most),
    planOfSpace(seededRandom(8), parseRttMatrix(planetLab(9)), most),
  ]) {
    const outgoing = ids.map(() => 0);
    const incoming = ids.map(() => [0, 0, 0, 0]);
    for (const [from, to] of links) {
      outgoing[from] = (outgoing[from] as number) + 1;
      const row = incoming[to] as number[];
      const shared = sharedBytes(ids[from] as number, ids[to] as number);
      row[shared] = (row[shared] as number) + 1;
    }
    assert.ok(Math.max(...outgoing) <= most);
    incoming.forEach((row, node) => {
      let room = 64;
      for (let shared = 3; shared >= 0; shared--) {
        // One more in each layer: the ring's.
        assert.ok((row[shared] as number) <= room + 1, `${row.join()} at node ${node}`);
        const share = [16, 12, 12, 24][shared] as number;
        const mates = ids.filter((id) => sharedBytes(id, ids[node] as number) === shared).length;
        room -= Math.min(share, mates);
      }
    });
  }
});

test('zones of measured times are near: regions, cities and sites', () => {
  const matrix = parseRttMatrix(planetLab(1));
  const { ids } = planOfSpace(seededRandom(2), matrix, 8);
  [15, 3, 1].forEach((radius, i) => {
    // A ball around one of its members, as large as its layer says.
    const zones = new Map<number, number[]>();
    for (const [node, id] of ids.entries()) {
      const zone = Math.floor(id / 2 ** (24 - 8 * i));
      zones.set(zone, [...(zones.get(zone) ?? []), node]);
    }
    for (const zone of zones.values())
      assert.ok(
        zone.some((centre) => zone.every((node) => matrix.rtt(centre, node) <= radius)),
        `layer ${i + 1}`,
      );
    assert.ok(zones.size < ids.length, `some are in one zone of layer ${i + 1}`);
  });
});

test('however many nodes are in one place, all get an id', () => {
  const everywhere = { size: 600, rtt: (a: number, b: number) => (a === b ? 0 : 0.5) };
  const scattered = { size: 600, rtt: (a: number, b: number) => (a === b ? 0 : 500) };
  for (const space of [everywhere, scattered]) {
    const { ids } = planOfSpace(seededRandom(4), space, 6);
    assert.is(new Set(ids).size, 600);
    assert.ok(ids.every((id) => (id & 255) !== 0 && (id & 255) !== 255));
  }
});

test('a link is there once, whoever dials', () => {
  const links = new LinkSet(3);
  assert.equal([links.add(0, 1), links.add(1, 0), links.add(2, 2)], [true, false, false]);
  assert.equal(links.links, [[0, 1]]);
});

test('measured times: the mean of both directions, or the one that there is', () => {
  const matrix = parseRttMatrix('0\t10\tnan\n20\t0\t\n7\t-1\t0\n');
  assert.is(matrix.rtt(0, 1), 15);
  assert.is(matrix.rtt(1, 0), 15);
  assert.is(matrix.rtt(0, 2), 7);
  assert.is(matrix.rtt(1, 2), Number.POSITIVE_INFINITY);
  assert.is(matrix.rtt(2, 2), 0);
});

test('what is no matrix is refused, with its line', () => {
  assert.throws(() => parseRttMatrix('0\t1\n1\t0\t3\n'), /row 2 has 3 values, not 2/);
  assert.throws(() => parseRttMatrix('0\t1\nx\t0\n'), /row 2, value 1: 'x' is no number/);
  assert.throws(() => parseRttMatrix(''), /2 to 12000 rows, not 0/);
});

test('any text is a matrix or refused', () => {
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom('0', '1', '\t', '\n', '-', 'e', '.'), { maxLength: 40 }).map((c) => c.join('')),
  );
  fc.assert(
    fc.property(text, (it) => {
      try {
        const { size, values } = parseRttMatrix(it);
        return values.length === size * size && values.every((value) => value >= 0);
      } catch (error) {
        return error instanceof RangeError;
      }
    }),
  );
});

test('measured nodes that are near each other get ids that begin alike', () => {
  const space = parseRttMatrix(planetLab(1));
  const { ids, links } = planOfSpace(seededRandom(1), space, 8);
  assert.is(ids.length, 48);
  const sums = { inside: 0, insides: 0, outside: 0, outsides: 0 };
  for (let a = 0; a < 48; a++)
    for (let b = 0; b < a; b++) {
      if (sharedBytes(ids[a] as number, ids[b] as number) === 3) {
        sums.inside += space.rtt(a, b);
        sums.insides++;
      } else {
        sums.outside += space.rtt(a, b);
        sums.outsides++;
      }
    }
  assert.ok(sums.inside / sums.insides < 0.5 * (sums.outside / sums.outsides));
  assert.is(splitZones({ ids, space, links }), 0);
});

test.run();
