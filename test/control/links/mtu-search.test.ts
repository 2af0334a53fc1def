import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mtuCandidates } from '../../../ts/control/links/mtu-candidates.js';
import { CONFIRM_MS, MAX_PROBES, MtuSearch, RAISE_MS, SUSPECT_GAP_MS } from '../../../ts/control/links/mtu-search.js';

const BASE = 1200;
const WAIT = 100;
const { sizes, first } = mtuCandidates({ family: 4 });
const largestUpTo = (mtu: number): number => sizes.findLast((size) => size <= mtu) ?? BASE;

/** A path that carries up to `mtu`; `fate` decides of each probe that would fit whether it is lost all the same. */
class Path {
  now = 1000;
  probes: number[] = [];
  #sequence = 0;
  readonly search = new MtuSearch(BASE, sizes, first);

  constructor(
    public mtu: number,
    readonly isLost: () => boolean = () => false,
  ) {}

  /** Runs for `ms`; after each event `check` is called. */
  run(ms: number, check: () => void = () => undefined): void {
    const end = this.now + ms;
    for (;;) {
      const at = this.search.nextTimeout();
      if (at > end) break;
      this.now = Math.max(this.now, at);
      const size = this.search.poll(this.now);
      check();
      if (size !== 0) this.#probe(size);
      check();
    }
    this.now = end;
  }

  #probe(size: number): void {
    this.probes.push(size);
    const sequence = ++this.#sequence;
    this.search.sent(size, sequence, WAIT, this.now);
    const small = ++this.#sequence;
    if (size <= this.mtu && !this.isLost()) this.search.acknowledged(sequence, size, this.now + 10);
    this.search.alive(small);
  }
}

test('it settles at the largest candidate that the path carries, and never above the path', () => {
  fc.assert(
    fc.property(fc.integer({ min: BASE, max: 10_000 }), (mtu) => {
      const path = new Path(mtu);
      path.run(60_000, () => assert.ok(path.search.mtu <= mtu));
      assert.is(path.search.state, 'complete');
      assert.is(path.search.mtu, largestUpTo(mtu));
    }),
  );
});

test('lost probes make it smaller than it could be, never larger; after the raise timer it is right', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: BASE, max: 10_000 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
      (mtu, dice) => {
        let lossy = true;
        const path = new Path(mtu, () => lossy && (dice.next().value as number) < 3);
        path.run(60_000, () => assert.ok(path.search.mtu <= mtu));
        lossy = false;
        path.run(2 * RAISE_MS, () => assert.ok(path.search.mtu <= mtu));
        assert.is(path.search.mtu, largestUpTo(mtu));
      },
    ),
    { numRuns: 50 },
  );
});

test('the path changes again and again: at the end it is right', () => {
  const mtus = fc.array(fc.integer({ min: BASE, max: 10_000 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(mtus, (steps) => {
      const path = new Path(1500);
      path.run(10_000);
      for (const mtu of steps) {
        path.mtu = mtu;
        path.run(RAISE_MS + 60_000);
        assert.is(path.search.mtu, largestUpTo(mtu));
      }
    }),
    { numRuns: 50 },
  );
});

test('the common size comes first, then the largest, then halves; each is tried three times', () => {
  const path = new Path(1472);
  path.run(10_000);
  assert.equal(path.probes.slice(0, 1 + MAX_PROBES), [1472, 8972, 8972, 8972]);
  assert.is(path.search.probesLost, path.probes.length - 1);
  assert.ok(path.probes.length <= 1 + 4 * MAX_PROBES, `${path.probes.length} probes`);
});

test('without signs of life nothing is lost', () => {
  const search = new MtuSearch(BASE, sizes, first);
  assert.is(search.poll(0), 1472);
  search.sent(1472, 1, WAIT, 0);
  assert.is(search.nextTimeout(), Infinity);
  assert.is(search.poll(60_000), 0);
  search.alive(1);
  assert.is(search.poll(60_000), 0, 'a hello from before the probe says nothing');
  search.alive(2);
  assert.is(search.poll(60_000), 1472, 'the second attempt');
});

test('an answer counts whenever it comes, to whichever attempt, but only of that size', () => {
  const search = new MtuSearch(BASE, sizes, first);
  search.sent(search.poll(0), 1, WAIT, 0);
  search.alive(2);
  search.sent(search.poll(WAIT), 3, WAIT, WAIT);
  search.acknowledged(1, 8972, WAIT);
  search.acknowledged(2, 1472, WAIT);
  search.acknowledged(9, 1472, WAIT);
  assert.is(search.mtu, BASE);
  search.acknowledged(1, 1472, WAIT);
  assert.is(search.mtu, 1472);
});

test('sequences may wrap', () => {
  const search = new MtuSearch(BASE, sizes, first);
  search.sent(search.poll(0), 0xffff_ffff, WAIT, 0);
  search.alive(0);
  assert.is(search.poll(WAIT), 1472, 'lost: a later hello was answered');
});

test('a black hole is found at once when frames are lost, at the latest by the next confirmation', () => {
  for (const suspects of [true, false]) {
    const path = new Path(8972);
    path.run(5_000);
    assert.is(path.search.mtu, 8972);
    path.mtu = 1472;
    if (suspects) path.search.suspect(path.now);
    path.run(suspects ? SUSPECT_GAP_MS + 4 * WAIT : CONFIRM_MS + 4 * WAIT);
    assert.ok(path.search.mtu <= 1472);
    path.run(5_000);
    assert.equal([path.search.state, path.search.mtu], ['complete', 1472]);
  }
});

test('suspicion costs at most two probes a second, and none at the base', () => {
  const path = new Path(1472);
  path.run(5_000);
  const before = path.probes.length;
  for (let i = 0; i < 100; i++) {
    path.search.suspect(path.now);
    path.run(10);
  }
  assert.ok(path.probes.length - before <= 3);
  const small = new Path(BASE);
  small.run(5_000);
  const probes = small.probes.length;
  small.search.suspect(small.now);
  small.run(5_000);
  assert.is(small.probes.length, probes);
});

test('IPv6 has its own sizes', () => {
  assert.is(mtuCandidates({ family: 6 }).first, 1452);
  assert.is(mtuCandidates({ family: 6 }).sizes[0], 1232);
  assert.is(mtuCandidates({ family: 6 }).sizes.at(-1), 8952);
});

test.run();
