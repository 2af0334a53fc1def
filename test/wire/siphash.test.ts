import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SipHash } from '../../ts/wire/siphash.js';

/** SipHash-2-4 of a whole message, as the paper writes it. */
function sipHash(key: Uint8Array, message: Uint8Array): string {
  const keys = new DataView(key.buffer, key.byteOffset);
  const hash = new SipHash();
  hash.start(keys.getUint32(0, true), keys.getUint32(4, true), keys.getUint32(8, true), keys.getUint32(12, true));
  const padded = new DataView(new ArrayBuffer((message.length + 8) & ~7));
  message.forEach((byte, i) => padded.setUint8(i, byte));
  let at = 0;
  for (; at + 8 <= message.length; at += 8) hash.block(padded.getUint32(at, true), padded.getUint32(at + 4, true));
  hash.finish(padded.getUint32(at, true), padded.getUint32(at + 4, true), message.length);
  return hash.high.toString(16).padStart(8, '0') + hash.low.toString(16).padStart(8, '0');
}

const key = Uint8Array.from({ length: 16 }, (_, i) => i);

test("the paper's example: key 00..0f, message 00..0e", () => {
  const message = Uint8Array.from({ length: 15 }, (_, i) => i);
  assert.is(sipHash(key, message), 'a129ca6149be45e5');
});

test('published vectors of the reference implementation', () => {
  const vectors = ['726fdb47dd0e0e31', '74f839c593dc67fd', '0d6c8009d9a94f5a', '85676696d7fb7e2d', 'cf2794e0277187b7'];
  vectors.forEach((expected, length) => {
    assert.is(
      sipHash(
        key,
        Uint8Array.from({ length }, (_, i) => i),
      ),
      expected,
      `length ${length}`,
    );
  });
});

test.run();
