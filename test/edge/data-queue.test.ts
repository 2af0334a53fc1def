/** Frames that wait come out as they went in, and in their order. */
import { array, boolean, assert as check, integer, option, property, record } from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataQueue } from '../../ts/edge/tcp/data-queue.js';

interface Frame {
  readonly bytes: Uint8Array;
  readonly number: number;
  readonly isTransit: boolean;
}

const frames = record({
  bytes: integer({ min: 48, max: 65_507 }).map((length) => new Uint8Array(length).fill(length & 255)),
  number: integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  isTransit: boolean(),
});

test('any order of putting in and taking out', () => {
  const slab = new Uint8Array(70_000);
  check(
    property(array(option(frames), { maxLength: 60 }), (steps) => {
      const queue = new DataQueue();
      const waiting: Frame[] = [];
      for (const frame of steps) {
        if (frame !== null) {
          slab.set(frame.bytes, 8);
          queue.push(slab, 8, frame.bytes.length, frame.number, frame.isTransit);
          waiting.push(frame);
        } else if (waiting.length > 0) {
          const expected = waiting.shift() as Frame;
          assert.equal(
            [queue.length, queue.number, queue.isTransit],
            [expected.bytes.length, expected.number, expected.isTransit],
          );
          queue.take(slab, 16);
          assert.equal(slab.slice(16, 16 + expected.bytes.length), expected.bytes);
        }
        assert.is(queue.frames, waiting.length);
        assert.is(
          queue.bytes,
          waiting.reduce((sum, { bytes }) => sum + bytes.length, 0),
        );
      }
      assert.is(queue.clear(), waiting.length);
      assert.equal([queue.frames, queue.bytes], [0, 0]);
    }),
    { numRuns: 40 },
  );
});

test.run();
