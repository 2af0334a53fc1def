/** The messages of route queries survive their bytes, and no bytes make a message that makes no sense. */
import { create, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ipText } from '../../ts/kit/ip.js';
import { decodeControl, encodeControl, type QueryMessage } from '../../ts/wire/control.js';
import { ControlSchema } from '../../ts/wire/gen/portolan/v1/control_pb.js';
import type { NodeAddress } from '../../ts/wire/neighbours.js';
import type { LimitName, PathMeasure, RefusalReason, RouteLimits } from '../../ts/wire/route-query.js';

const nodes = (least: number) =>
  fc.uniqueArray(fc.integer({ min: 1, max: 0xffff_ffff }), { minLength: least, maxLength: 16 });
const thousandths = fc.integer({ min: 1, max: 4_000_000 }).map((n) => n / 1000);
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const tokens = fc.integer({ min: 0, max: 1024 });

const measure = (hops: number): fc.Arbitrary<PathMeasure> =>
  fc.record({
    rttMs: thousandths,
    cost: fc.integer({ min: 0, max: 1000 }),
    mbps: fc.oneof(thousandths, fc.constant(Infinity)),
    delivery: fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
    hops: fc.constant(hops),
  });

const address: fc.Arbitrary<NodeAddress> = fc
  .record({
    scheme: fc.constantFrom('udp' as const, 'tcp' as const),
    bytes: fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
  .map(({ scheme, bytes, port }) => {
    return { scheme, family: bytes.length === 4 ? 4 : 6, host: ipText(bytes) ?? '', port };
  });

const anyLimits: fc.Arbitrary<RouteLimits> = fc.record(
  {
    rttMs: thousandths,
    cost: fc.integer({ min: 0, max: 1000 }),
    mbps: thousandths,
    lossPercent: fc.integer({ min: 0, max: 99 }),
    hops: fc.integer({ min: 1, max: 16 }),
    avoid: fc.integer({ min: 1, max: 0xffff_ffff }),
  },
  { requiredKeys: [] },
);

const anyQuery: fc.Arbitrary<QueryMessage> = nodes(1).chain((path) =>
  fc.record({
    kind: fc.constant('routeQuery' as const),
    query: fc.record({
      id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      branch: u32,
      destination: fc.integer({ min: 1, max: 0xffff_ffff }),
      limits: anyLimits,
      follow: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      fresh: fc.boolean(),
      slackPercent: fc.nat(10_000),
      soFar: measure(path.length),
      path: fc.constant(path),
      tokens,
      patienceMs: fc.integer({ min: 0, max: 60_000 }),
    }),
  }),
);

const answer: fc.Arbitrary<QueryMessage> = nodes(2).chain((path) =>
  fc.record({
    kind: fc.constant('routeAnswer' as const),
    answer: fc.record({
      branch: u32,
      path: fc.constant(path),
      measure: measure(path.length - 1),
      ageMs: fc.nat(60_000),
      addresses: fc.array(address, { maxLength: 4 }),
    }),
  }),
);

const refusal: fc.Arbitrary<QueryMessage> = fc.record({
  kind: fc.constant('routeRefusal' as const),
  refusal: fc.record({
    branch: u32,
    tokens,
    reason: fc.constantFrom<RefusalReason>('limits', 'noRoute', 'tokens', 'seen', 'busy', 'late'),
    best: fc.option(
      fc.record({
        limit: fc.constantFrom<LimitName>('rttMs', 'cost', 'mbps', 'lossPercent', 'hops'),
        value: fc.integer({ min: 1, max: 400 }),
        over: u32,
      }),
      { nil: undefined },
    ),
  }),
});

test('what is written is read again, to the last unit of the wire', () => {
  fc.assert(
    fc.property(fc.oneof(anyQuery, answer, refusal), (message) => {
      const read = decodeControl(encodeControl(message));
      // Twice through the bytes: what the wire cannot hold more exactly is lost the first time.
      if (read === 'malformed') throw new Error('it was not understood');
      assert.equal(decodeControl(encodeControl(read)), read);
      assert.equal(rounded(read), rounded(message));
    }),
  );
});

/** Without what binary fractions make of decimal ones. */
function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part) => {
      if (typeof part === 'bigint') return part.toString();
      return typeof part === 'number' ? Math.round(part * 1e6) / 1e6 : part;
    }),
  );
}

/** The limits of a query as its receiver sees them. */
function received(limits: RouteLimits): RouteLimits {
  const soFar = { rttMs: 1, cost: 1, mbps: 1, delivery: 1, hops: 1 };
  const kind = { follow: undefined, fresh: false, slackPercent: 0 };
  const query = { id: 1n, branch: 1, destination: 9, limits, ...kind, soFar, path: [1], tokens: 1, patienceMs: 1 };
  const message = decodeControl(encodeControl({ kind: 'routeQuery', query }));
  if (message === 'malformed' || message.kind !== 'routeQuery') throw new Error('it was not understood');
  return message.query.limits;
}

test('limits are rounded towards the tighter one', () => {
  assert.equal(received({ cost: 13.65, mbps: 1.0001, rttMs: 1.0009 }), { cost: 13, mbps: 1.001, rttMs: 1 });
});

test('paths that are none, and numbers out of range, are refused', () => {
  const base = { branch: 1, ageMs: 0, addresses: [], measure: { rttMs: 1, cost: 1, mbps: 1, delivery: 1, hops: 2 } };
  const read = (path: number[]) => decodeControl(encodeControl({ kind: 'routeAnswer', answer: { ...base, path } }));
  assert.is.not(read([1, 2, 3]), 'malformed');
  assert.is(read([1, 2, 1]), 'malformed', 'a node twice');
  assert.is(read([1, 2]), 'malformed', 'other hops than were measured');
  assert.is(read([1, 0, 3]), 'malformed', 'nobody');
});

test('an answer tells of no more addresses than one node may have', () => {
  const base = { branch: 1, ageMs: 0, path: [1, 2], measure: { rttMs: 1, cost: 1, mbps: 1, delivery: 1, hops: 1 } };
  const some = [1, 2, 3, 4].map((port) => ({ scheme: 'udp', family: 4, host: '10.0.0.1', port }) as const);
  const encoded = (addresses: readonly NodeAddress[]) =>
    encodeControl({ kind: 'routeAnswer', answer: { ...base, addresses } });
  const message = decodeControl(encoded([...some, { ...some[0], port: 5 } as NodeAddress]));
  assert.equal(message !== 'malformed' && message.kind === 'routeAnswer' && message.answer.addresses, some);
  const bytes = toBinary(
    ControlSchema,
    create(ControlSchema, {
      body: {
        case: 'routeAnswer',
        value: {
          branch: 1,
          path: [1, 2],
          measure: { rttUs: 1, hops: 1 },
          addresses: [1, 2, 3, 4, 5].map((port) => ({ port })),
        },
      },
    }),
  );
  assert.is(decodeControl(bytes), 'malformed', 'five');
});

test('any bytes yield a message or a refusal', () => {
  fc.assert(
    fc.property(
      fc.oneof(anyQuery, answer, refusal),
      fc.array(fc.tuple(u32, u32), { maxLength: 8 }),
      (message, changes) => {
        const bytes = encodeControl(message);
        for (const [at, value] of changes) bytes[at % bytes.length] = value & 255;
        decodeControl(bytes);
      },
    ),
  );
});

test.run();
