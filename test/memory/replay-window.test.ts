import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LINK_LOCK } from '../../ts/memory/link-table.js';
import { createRegion, LINK_ENTRY_BYTES } from '../../ts/memory/region.js';
import { ReplayWindows } from '../../ts/memory/replay-window.js';
import { replayTrace, setHighest } from './replay-trace.js';

const TWO_32 = 2 ** 32;
const LINK = 3;

/** What a window must do, said plainly: remember everything. */
class Reference {
  readonly #seen = new Set<number>();
  highest: number;
  constructor(highest: number) {
    this.highest = highest;
  }
  accept(counter: number): boolean {
    if (counter === 0 || counter <= this.highest - 4096 || this.#seen.has(counter)) return false;
    this.#seen.add(counter);
    this.highest = Math.max(this.highest, counter);
    return true;
  }
}

for (const start of [0, TWO_32 - 3000, 5 * TWO_32 - 3000, 2 ** 52])
  test(`behaves as a memory of everything does, from counter ${start}`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const region = createRegion({ workers: 1, links: 5 });
      const windows = new ReplayWindows(region);
      setHighest(region, LINK, start);
      const reference = new Reference(start);
      for (const counter of replayTrace(seed, start, 3000)) {
        const low = counter % TWO_32;
        const high = windows.inferHigh(LINK, low);
        assert.is(high, Math.floor(counter / TWO_32), `high half of ${counter} at ${reference.highest}`);
        assert.is(windows.accept(LINK, high, low), reference.accept(counter), `${counter} at ${reference.highest}`);
      }
      const bits = new Int32Array(region.buffer, region.layout.replayWindows);
      const own = bits.subarray(LINK * 128, (LINK + 1) * 128).reduce((sum, word) => sum + (word === 0 ? 0 : 1), 0);
      assert.ok(own > 0);
      assert.is(
        bits.reduce((sum, word) => sum + (word === 0 ? 0 : 1), 0),
        own,
        'other windows are untouched',
      );
    }
  });

test('the high half is that of the nearest counter', () => {
  const region = createRegion({ workers: 1, links: 5 });
  const windows = new ReplayWindows(region);
  const infer = (highest: number, low: number) => {
    setHighest(region, LINK, highest);
    return windows.inferHigh(LINK, low);
  };
  assert.is(infer(0, 1), 0);
  assert.is(infer(0, TWO_32 - 1), 0); // nothing lies before 0
  assert.is(infer(TWO_32 - 1, 0), 1);
  assert.is(infer(TWO_32, TWO_32 - 1), 0);
  assert.is(infer(7 * TWO_32 + 10, TWO_32 - 1), 6);
  assert.is(infer(7 * TWO_32 + 2 ** 31 + 1, 0), 8);
  assert.is(infer(7 * TWO_32 + 2 ** 31, 0), 7);
});

test('a jump clears the whole window, counter 0 and counters from 2^53 on are refused', () => {
  const windows = new ReplayWindows(createRegion({ workers: 1, links: 5 }));
  assert.not(windows.accept(LINK, 0, 0));
  for (let low = 1; low <= 5000; low++) assert.ok(windows.accept(LINK, 0, low));
  assert.ok(windows.accept(LINK, 9, 1));
  for (let low = TWO_32 - 4094; low < TWO_32; low++) assert.ok(windows.accept(LINK, 8, low));
  assert.not(windows.accept(LINK, 8, TWO_32 - 4095));
  assert.not(windows.accept(LINK, 0x20_0000, 0));
  assert.not(windows.accept(LINK, 9, 1));
});

test('locks of a dead worker are given back, those of others are not', () => {
  const region = createRegion({ workers: 2, links: 5 });
  const windows = new ReplayWindows(region);
  const lock = (link: number) =>
    new Int32Array(region.buffer)[(region.layout.linkEntries + link * LINK_ENTRY_BYTES + LINK_LOCK) / 4];
  windows.lock(2, 0);
  windows.lock(4, 1);
  assert.equal([lock(2), lock(4)], [1, 2]);
  assert.is(windows.breakLocks(1), 1);
  assert.equal([lock(2), lock(4)], [1, 0]);
  windows.unlock(2);
  assert.is(lock(2), 0);
});

test.run();
