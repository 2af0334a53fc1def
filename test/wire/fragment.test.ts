import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  FRAGMENT_BYTES,
  MAX_PARTS,
  MAX_WHOLE,
  partBytes,
  partLength,
  readFragment,
  writeFragment,
} from '../../ts/wire/fragment.js';
import { Protocol } from '../../ts/wire/network-header.js';
import { readVectors } from './vectors.js';

test('the parts of a datagram cover it once, without gaps', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: MAX_WHOLE }), fc.integer({ min: 2, max: MAX_PARTS }), (whole, parts) => {
      fc.pre(partLength(whole, parts, parts - 1) > 0);
      let covered = 0;
      for (let part = 0; part < parts; part++) {
        assert.is(part * partBytes(whole, parts), covered);
        const payload = new Uint8Array(FRAGMENT_BYTES + partLength(whole, parts, part));
        const fragment = { protocol: Protocol.Datagram, number: 0xabcdef, part, parts, whole };
        writeFragment(new DataView(payload.buffer), 0, fragment);
        assert.equal(readFragment(payload), fragment);
        covered += partLength(whole, parts, part);
      }
      assert.is(covered, whole);
    }),
  );
});

test('any bytes are a fragment that can be, or malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const fragment = readFragment(bytes);
      if (fragment === 'malformed') return;
      const { part, parts, whole } = fragment;
      assert.ok(parts >= 2 && part < parts && whole <= MAX_WHOLE);
      assert.ok(part * partBytes(whole, parts) + bytes.length - FRAGMENT_BYTES <= whole);
    }),
  );
});

const bytes = (part: number, parts: number, whole: number, length: number) => {
  const payload = new Uint8Array(FRAGMENT_BYTES + length);
  writeFragment(new DataView(payload.buffer), 0, { protocol: 0, number: 1, part, parts, whole });
  return readFragment(payload);
};

test('what cannot be is malformed', () => {
  assert.not.equal(bytes(0, 2, 100, 50), 'malformed');
  for (const wrong of [
    bytes(0, 2, 100, 49),
    bytes(0, 2, 100, 51),
    bytes(1, 2, 101, 51),
    bytes(2, 2, 100, 50),
    bytes(0, 1, 100, 100),
    bytes(0, 0, 0, 0),
    bytes(0, 9, 10, 2), // eight parts of 2 bytes are more than there are
    bytes(0, 2, MAX_WHOLE + 1, (MAX_WHOLE + 1) / 2),
    readFragment(new Uint8Array(FRAGMENT_BYTES - 1)),
  ])
    assert.is(wrong, 'malformed');
});

test('the golden fragment', () => {
  const vector = readVectors().find(({ name }) => name === 'fragment');
  assert.equal(readFragment(vector?.bytes('payload') ?? new Uint8Array()), {
    protocol: Protocol.Datagram,
    number: 0x010203,
    part: 1,
    parts: 2,
    whole: 9,
  });
});

test.run();
