/** The parts of an emulated network: the order of release, the store of frames, what becomes of a frame in a wire. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EmulatedChannels, FULL, LOST, TOO_LARGE } from '../../../ts/data/emulation/channel.js';
import { ReleaseHeap } from '../../../ts/data/emulation/release-heap.js';
import { CELL_BYTES, FrameStore } from '../../../ts/data/frame-store.js';
import { type EmulationModel, type EmulationRule, ruleFor } from '../../../ts/kit/emulation.js';
import { seededRandom } from '../../../ts/kit/random.js';
import { createWires } from '../../../ts/memory/emulated-wires.js';

const NOTHING: EmulationModel = { delay: 0, jitter: 0, loss: 0, reorder: 0, rate: 0, queue: 50, mtu: 0 };

function channel(model: Partial<EmulationModel>, wires = createWires(1, 0)): EmulatedChannels {
  return new EmulatedChannels([{ ...NOTHING, ...model }], new Int32Array(wires), seededRandom(7));
}

/** A frame enters at this time, ms. */
function enter(wire: EmulatedChannels, now: number, bytes: number): number {
  wire.setNow(now);
  return wire.enter(0, 0, bytes);
}

const cellsOf = (length: number) => Math.max(1, Math.ceil(length / CELL_BYTES));

/** Times at which ticks are about to change their sign, or to come round. */
const WRAPS = [5, 2 ** 31 / 1000 - 9, 2 ** 32 / 1000 - 9, 2 ** 32 / 1000 - 100e3, 7 * (2 ** 32 / 1000) + 3, 1e12];

test('frames leave the heap by tick, those of one tick in the order in which they came, also where ticks wrap', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(-1)), { maxLength: 200 }),
      fc.constantFrom(0, 0x7fff_ffff, -20, 123),
      (steps, base) => {
        const heap = new ReleaseHeap(200);
        const model: { frame: number; tick: number }[] = [];
        for (const [frame, step] of steps.entries()) {
          if (step >= 0) {
            heap.push(frame, (base + step) | 0);
            model.push({ frame, tick: step });
            continue;
          }
          const least = model.reduce((best, each) => (each.tick < best ? each.tick : best), Infinity);
          const first = model.findIndex(({ tick }) => tick === least);
          assert.is(heap.size, model.length);
          if (first < 0) continue;
          assert.is(heap.firstTick, (base + least) | 0);
          assert.is(heap.pop(), model.splice(first, 1)[0]?.frame);
        }
      },
    ),
  );
});

test('the store gives back every frame as it was, refuses what does not fit, and loses no cell', () => {
  const sizes = fc.integer({ min: 0, max: 3 * CELL_BYTES });
  fc.assert(
    fc.property(fc.array(fc.record({ put: fc.boolean(), size: sizes }), { maxLength: 100 }), (steps) => {
      const store = new FrameStore(16);
      const kept: { frame: number; bytes: Uint8Array }[] = [];
      for (const [step, { put, size }] of steps.entries()) {
        if (put) {
          const bytes = Uint8Array.from({ length: size }, (_, i) => step + i * 3);
          const free = store.freeCells;
          const frame = store.put(new DataView(bytes.buffer), 0, size);
          assert.is(frame >= 0, cellsOf(size) <= free);
          if (frame >= 0) kept.push({ frame, bytes });
        } else if (kept.length > 0) {
          const [{ frame, bytes }] = kept.splice(size % kept.length, 1) as [(typeof kept)[0]];
          const out = new Uint8Array(bytes.length);
          assert.is(store.length(frame), bytes.length);
          store.take(frame, new DataView(out.buffer), 0);
          assert.equal(out, bytes);
        }
        const used = kept.reduce((sum, { bytes }) => sum + cellsOf(bytes.length), 0);
        assert.equal([store.size, store.freeCells], [kept.length, 16 - used]);
      }
    }),
  );
});

