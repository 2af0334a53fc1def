import { create } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SafetyRules } from '../../../ts/control/routing/router.types.js';
import { RoutingSyncSchema } from '../../../ts/wire/gen/portolan/v1/control_pb.js';
import { runChaos } from './chaos.js';
import { mesh } from './topologies.js';

test('random networks under flaps, crashes, restarts, metric jumps, loss and reordering', () => {
  for (let seed = 1; seed <= 6; seed++) {
    const net = runChaos(seed);
    assert.equal(net.violations, [], `seed ${seed}`);
    assert.equal(net.unconverged(), [], `seed ${seed}`);
  }
});

const RULES: (keyof SafetyRules)[] = [
  'strictlySmaller',
  'feasibility',
  'labelNeverRises',
  'labelKeptWhenUnreachable',
  'recheckOnLowering',
  'sessionsAreFresh',
];

const hasCycle = (seed: number, rule: keyof SafetyRules) =>
  runChaos(seed, { rules: { [rule]: false } }, 0).violations.some((violation) => violation.includes('cycle'));

for (const rule of RULES) {
  test(`without ${rule} the same networks get cycles`, () => {
    const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
    assert.ok(seeds.some((seed) => hasCycle(seed, rule)));
  });
}

/** Messages whose fields are in range, so that they get past the reader; and any other. */
const request = fc.record(
  {
    layer: fc.nat(5),
    byte: fc.nat(6),
    trafficClass: fc.nat(1),
    seqno: fc.oneof(fc.nat(3), fc.integer({ min: 1_790_000_000, max: 1_790_000_005 }), fc.nat(0xffffffff)),
    distance: fc.oneof(fc.nat(500), fc.nat(0xffffffff)),
    bump: fc.boolean(),
    hopBudget: fc.nat(40),
  },
  { noNullPrototype: true },
);
const message = fc.record(
  {
    number: fc.nat(0xffffffff),
    acknowledged: fc.array(fc.nat(50), { maxLength: 5 }),
    baseSeqno: fc.oneof(fc.constant(0), fc.constant(1_790_000_000), fc.nat(0xffffffff)),
    entries: fc.oneof(fc.uint8Array({ maxLength: 30 }), looksRight()),
    requests: fc.array(request, { maxLength: 3 }),
    resendLayers: fc.nat(20),
  },
  { noNullPrototype: true },
);

/** Routes of layer 4 to low bytes, which the harness's nodes believe. */
function looksRight(): fc.Arbitrary<Uint8Array> {
  const entry = fc.tuple(
    fc.nat(6),
    fc.constant(0xc1),
    fc.nat(127),
    fc.nat(9),
    fc.uint8Array({ minLength: 6, maxLength: 6 }),
  );
  return fc
    .array(entry, { maxLength: 4 })
    .map((entries) =>
      Uint8Array.from(entries.flatMap(([byte, flags, seqno, hops, rest]) => [byte, flags, seqno, hops, ...rest])),
    );
}

test('any messages: nothing throws, and no label rises or is below its next hop', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(message, fc.nat(200)), { maxLength: 40 }), (messages) => {
      // Nodes 1 to 5 hear lies of node 6, whose own labels are no part of the check.
      const net = mesh(5, 3, { seed: 2 });
      const liar = net.add('1.1.1.6');
      for (const end of ['1.1.1.1', '1.1.1.3']) net.connect(net.node(end), liar, 5);
      net.run(500);
      net.nodes.delete(liar.id);
      liar.alive = false;
      for (const [fields, wait] of messages) {
        for (const [index, link] of liar.links) {
          const victim = liar.peer(index);
          const theirs = link.ends[0] === victim ? link.indexes[0] : link.indexes[1];
          victim?.router.handleSync(theirs, create(RoutingSyncSchema, fields), net.now);
          if (victim) net.settle(victim);
        }
        net.run(wait);
      }
      assert.equal(net.violations, []);
    }),
    { numRuns: 60 },
  );
});

test.run();
