/** The algebra of the four classes, and what a link costs in each. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bandwidthStep, LinkCosts, plainLink, routeCost, stepEdge } from '../../../ts/control/routing/link-quality.js';
import {
  extend,
  isNotablyBetter,
  isNotablyOff,
  isWorthSwitch,
  MetricMeans,
  TRAFFIC_CLASSES,
  widthMetric,
} from '../../../ts/control/routing/metric.js';
import { INFINITE } from '../../../ts/wire/routing-entry.js';

const [LATENCY, COST, RELIABLE, BANDWIDTH] = [0, 1, 2, 3];
const mask = (...classes: number[]) => classes.reduce((bits, c) => bits | (1 << c), 0);
const quality = fc.record({
  rtt: fc.double({ min: 0, max: 60_000, noNaN: true }),
  loss: fc.double({ min: 0, max: 1, noNaN: true }),
  cost: fc.integer({ min: 0, max: 1000 }),
  bandwidth: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1e6, noNaN: true })),
});

test('a link costs at least 11 in every class, and whatever it leads on becomes strictly larger', () => {
  fc.assert(
    fc.property(quality, fc.nat(INFINITE - 1), (link, metric) => {
      const { byClass } = new LinkCosts(link);
      for (const trafficClass of TRAFFIC_CLASSES) {
        const cost = byClass[trafficClass] as number;
        assert.ok(cost >= 11 && cost <= INFINITE);
        const longer = extend(trafficClass, metric, cost);
        assert.ok(longer === INFINITE || longer > metric);
        assert.ok(longer === INFINITE || longer >= cost);
      }
    }),
  );
});

test('the costs of a link, by class', () => {
  const { byClass } = new LinkCosts({ rtt: 40, loss: 0.01, cost: 3, bandwidth: 10 });
  assert.equal(byClass, [410, 3 * 256 + 10 + 11, 101 + 4 + 11, ((15 - 6) << 20) | 410]);
  assert.equal(new LinkCosts(plainLink(0)).byClass, [11, 256 + 11, 11, ((15 - 9) << 20) | 11]);
});

test('high bandwidth: the narrowest link counts, then the time', () => {
  const [wide, narrow] = [widthMetric(2, 300), widthMetric(5, 40)];
  assert.is(extend(BANDWIDTH, wide, narrow), widthMetric(5, 340));
  assert.is(extend(BANDWIDTH, narrow, wide), widthMetric(5, 340));
  assert.is(extend(BANDWIDTH, widthMetric(0, 0xffffe), widthMetric(0, 1)), INFINITE, 'a sum that does not fit');
  assert.ok(isNotablyBetter(BANDWIDTH, widthMetric(2, 9000), widthMetric(3, 10)), 'wider, however far');
  assert.not(isNotablyBetter(BANDWIDTH, widthMetric(3, 10), widthMetric(2, 9000)));
  assert.ok(isNotablyBetter(BANDWIDTH, widthMetric(2, 100), widthMetric(2, 200)));
  assert.not(isNotablyBetter(BANDWIDTH, widthMetric(2, 185), widthMetric(2, 200)));
  assert.ok(isWorthSwitch(BANDWIDTH, widthMetric(2, 9000), widthMetric(3, 10)), 'wider, however far');
  assert.ok(isWorthSwitch(BANDWIDTH, widthMetric(2, 194), widthMetric(2, 200)));
  assert.not(isWorthSwitch(BANDWIDTH, widthMetric(2, 195), widthMetric(2, 200)));
  assert.ok(isNotablyOff(BANDWIDTH, widthMetric(2, 100), widthMetric(3, 100), 0.05));
});

test('a step of bandwidth is left only well beyond its edge', () => {
  assert.is(bandwidthStep(0), 9);
  assert.equal(
    [0.1, 0.25, 0.49, 100, 1e6].map((b) => bandwidthStep(b)),
    [0, 1, 1, 9, 15],
  );
  assert.is(stepEdge(9), 64);
  assert.is(bandwidthStep(60, 9), 9);
  assert.is(bandwidthStep(53, 9), 8);
  assert.is(bandwidthStep(140, 9), 9);
  assert.is(bandwidthStep(154, 9), 10);
});

test('noise moves no cost; what moves touches its own classes only', () => {
  const start = { rtt: 50, loss: 0.01, cost: 1, bandwidth: 100 };
  const costs = new LinkCosts(start);
  const before = [...costs.byClass];
  assert.is(costs.update({ rtt: 54, loss: 0.014, cost: 1, bandwidth: 120 }), 0);
  assert.equal(costs.byClass, before);
  assert.is(costs.update({ ...start, loss: 0.05 }), mask(RELIABLE));
  assert.is(costs.update({ ...start, loss: 0.05, cost: 2 }), mask(COST));
  assert.is(costs.update({ ...start, loss: 0.05, cost: 2, bandwidth: 10 }), mask(BANDWIDTH));
  assert.is(costs.update({ rtt: 56, loss: 0.05, cost: 2, bandwidth: 10 }), mask(LATENCY, COST, RELIABLE, BANDWIDTH));
});

test('means are of the sums and of the bottlenecks', () => {
  const means = new MetricMeans();
  means.add(LATENCY, 4, 100);
  means.add(LATENCY, 4, 200);
  means.add(BANDWIDTH, 4, widthMetric(4, 100));
  means.add(BANDWIDTH, 4, widthMetric(8, 200));
  assert.is(means.with(LATENCY, 4, 0), 100);
  assert.is(means.with(BANDWIDTH, 4, widthMetric(0, 0)), widthMetric(4, 100));
  assert.is(means.with(COST, 4, 0), 0);
});

test('what a metric says to people', () => {
  assert.is(routeCost(LATENCY, 420, 2).rtt, 40);
  assert.is(routeCost(COST, 512, 1).cost, 2);
  assert.ok(Math.abs((routeCost(RELIABLE, 101 + 11, 1).loss ?? 0) - 0.01) < 0.001);
  assert.equal(routeCost(BANDWIDTH, widthMetric(9, 420), 2), {
    rtt: 40,
    cost: undefined,
    loss: undefined,
    bandwidth: 8,
  });
});

test.run();
