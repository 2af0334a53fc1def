/** The rule ring4: successors first, limits kept, and what is good enough is kept. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bucketOf, nextOnRing, previousOnRing, ZONES } from '../../../ts/control/neighbours/ring.js';
import { type KnownNode, wantedNeighbours } from '../../../ts/control/neighbours/ring4.js';
import { type NodeId, parseNodeId, sharedBytes } from '../../../ts/kit/node-id.js';
import { seededRandom } from '../../../ts/kit/random.js';

const idOf = (text: string): NodeId => parseNodeId(text) as NodeId;
// Few values a byte, so that zones have members.
const byte = fc.integer({ min: 1, max: 6 });
const ids = fc
  .uniqueArray(
    fc.tuple(byte, byte, byte, byte).map(([a, b, c, d]) => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0),
    { minLength: 2, maxLength: 120 },
  )
  .map((all) => ({ self: all[0] as NodeId, others: all.slice(1) }));

test('the successor on a ring is the next id of the zone, or its first one', () => {
  fc.assert(
    fc.property(ids, fc.constantFrom(...ZONES), ({ self, others }, shared) => {
      const zone = [self, ...others].filter((id) => sharedBytes(id, self) >= shared).sort((a, b) => a - b);
      const at = zone.indexOf(self);
      const members = others.map((id) => ({ id }));
      const expect = (place: number) => (zone.length === 1 ? undefined : zone.at(place % zone.length));
      assert.is(nextOnRing(members, self, shared)?.id, expect(at + 1));
      assert.is(previousOnRing(members, self, shared)?.id, expect(at - 1));
    }),
  );
});

test('buckets are told apart by the first bit that differs', () => {
  assert.is(bucketOf(idOf('1.1.1.1'), idOf('129.1.1.1')), 31);
  assert.is(bucketOf(idOf('1.1.1.2'), idOf('1.1.1.3')), 0);
  assert.is(bucketOf(idOf('1.1.1.1'), idOf('1.1.2.1')), 9);
});

const rtts = fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined });
const world = ids.chain(({ self, others }) =>
  fc.record({
    self: fc.constant(self),
    nodes: fc.tuple(
      ...others.map((id) =>
        fc
          .record({ rtt: rtts, isGiven: fc.boolean() })
          .map(({ rtt, isGiven }): KnownNode => ({ id, rtt, ...(isGiven ? { link: 'given' as const } : {}) })),
      ),
    ),
    most: fc.integer({ min: 1, max: 32 }),
    seed: fc.nat(),
  }),
);

test('ring successors are always wanted, and no more links than there may be', () => {
  fc.assert(
    fc.property(world, ({ self, nodes, most, seed }) => {
      const random = seededRandom(seed);
      const wanted = wantedNeighbours(self, nodes, most, () => random.unit());
      const given = new Set(nodes.filter(({ link }) => link === 'given').map(({ id }) => id));
      const successors = new Set<NodeId>();
      for (const shared of ZONES) {
        const next = nextOnRing(nodes, self, shared);
        if (next) successors.add(next.id);
      }
      for (const id of successors) assert.ok(given.has(id) || wanted.get(id) === 'ring');
      for (const id of wanted.keys()) assert.not.ok(given.has(id), 'what is there need not be made');
      assert.ok(wanted.size <= Math.max(most, successors.size));
      assert.ok(wanted.size >= Math.min(most, nodes.length - given.size), 'places are not left free');
    }),
  );
});

test('once the links are made, nothing else is wanted', () => {
  fc.assert(
    fc.property(world, ({ self, nodes, most, seed }) => {
      const random = seededRandom(seed);
      const first = wantedNeighbours(self, nodes, most, () => random.unit());
      const made = nodes.map((node): KnownNode => {
        const reason = first.get(node.id);
        return reason === undefined ? node : { ...node, link: 'chosen', reason };
      });
      const again = wantedNeighbours(self, made, most, () => random.unit());
      assert.equal(new Set(again.keys()), new Set(first.keys()));
      assert.is(again.size, first.size);
    }),
  );
});

test('a link to the node before it on a ring stays, though others are nearer', () => {
  const self = idOf('1.1.1.5');
  const nodes: KnownNode[] = [
    { id: idOf('1.1.1.4'), rtt: 200, link: 'chosen', reason: 'near' },
    { id: idOf('1.1.1.6'), rtt: 10, link: 'chosen', reason: 'ring' },
    { id: idOf('1.1.1.9'), rtt: 5 },
  ];
  assert.equal(
    [...wantedNeighbours(self, nodes, 2, () => 0.5).keys()].sort((a, b) => a - b),
    [idOf('1.1.1.4'), idOf('1.1.1.6')],
  );
});

test('a link is left only for a node that is nearer by a fifth and by 2 ms', () => {
  const self = idOf('1.1.1.1');
  const wantsOther = (mine: number, other: number): boolean => {
    // Both in one layer and bucket, behind successors and two nearer nodes that are there already.
    const given = ['1.1.2.1', '1.1.1.2', '1.2.1.1', '9.1.1.1', '200.200.200.1', '200.200.200.2', '200.200.200.3'];
    const nodes: KnownNode[] = given.map((text) => ({ id: idOf(text), rtt: 500, link: 'given' }));
    nodes.push({ id: idOf('64.1.1.1'), rtt: mine, link: 'chosen', reason: 'near' });
    nodes.push({ id: idOf('65.1.1.1'), rtt: other });
    return [...wantedNeighbours(self, nodes, 1, () => 0.5).keys()].includes(idOf('65.1.1.1'));
  };
  assert.not.ok(wantsOther(100, 85));
  assert.ok(wantsOther(100, 75));
  assert.not.ok(wantsOther(5, 3.5), 'less than 2 ms');
  assert.ok(wantsOther(5, 2));
});

test.run();
