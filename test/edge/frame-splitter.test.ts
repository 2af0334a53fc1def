import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameSplitter, LENGTH_BYTES, MAX_STREAM_FRAME_BYTES } from '../../ts/edge/tcp/frame-splitter.js';
import { HEADERS_BYTES } from '../../ts/wire/network-header.js';

function stream(frames: readonly Uint8Array[]): Uint8Array {
  const parts = frames.map((frame) => [frame.byteLength >>> 8, frame.byteLength & 255, ...frame]);
  return Uint8Array.from(parts.flat());
}

/** Cuts `bytes` at the given places, which may coincide. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => Math.floor(place * bytes.byteLength)), bytes.byteLength].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.slice(index === 0 ? 0 : ends[index - 1], end));
}

function collector(limit = MAX_STREAM_FRAME_BYTES) {
  const frames: Uint8Array[] = [];
  const splitter = new FrameSplitter(limit, (bytes, start, end) => frames.push(bytes.slice(start, end)) > 0);
  return { frames, splitter };
}

const frame = fc.uint8Array({ minLength: HEADERS_BYTES, maxLength: 300 });
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });

test('frames come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), places, (sent, cuts) => {
      const { frames, splitter } = collector();
      for (const chunk of cut(stream(sent), cuts)) assert.ok(splitter.push(chunk));
      assert.equal(frames, sent);
    }),
  );
});

test('a byte at a time, frames of every size', () => {
  const sent = [HEADERS_BYTES, 1200, 4000, HEADERS_BYTES, MAX_STREAM_FRAME_BYTES].map((length, i) =>
    new Uint8Array(length).fill(i + 1),
  );
  const { frames, splitter } = collector();
  for (const byte of stream(sent)) splitter.push(Uint8Array.of(byte));
  assert.equal(frames, sent);
});

test('a length that no frame has ends the stream, wherever it is cut; what came before is delivered', () => {
  const wrong = fc.oneof(fc.nat(HEADERS_BYTES - 1), fc.integer({ min: 301, max: 65_535 }));
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 5 }),
      wrong,
      fc.uint8Array({ maxLength: 100 }),
      places,
      (sent, length, rest, cuts) => {
        const { frames, splitter } = collector(300);
        const bytes = Uint8Array.from([...stream(sent), length >>> 8, length & 255, ...rest]);
        const chunks = cut(bytes, cuts);
        assert.not(chunks.every((chunk) => splitter.push(chunk)));
        assert.equal(frames, sent);
      },
    ),
  );
});

test('any bytes at all either make frames of allowed sizes or end the stream', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), places, (bytes, cuts) => {
      const { frames, splitter } = collector(500);
      for (const chunk of cut(bytes, cuts)) if (!splitter.push(chunk)) break;
      assert.ok(frames.every(({ byteLength }) => byteLength >= HEADERS_BYTES && byteLength <= 500));
      assert.ok(frames.reduce((sum, { byteLength }) => sum + byteLength + LENGTH_BYTES, 0) <= bytes.byteLength);
    }),
  );
});

test('a taker that wants no more gets no more', () => {
  let taken = 0;
  const splitter = new FrameSplitter(MAX_STREAM_FRAME_BYTES, () => ++taken < 2);
  assert.not(splitter.push(stream([new Uint8Array(50), new Uint8Array(60), new Uint8Array(70)])));
  assert.is(taken, 2);
});

test('what a length announces is not kept before it is allowed', () => {
  const { splitter } = collector(2_048);
  assert.not(splitter.push(Uint8Array.of(0xff, 0xff)));
  const { splitter: cutInTwo } = collector(2_048);
  assert.ok(cutInTwo.push(Uint8Array.of(0xff)));
  assert.not(cutInTwo.push(Uint8Array.of(0xff)));
});

test.run();
