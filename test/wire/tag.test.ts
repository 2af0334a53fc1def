import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkTag, tagKey, writeTag } from '../../ts/wire/tag.js';

const key = tagKey(Uint8Array.from({ length: 16 }, (_, i) => i * 7));
const other = tagKey(new Uint8Array(16));

const frame = (minType: number, maxType: number) =>
  fc
    .tuple(fc.integer({ min: minType, max: maxType }), fc.uint8Array({ minLength: 48, maxLength: 200 }))
    .map(([type, bytes]) => {
      bytes[0] = 0x10 | type;
      return bytes;
    });

test('a tag is right under its key and counter, and under no other', () => {
  fc.assert(
    fc.property(frame(0, 3), fc.nat(), fc.nat({ max: 64 }), (bytes, high, at) => {
      const view = new DataView(new ArrayBuffer(at + bytes.length));
      new Uint8Array(view.buffer).set(bytes, at);
      writeTag(view, at, bytes.length, key, high);
      assert.ok(checkTag(view, at, bytes.length, key, high));
      assert.not.ok(checkTag(view, at, bytes.length, other, high));
      assert.not.ok(checkTag(view, at, bytes.length, key, high + 1));
    }),
  );
});

test('every covered bit counts; the payload only in frames that are not data', () => {
  fc.assert(
    fc.property(frame(0, 3), fc.nat(), fc.nat({ max: 7 }), (bytes, place, bit) => {
      const view = new DataView(new ArrayBuffer(bytes.length));
      new Uint8Array(view.buffer).set(bytes);
      writeTag(view, 0, bytes.length, key, 5);
      const at = place % bytes.length;
      if (at === 0) return; // version and type: another type covers other bytes
      view.setUint8(at, view.getUint8(at) ^ (1 << bit));
      const isData = (bytes[0] as number) === 0x10;
      assert.is(checkTag(view, 0, bytes.length, key, 5), isData && at >= 48);
    }),
  );
});

test('a key has sixteen bytes', () => {
  assert.throws(() => tagKey(new Uint8Array(15)), /16 bytes/);
});

test.run();
