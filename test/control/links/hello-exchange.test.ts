/** What the hellos of a session say of the way to the peer, where the world of whole nodes cannot set the stage: queues that grow under way. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinkObservation } from '../../../ts/control/io.js';
import { HelloExchange } from '../../../ts/control/links/hello-exchange.js';
import { FAST_INTERVAL, Liveness } from '../../../ts/control/links/liveness.js';
import type { Hello } from '../../../ts/wire/hello.js';

const SEEN: LinkObservation = {
  up: true,
  lastHeard: 0,
  lastData: 0,
  mtu: 1200,
  rxHighest: 0,
  rxFrames: 0,
  txFrames: 0,
};

/** An unasked hello of a peer that left at `clock` ms of its clock, having received so many frames. */
function hello(sequence: number, clock: number, received: number): Hello {
  const flags = { reply: false, fastConfirmed: true, quiet: false };
  const interval = FAST_INTERVAL;
  const report = { lastCounter: received, received, sent: sequence, probesLost: 0 };
  return { ...flags, sequence, interval, heardInterval: interval, clock: 1000 * clock, ...report, held: 0, size: 0 };
}

/** Hears hellos of a peer, as `[left at its clock, came at ours, frames that it had received]`, while it sends one in 50 ms; returns which of them say that nothing arrives. */
function hear(hellos: readonly (readonly [clock: number, at: number, received: number])[]): boolean[] {
  const exchange = new HelloExchange();
  const liveness = new Liveness(FAST_INTERVAL);
  exchange.start(0);
  let sentUntil = 0;
  return hellos.map(([clock, at, received], i) => {
    for (; sentUntil <= at; sentUntil += FAST_INTERVAL) exchange.write(liveness, SEEN, sentUntil);
    const one = hello(i + 1, clock, received);
    exchange.hearReport(one, at);
    return exchange.notArriving(one, liveness, at);
  });
}

test('a peer that reports nothing new for three intervals does not hear us', () => {
  const silent = [0, 50, 100, 150, 200].map((time) => [7000 + time, 1000 + time, 5] as const);
  assert.equal(hear(silent), [false, false, false, true, true]);
});

test('two hellos that left one soon after the other say nothing when a queue holds the second up', () => {
  assert.equal(
    hear([
      [7000, 1000, 5],
      [7050, 1600, 5],
      [7100, 2200, 6],
      [7150, 2800, 6],
    ]),
    [false, false, false, false],
  );
});

test('nor do many that come together after a stall of their way', () => {
  assert.equal(
    hear([
      [7000, 1000, 5],
      [7050, 1900, 5],
      [7100, 1900, 5],
      [7150, 1900, 6],
      [7200, 1901, 7],
    ]),
    [false, false, false, false, false],
  );
});

test('a clock that the peer makes up takes no link down that hears', () => {
  assert.equal(
    hear([
      [7000, 1000, 5],
      [9_000_000, 1050, 5],
      [0, 1100, 5],
    ]),
    [false, false, false],
  );
});

test.run();
