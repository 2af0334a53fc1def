/** Orders to pin a route: what they do with what searches find, and with what becomes of paths. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PinnedPaths } from '../../../ts/control/pins/pinned-paths.js';
import { type PinState, RoutePins } from '../../../ts/control/pins/route-pins.js';
import type { QueryResult } from '../../../ts/control/query/queries.js';

const FOUND: QueryResult = {
  kind: 'found',
  path: [1, 2, 3],
  measure: { rttMs: 10, cost: 2, mbps: Infinity, delivery: 1, hops: 2 },
};
const REFUSED: QueryResult = { kind: 'refused', reason: 'limits', best: undefined };

/** One order, and everything that it makes others do. */
class Rig {
  readonly asked: number[] = [];
  readonly pinned: bigint[] = [];
  readonly unpinned: bigint[] = [];
  readonly states: PinState['state'][] = [];
  isLinked = true;
  now = 0;
  readonly pins: RoutePins;

  constructor() {
    let id = 0n;
    const paths: Pick<PinnedPaths, 'pin' | 'unpin'> = {
      pin: (request) => {
        if (this.isLinked) this.pinned.push(request.id);
        return this.isLinked;
      },
      unpin: (path) => void this.unpinned.push(path),
    };
    this.pins = new RoutePins({
      ask: (_number, _destination, _limits, now) => void this.asked.push(now),
      paths,
      randomId: () => ++id,
      changed: (_order, { state }) => void this.states.push(state),
    });
    this.pins.pin({ number: 5, destination: 3, trafficClass: 0, limits: {} }, 0);
  }

  found(result: QueryResult): void {
    assert.ok(this.pins.handleResult(5, result, this.now));
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (let due = this.pins.nextTimeout(); due <= end; due = this.pins.nextTimeout()) {
      this.now = due;
      this.pins.handleTimeout(due);
      if (this.states.at(-1) === 'searching') this.found(REFUSED);
    }
    this.now = end;
  }
}

test('what is found is asked for, and pinned when it is granted; renewals change nothing', () => {
  const rig = new Rig();
  rig.found(FOUND);
  rig.pins.handleNews(1n, 'granted', 0);
  rig.pins.handleNews(1n, 'granted', 10_000);
  assert.equal(rig.states, ['searching', 'asking', 'pinned']);
  rig.found(FOUND);
  assert.equal(rig.pinned, [1n], 'a later answer is not asked for too');
});

test('what is refused, ended or has no first link is looked for again, less and less often', () => {
  const rig = new Rig();
  rig.found(REFUSED);
  rig.run(120_000);
  const pauses = rig.asked.slice(1).map((at, n) => at - (rig.asked[n] as number));
  assert.equal(pauses.slice(0, 7), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  rig.run(rig.pins.nextTimeout() - rig.now - 1);
  rig.now += 1;
  rig.pins.handleTimeout(rig.now);
  rig.found(FOUND);
  rig.pins.handleNews(1n, 'granted', rig.now);
  rig.pins.handleNews(1n, 'ended', rig.now);
  assert.is(rig.states.at(-1), 'resting');
  assert.is(rig.pins.nextTimeout() - rig.now, 1_000, 'after a success, soon');
  rig.isLinked = false;
  rig.pins.handleTimeout(rig.pins.nextTimeout());
  rig.found(FOUND);
  assert.is(rig.states.at(-1), 'resting');
});

test('nothing is heard of an order that was taken back', () => {
  const rig = new Rig();
  rig.found(FOUND);
  rig.pins.unpin(5);
  assert.equal(rig.unpinned, [1n]);
  assert.not.ok(rig.pins.handleResult(5, FOUND, 0));
  rig.pins.handleNews(1n, 'ended', 0);
  assert.equal(rig.states, ['searching', 'asking']);
  assert.is(rig.pins.nextTimeout(), Infinity);
});

test.run();
