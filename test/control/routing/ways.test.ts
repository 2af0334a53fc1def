/** What neighbours promise of the way to a destination, for route queries. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Neighbour } from '../../../ts/control/routing/neighbour.js';
import { ALL_ON } from '../../../ts/control/routing/safety-rules.js';
import { type Advert, slotKey } from '../../../ts/control/routing/slot-state.js';
import { waysTo } from '../../../ts/control/routing/ways.js';
import { TrafficClass } from '../../../ts/wire/network-header.js';
import { id } from './harness.js';

const SELF = id('1.1.1.1');
const DESTINATION = id('1.1.1.4');

/** A neighbour 40 ms away, at cost 3, with these metrics of the destination's slot. */
function neighbourThatSays(metrics: { readonly fast?: number; readonly cheap?: number }): Neighbour {
  const neighbour = new Neighbour(1, id('1.1.1.3'), SELF, { rtt: 40, loss: 0, cost: 3, bandwidth: 0 }, ALL_ON);
  const advert = (metric: number): Advert => ({ neighbour, version: 1, seqno: 1, distance: 20, metric, hops: 1 });
  const { fast, cheap } = metrics;
  if (fast !== undefined) neighbour.adverts.set(slotKey(TrafficClass.LowLatency, 4, 4), advert(fast));
  if (cheap !== undefined) neighbour.adverts.set(slotKey(TrafficClass.LowCost, 4, 4), advert(cheap));
  return neighbour;
}

const restOf = (metrics: { readonly fast?: number; readonly cheap?: number }) =>
  waysTo(SELF, DESTINATION, [neighbourThatSays(metrics)])[0]?.rest;

test('what is said of the way is what is expected of it', () => {
  assert.equal(restOf({ fast: 210, cheap: 2 * 256 + 11 }), { rttMs: 20, cost: 2 });
});

test('a neighbour that says nothing in one class, since its way there leads back, is a way all the same', () => {
  assert.equal(restOf({ cheap: 2 * 256 + 11 }), { rttMs: 40, cost: 2 }, 'at least another link like this one');
  assert.equal(restOf({ fast: 210 }), { rttMs: 20, cost: 3 });
  assert.is(restOf({}), undefined, 'and one that says nothing at all is none');
});

test.run();
