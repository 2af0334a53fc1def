/** The messages of packet trains survive their bytes, and what makes no sense is malformed. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ControlMessage, decodeControl, encodeControl } from '../../ts/wire/control.js';
import { LEAST_TRAIN, LONGEST_TRAIN } from '../../ts/wire/trains.js';

const u32 = fc.nat(0xffff_ffff);

const same = (message: ControlMessage) => assert.equal(decodeControl(encodeControl(message)), message);

test('frames of trains and reports are read as they were written', () => {
  const train = fc
    .integer({ min: LEAST_TRAIN, max: LONGEST_TRAIN })
    .chain((frames) =>
      fc.record({ number: u32, index: fc.nat(frames - 1), frames: fc.constant(frames) }, { noNullPrototype: true }),
    );
  const report = fc.record(
    {
      number: u32,
      received: fc.integer({ min: 1, max: LONGEST_TRAIN }),
      dispersion: fc.nat(4_000_000_000).map((us) => us / 1000),
      bytes: u32,
      others: u32,
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(train, fc.nat(9000), (frame, padding) => same({ kind: 'train', train: frame, padding })));
  fc.assert(fc.property(report, (one) => same({ kind: 'trainReport', report: one })));
});

test('a train of one frame or of too many, a frame behind its end, a report on nothing: malformed', () => {
  for (const [index, frames] of [
    [0, 0],
    [0, 1],
    [4, 4],
    [0, LONGEST_TRAIN + 1],
  ] as const) {
    const bytes = encodeControl({ kind: 'train', train: { number: 1, index, frames }, padding: 0 });
    assert.is(decodeControl(bytes), 'malformed', `${index} of ${frames}`);
  }
  const report = { number: 1, dispersion: 1, bytes: 1, others: 0 };
  for (const received of [0, LONGEST_TRAIN + 1])
    assert.is(decodeControl(encodeControl({ kind: 'trainReport', report: { ...report, received } })), 'malformed');
});

test.run();
