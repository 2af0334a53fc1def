/** Routing messages are written and read by hand; the library, which does the same by reflection, is the judge. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeControl } from '../../ts/wire/control.js';
import {
  ControlSchema,
  DigestSchema,
  RouteRequestSchema,
  type RoutingSync,
  RoutingSyncSchema,
} from '../../ts/wire/gen/portolan/v1/control_pb.js';
import { decodeRoutingSync, encodeRoutingSync } from '../../ts/wire/routing-sync.js';

const uint32 = fc.oneof(fc.constant(0), fc.nat(200), fc.nat(0xffff_ffff));

const request = fc
  .record({
    layer: uint32,
    byte: uint32,
    trafficClass: uint32,
    seqno: uint32,
    distance: uint32,
    bump: fc.boolean(),
    hopBudget: uint32,
  })
  .map((fields) => create(RouteRequestSchema, fields));

const digest = fc
  .record({ layers: fc.array(uint32, { maxLength: 6 }), lastNumber: uint32 })
  .map((fields) => create(DigestSchema, fields));

const message: fc.Arbitrary<RoutingSync> = fc
  .record({
    number: uint32,
    acknowledged: fc.array(uint32, { maxLength: 50 }),
    baseSeqno: uint32,
    entries: fc.uint8Array({ maxLength: 1200 }),
    requests: fc.array(request, { maxLength: 8 }),
    digest: fc.option(digest, { nil: undefined }),
    resendLayers: uint32,
  })
  .map(({ digest: hashes, ...fields }) => create(RoutingSyncSchema, { ...fields, ...(hashes && { digest: hashes }) }));

/** What the library makes of a message, and of bytes. */
const written = (value: RoutingSync) =>
  toBinary(ControlSchema, create(ControlSchema, { body: { case: 'routingSync', value } }));

function read(bytes: Uint8Array): RoutingSync | 'goodbye' | 'malformed' {
  try {
    const { body } = fromBinary(ControlSchema, bytes);
    if (body.case === 'routingSync') return body.value;
    return body.case === 'goodbye' ? 'goodbye' : 'malformed';
  } catch {
    return 'malformed';
  }
}

test('the bytes are those that the library writes', () => {
  fc.assert(
    fc.property(message, (value) => {
      assert.equal(encodeRoutingSync(value), written(value));
    }),
  );
  assert.equal(encodeRoutingSync(create(RoutingSyncSchema)), written(create(RoutingSyncSchema)));
});

test('every message is read by hand, and as the library reads it', () => {
  fc.assert(
    fc.property(message, (value) => {
      const bytes = written(value);
      assert.equal(decodeRoutingSync(bytes), read(bytes));
    }),
  );
});

test('whatever is read by hand is what the library reads, also of bytes that nobody wrote', () => {
  let byHand = 0;
  const spoiled = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(4))
    .map(([value, changes, cut]) => {
      const bytes = written(value);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, bytes.length - Math.max(0, cut - 2));
    });
  fc.assert(
    fc.property(fc.oneof(spoiled, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      const value = decodeRoutingSync(bytes);
      if (!value) return;
      byHand++;
      assert.equal(read(bytes), value);
    }),
    { numRuns: 2000 },
  );
  assert.ok(byHand > 100, `${byHand} were read by hand`);
});

test('what is not as usual is left to the library', () => {
  const usual = written(create(RoutingSyncSchema, { number: 5, acknowledged: [1, 2] }));
  const unknownField = Uint8Array.of(0x0a, 4, 0x08, 5, 0x78, 1);
  const twice = Uint8Array.of(0x0a, 4, 0x08, 5, 0x08, 6);
  const longVarint = Uint8Array.of(0x0a, 7, 0x08, 0x85, 0x80, 0x80, 0x80, 0x80, 0);
  const unpacked = Uint8Array.of(0x0a, 4, 0x10, 1, 0x10, 2);
  const goodbye = Uint8Array.of(0x12, 2, 0x08, 1);
  assert.ok(decodeRoutingSync(usual));
  for (const bytes of [unknownField, twice, longVarint, unpacked, goodbye]) {
    assert.is(decodeRoutingSync(bytes), undefined);
    assert.is.not(decodeControl(bytes), 'malformed');
  }
  assert.equal(decodeControl(twice), {
    kind: 'routingSync',
    message: create(RoutingSyncSchema, { number: 6 }),
  });
});

const names = (schema: { readonly fields: readonly { readonly name: string }[] }) =>
  schema.fields.map(({ name }) => name).join(' ');

test('every field of the schema is known', () => {
  assert.is(names(RoutingSyncSchema), 'number acknowledged base_seqno entries requests digest resend_layers');
  assert.is(names(RouteRequestSchema), 'layer byte traffic_class seqno distance bump hop_budget');
  assert.is(names(DigestSchema), 'layers last_number');
});

test.run();
