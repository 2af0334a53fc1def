/** When a link is looked at that may be about to carry data. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataExpectation } from '../../../ts/control/links/expectation.js';

/** The times of all looks in `ms`, when packets are led to the link every `every` ms, at first at 0. */
function looks(ms: number, every = Infinity): number[] {
  const expectation = new DataExpectation();
  const times: number[] = [];
  for (let now = 0, begin = 0; now < ms; now++) {
    if (now >= begin) {
      expectation.begin(now);
      begin += every;
    }
    if (now < expectation.next) continue;
    times.push(now);
    expectation.looked(now);
  }
  return times;
}

test('looks are soon at first, then ever later, and end when a hello would have come anyway', () => {
  assert.equal(looks(10_000), [10, 30, 70, 150, 310]);
});

test('routes that move all the time make no more than 25 looks a second, and no look late', () => {
  for (const every of [1, 7, 30, 100, 300]) {
    const times = looks(10_000, every);
    assert.ok(times.length <= 260, `${times.length}`);
    for (let begin = 0; begin < 9_000; begin += every)
      assert.ok(
        times.some((time) => time >= begin && time <= begin + 40),
        `no look soon after ${begin}`,
      );
  }
});

test('when data has come there is nothing more to look for', () => {
  const expectation = new DataExpectation();
  expectation.begin(0);
  expectation.end();
  assert.is(expectation.next, Infinity);
});

test.run();
