import { createDecipheriv } from 'node:crypto';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatHeaders, type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import type { FrameType } from '../../ts/wire/link-header.js';
import { HEADERS_BYTES, OFFSET_DESTINATION, SEAL_BYTES } from '../../ts/wire/network-header.js';
import { checkTag, tagKey, writeTag } from '../../ts/wire/tag.js';
import { readVectors, type Vector } from './vectors.js';

const vectors = readVectors();

function headersOf(vector: Vector): Headers {
  return {
    type: vector.number('type') as FrameType,
    keyEpoch: vector.number('key-epoch'),
    ecn: vector.number('ecn'),
    ttl: vector.number('ttl'),
    linkNumber: vector.number('link-number'),
    label: vector.number('label'),
    counter: vector.number('counter'),
    destination: vector.number('destination'),
    sourcePort: vector.number('source-port'),
    destinationPort: vector.number('destination-port'),
    source: vector.number('source'),
    protocol: vector.number('protocol'),
    trafficClass: vector.number('class'),
    endKeyEpoch: vector.number('end-key-epoch'),
    flags: vector.number('flags'),
    sequence: vector.number('sequence'),
  };
}

test('every kind of frame has a golden vector', () => {
  const kinds = [
    'channel',
    'control',
    'datagram',
    'datagram-high-counter',
    'error',
    'fragment',
    'handshake-accept',
    'handshake-init',
    'handshake-init-leaf',
    'handshake-join',
    'handshake-probe',
    'handshake-probe-reply',
    'hello',
    'labelled',
    'neighbour-answer',
    'neighbour-request',
    'sealed',
  ];
  assert.equal(vectors.map((vector) => vector.name).sort(), kinds);
});

for (const vector of vectors) {
  test(`golden vector ${vector.name}: read, checked, and written again to the byte`, () => {
    const golden = vector.bytes('frame');
    const headers = headersOf(vector);
    assert.equal(readHeaders(golden), headers);

    const key = tagKey(vector.bytes('tag-key'));
    const high = vector.number('counter-high');
    assert.ok(checkTag(new DataView(golden.buffer), 0, golden.length, key, high), 'the tag is right');

    const written = makeFrame(headers, vector.bytes('payload'));
    writeTag(new DataView(written.buffer), 0, written.length, key, high);
    assert.equal(written, golden);
  });
}

test('the sealed vector opens with the network header as associated data', () => {
  const vector = vectors.find(({ name }) => name === 'sealed') as Vector;
  const frame = vector.bytes('frame');
  const decipher = createDecipheriv('aes-128-gcm', vector.bytes('seal-key'), vector.bytes('seal-nonce'));
  decipher.setAAD(frame.subarray(OFFSET_DESTINATION, HEADERS_BYTES));
  decipher.setAuthTag(frame.subarray(frame.length - SEAL_BYTES));
  const plain = Buffer.concat([decipher.update(frame.subarray(HEADERS_BYTES, -SEAL_BYTES)), decipher.final()]);
  assert.equal(Uint8Array.from(plain), vector.bytes('plain'));
});

test('any bytes are headers or a named refusal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const read = readHeaders(bytes);
      if (typeof read === 'string') assert.ok(['truncated', 'badVersion', 'badType'].includes(read));
      else assert.type(formatHeaders(read), 'string');
    }),
  );
});

test('refusals', () => {
  assert.is(readHeaders(new Uint8Array(47)), 'truncated');
  assert.is(readHeaders(new Uint8Array(48)), 'badVersion');
  const frame = makeFrame({}, new Uint8Array());
  frame[0] = 0x14;
  assert.is(readHeaders(frame), 'badType');
});

test('headers survive the wire', () => {
  const headers = fc.record<Headers>(
    {
      type: fc.constantFrom<FrameType>(0, 1, 2, 3),
      keyEpoch: fc.nat(3),
      ecn: fc.nat(3),
      ttl: fc.nat(255),
      linkNumber: fc.nat(0xffffffff),
      label: fc.nat(0xffffffff),
      counter: fc.nat(0xffffffff),
      destination: fc.nat(0xffffffff),
      sourcePort: fc.nat(0xffff),
      destinationPort: fc.nat(0xffff),
      source: fc.nat(0xffffffff),
      protocol: fc.nat(255),
      trafficClass: fc.nat(255),
      endKeyEpoch: fc.nat(255),
      flags: fc.nat(255),
      sequence: fc.maxSafeNat(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(headers, fc.uint8Array({ maxLength: 40 }), (h, payload) => {
      const frame = makeFrame(h, payload);
      assert.equal(readHeaders(frame), h);
      assert.equal(frame.subarray(HEADERS_BYTES), payload);
    }),
  );
});

test('headers are printed in one line', () => {
  const vector = vectors.find(({ name }) => name === 'labelled') as Vector;
  assert.is(
    formatHeaders(headersOf(vector)),
    'data datagram 1.1.1.1:40000 > 1.1.1.3:6000 ttl 17 link 0xabc00fff counter 4294967294 label 65538',
  );
});

test.run();
