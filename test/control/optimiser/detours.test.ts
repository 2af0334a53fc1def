/** Detours round nodes that have no route: looked for once, pinned, and ended when the tables work again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Detours } from '../../../ts/control/optimiser/detours.js';
import type { SearchLimits } from '../../../ts/wire/route-query.js';

const DESTINATION = 9;
const AT = 5;
const REFUSED = { kind: 'refused', reason: 'limits', best: undefined } as const;
const FOUND = {
  kind: 'found',
  path: [1, 7, DESTINATION],
  measure: { rttMs: 30, cost: 2, mbps: Infinity, delivery: 1, hops: 2 },
} as const;

class Rig {
  readonly asks: { readonly destination: number; readonly limits: SearchLimits }[] = [];
  readonly pinned = new Set<number>();
  follows = 0;
  exists = true;
  tablesWork = false;
  taken = false;
  now = 0;
  lastPin = 0;
  readonly detours: Detours = new Detours({
    follow: (number) => {
      this.follows++;
      this.detours.handleResult(number, this.tablesWork ? FOUND : REFUSED, this.now);
    },
    ask: (number, destination, limits) => {
      this.asks.push({ destination, limits });
      this.detours.handleResult(number, this.exists ? FOUND : REFUSED, this.now);
    },
    pin: (number) => {
      this.pinned.add(number);
      this.lastPin = number;
      this.detours.handlePin(number, { kind: 'granted', rttMs: 31 }, this.now);
      return true;
    },
    unpin: (number) => void this.pinned.delete(number),
    isTaken: () => this.taken,
  });

  error(at = AT, destination = DESTINATION): void {
    this.detours.unreachable(destination, 0, at, this.now);
  }

  run(ms: number, isSending = true): void {
    const end = this.now + ms;
    for (; this.now < end; this.now += 500) {
      if (isSending) this.detours.handleFlows([{ destination: DESTINATION, trafficClass: 0, packets: 1 }], this.now);
      if (this.detours.nextTimeout() <= this.now) this.detours.handleTimeout(this.now);
    }
  }
}

test('a path without the node that has no route is pinned; many errors ask once', () => {
  const rig = new Rig();
  for (let n = 0; n < 10; n++) rig.error();
  assert.equal(rig.asks, [{ destination: DESTINATION, limits: { avoid: AT } }]);
  assert.is(rig.pinned.size, 1);
  const [pin] = rig.detours.pins();
  assert.equal([pin?.owner, pin?.path, pin?.measure.rttMs], ['detour', FOUND.path, 31]);
});

test('every 15 s the tables are followed; when they work again, the detour is over', () => {
  const rig = new Rig();
  rig.error();
  rig.run(40_000);
  assert.is(rig.follows, 2);
  assert.is(rig.pinned.size, 1);
  rig.tablesWork = true;
  rig.run(16_000);
  assert.is(rig.pinned.size, 0);
  assert.equal(rig.detours.pins(), []);
  assert.is(rig.detours.nextTimeout(), Infinity);
});

test('30 s without a packet end it', () => {
  const rig = new Rig();
  rig.error();
  rig.run(46_000, false);
  assert.is(rig.pinned.size, 0);
  assert.is(rig.detours.nextTimeout(), Infinity);
});

test('a search that finds nothing is repeated by an error 5 s later, not before', () => {
  const rig = new Rig();
  rig.exists = false;
  rig.error();
  rig.run(4_000);
  rig.error();
  assert.is(rig.asks.length, 1);
  rig.run(2_000);
  rig.error();
  assert.is(rig.asks.length, 2);
});

test('a detour that breaks, or leads to another node without a route, gives way to another one', () => {
  const rig = new Rig();
  rig.error();
  rig.detours.handlePin(rig.lastPin, { kind: 'ended' }, rig.now);
  assert.not(rig.detours.has(DESTINATION));
  rig.run(2_000);
  rig.error(6);
  assert.equal(rig.asks.at(-1)?.limits, { avoid: 6 });
  rig.error(8);
  assert.is(rig.asks.length, 2, 'packets of before it was granted');
  rig.run(6_000);
  rig.error(8);
  assert.equal(rig.asks.at(-1)?.limits, { avoid: 8 });
  assert.is(rig.pinned.size, 1);
});

test('this node has no route itself: any path will do', () => {
  const rig = new Rig();
  rig.error(0);
  assert.equal(rig.asks, [{ destination: DESTINATION, limits: {} }]);
});

test('whoever has asked for a pin to there is left alone; and so is everybody from a flood of errors', () => {
  const rig = new Rig();
  rig.taken = true;
  rig.error();
  assert.is(rig.asks.length, 0);
  rig.taken = false;
  rig.error();
  rig.detours.release(DESTINATION);
  assert.is(rig.pinned.size, 0);
  for (let n = 0; n < 5_000; n++) rig.error(AT, 1_000 + n);
  assert.ok(rig.asks.length <= 8, `${rig.asks.length} searches at once`);
});

test.run();