test('delay and jitter: uniform within the bounds, in order, wherever the clock stands', () => {
  for (const start of WRAPS) {
    const wire = channel({ delay: 50, jitter: 5 });
    let before = 0;
    let sum = 0;
    for (let i = 0; i < 2000; i++) {
      const after = enter(wire, start + i * 20, 1200);
      assert.ok(after >= 45_000 && after <= 55_000, `${after}`);
      assert.ok(i * 20_000 + after >= before, 'a frame overtook another');
      before = i * 20_000 + after;
      sum += after;
    }
    assert.ok(Math.abs(sum / 2000 - 50_000) < 300, `the mean is ${sum / 2000}`);
  }
});

test('frames close together keep their order, whatever the jitter', () => {
  const wire = channel({ delay: 10, jitter: 10 });
  let before = 0;
  for (let ms = 5; ms < 100; ms += 0.05) {
    const out = ms * 1000 + enter(wire, ms, 100);
    assert.ok(out >= before - 0.001, `${out} before ${before}`);
    before = out;
  }
});

test('loss and reordering take their shares', () => {
  const lossy = channel({ loss: 0.1 });
  const lost = Array.from({ length: 10_000 }, (_, i) => enter(lossy, i, 100)).filter((after) => after === LOST);
  assert.ok(lost.length > 850 && lost.length < 1150, `${lost.length}`);
  const restless = channel({ delay: 20, reorder: 0.25 });
  const early = Array.from({ length: 10_000 }, (_, i) => enter(restless, i, 100)).filter((after) => after === 0);
  assert.ok(early.length > 2300 && early.length < 2700, `${early.length}`);
});

test('a rate spaces frames, its queue takes what fits its length, and the rest is refused, wherever the clock stands', () => {
  for (const start of WRAPS) {
    const wire = channel({ rate: 125, queue: 10 }); // 1 Mbit/s: 1000 bytes are 8 ms
    assert.equal(
      [0, 0, 0, 0].map(() => enter(wire, start, 1000)),
      [8000, 16_000, FULL, FULL],
    );
    assert.is(enter(wire, start + 16, 1000), 8000, 'the wire is free again');
  }
});

test('a rate holds in the long run to the byte, for frames that are no whole number of ticks', () => {
  const wire = channel({ rate: 3000, queue: 2000 });
  let out = 0;
  for (let i = 0; i < 3000; i++) out = enter(wire, 5, 1001);
  assert.ok(Math.abs(out - (3000 * 1001) / 3) <= 1, `${out}`);
});

test('two workers share a wire', () => {
  const wires = createWires(1, 0);
  const [one, two] = [channel({ rate: 125 }, wires), channel({ rate: 125 }, wires)];
  assert.equal([enter(one, 5, 1000), enter(two, 5, 1000), enter(one, 5, 1000)], [8000, 16_000, 24_000]);
});

test('a wire that was idle is free, however long: also when ticks have come round', () => {
  const round = 2 ** 32 / 1000;
  for (const idle of [1e3, round / 2 + 1, round - 1, round - 9, round, 3 * round - 5]) {
    const wire = channel({ rate: 125 });
    assert.is(enter(wire, 1e6, 1000), 8000);
    assert.is(enter(wire, 1e6 + idle, 1000), 8000, `after ${idle} ms`);
  }
});

test('what is larger than the MTU vanishes, and takes no time of the wire', () => {
  const wire = channel({ mtu: 1400, rate: 125 });
  assert.equal([enter(wire, 5, 1401), enter(wire, 5, 1400)], [TOO_LARGE, 11_200]);
});

test('the most specific rule counts, and of those alike the last', () => {
  const rules = (
    [
      { kind: 'peer', peer: 5 },
      { kind: 'all' },
      { kind: 'listen', sockets: [1, 2] },
      { kind: 'listen', sockets: [2] },
      { kind: 'all' },
      { kind: 'peer', peer: 6 },
    ] as const
  ).map((target): EmulationRule => ({ target, model: NOTHING }));
  assert.is(ruleFor(rules, 2, 5), 0);
  assert.is(ruleFor(rules, 2, 6), 5);
  assert.is(ruleFor(rules, 2, 7), 3);
  assert.is(ruleFor(rules, 1, 0), 2);
  assert.is(ruleFor(rules, 0, 0), 4);
  assert.is(ruleFor(rules.slice(2, 4), 0, 5), -1);
});

test.run();
