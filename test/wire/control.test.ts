/** Control messages and error payloads: what is written is read, whatever is not is refused by name. */
import { create } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeControl, encodeControl } from '../../ts/wire/control.js';
import { decodeError, ERROR_BYTES, ErrorCode, type ErrorName, encodeError } from '../../ts/wire/error-payload.js';
import { makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { RoutingSyncSchema } from '../../ts/wire/gen/portolan/v1/control_pb.js';
import { OFFSET_TAG, TAG_BYTES } from '../../ts/wire/link-header.js';
import { Protocol } from '../../ts/wire/network-header.js';
import { readVectors, type Vector } from './vectors.js';

test('goodbyes and routing messages are read as they were written', () => {
  for (const reason of ['shutdown', 'replaced', 'removed', 'silence', 'other'] as const)
    assert.equal(decodeControl(encodeControl({ kind: 'goodbye', reason })), { kind: 'goodbye', reason });
  const id = 0x01_02_03_04;
  assert.equal(decodeControl(encodeControl({ kind: 'suspicion', id })), { kind: 'suspicion', id });
  assert.is(decodeControl(encodeControl({ kind: 'suspicion', id: 0 })), 'malformed');
  fc.assert(
    fc.property(
      fc.nat(0xffff_ffff),
      fc.uint8Array(),
      fc.array(fc.nat(0xffff_ffff)),
      (number, entries, acknowledged) => {
        const message = create(RoutingSyncSchema, { number, entries, acknowledged });
        const read = decodeControl(encodeControl({ kind: 'routingSync', message }));
        assert.equal(read, { kind: 'routingSync', message });
      },
    ),
  );
});

test('any bytes are a control message or malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1200 }), (input) => {
      const read = decodeControl(input);
      assert.ok(read === 'malformed' || read.kind === 'goodbye' || read.kind === 'routingSync');
    }),
  );
  assert.is(decodeControl(new Uint8Array()), 'malformed');
});

test('an error carries its code, limit and the headers of the packet', () => {
  const packet = makeFrame(
    { source: 0x01010101, destination: 0x01010102, sourcePort: 5, sequence: 77 },
    new Uint8Array(9),
  );
  for (const code of Object.keys(ErrorCode) as ErrorName[]) {
    const payload = encodeError(code, packet, 1152);
    assert.is(payload.byteLength, ERROR_BYTES);
    assert.equal(decodeError(payload), { code, limit: 1152, headers: readHeaders(packet) });
  }
});

test('any bytes are an error or malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (input) => {
      const read = decodeError(input);
      assert.ok(read === 'malformed' || read.code in ErrorCode);
    }),
  );
  const good = encodeError('noRoute', makeFrame({}, new Uint8Array()));
  assert.is(decodeError(good.subarray(0, 55)), 'malformed');
  for (const code of [0, 6, 255]) assert.is(decodeError(Uint8Array.of(code, ...good.subarray(1))), 'malformed');
});

test('golden vector of an error packet', () => {
  const vector = readVectors().find(({ name }) => name === 'error') as Vector;
  const offender = makeFrame(
    {
      ttl: 1,
      linkNumber: 0x2001,
      counter: 77,
      destination: 0x01010103,
      sourcePort: 5000,
      destinationPort: 6000,
      source: 0x01010101,
      protocol: Protocol.EchoRequest,
      sequence: 9,
    },
    new Uint8Array(),
  );
  offender.fill(0xaa, OFFSET_TAG, OFFSET_TAG + TAG_BYTES);
  assert.equal(encodeError('ttlExceeded', offender), vector.bytes('payload'));
  assert.equal(decodeError(vector.bytes('payload')), { code: 'ttlExceeded', limit: 0, headers: readHeaders(offender) });
});

test.run();
