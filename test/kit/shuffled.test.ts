/** Random order: everything stays, every order is as likely, and a seed always gives the same one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../ts/kit/random.js';
import { shuffled } from '../../ts/kit/shuffled.js';

function numbers(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random.unit();
}

test('the same things in another order, and what was given stays as it was', () => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  const order = shuffled(items, numbers(1));
  assert.is.not(order.join(), items.join());
  assert.equal(
    [...order].sort((a, b) => a - b),
    items,
  );
  assert.is(items[0], 0);
  assert.equal(shuffled([], numbers(1)), []);
});

test('one number is drawn for each item but the first, from the last place on', () => {
  const drawn = [0, 0.99, 0.5];
  assert.equal(
    shuffled(['a', 'b', 'c', 'd'], () => drawn.shift() as number),
    ['d', 'b', 'c', 'a'],
  );
  assert.is(drawn.length, 0);
});

test('each of the 24 orders of four comes as often', () => {
  const unit = numbers(2);
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = shuffled([1, 2, 3, 4], unit).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.is(counts.size, 24);
  // Five standard deviations of a count of 1000.
  for (const [order, count] of counts) assert.ok(Math.abs(count - 1000) < 155, `${order}: ${count}`);
});

test.run();
