import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Timed, TimerQueue } from '../../ts/control/timer-queue.js';
import { seededRandom } from '../../ts/kit/random.js';

const NEVER = Number.POSITIVE_INFINITY;
const timer = (): Timed => ({ due: NEVER, place: -1 });

test('deadlines are moved earlier, later and away', () => {
  const queue = new TimerQueue<Timed>();
  const item = timer();
  queue.schedule(item, 50);
  queue.schedule(item, 10);
  assert.is(queue.next(), 10);
  queue.schedule(item, 70);
  assert.is(queue.next(), 70);
  assert.is(queue.pop(69), undefined);
  assert.is(queue.pop(70), item);
  assert.is(queue.next(), NEVER);
  queue.schedule(item, 80);
  queue.schedule(item, NEVER);
  assert.is(queue.next(), NEVER);
  assert.is(queue.pop(1000), undefined);
});

test('against a plain list', () => {
  const random = seededRandom(11);
  const queue = new TimerQueue<Timed>();
  const items = Array.from({ length: 20 }, timer);
  const due = new Map<Timed, number>();
  for (let now = 0; now < 5000; now++) {
    const item = items[random.below(items.length)] as Timed;
    const at = random.chance(0.1) ? NEVER : now + random.below(100);
    queue.schedule(item, at);
    due.set(item, at);
    assert.is(queue.next(), Math.min(...due.values()));
    if (!random.chance(0.3)) continue;
    for (let popped = queue.pop(now); popped; popped = queue.pop(now)) {
      assert.ok((due.get(popped) as number) <= now);
      due.set(popped, NEVER);
    }
    assert.ok(Math.min(...due.values()) > now);
  }
});

test('all that are due come in their order, once, and without what is scheduled meanwhile', () => {
  const queue = new TimerQueue<Timed>();
  const items = [30, 10, 20, 40].map((due) => {
    const item = timer();
    queue.schedule(item, due);
    return item;
  });
  assert.equal(
    queue.popAll(30).map((item) => items.indexOf(item)),
    [1, 2, 0],
  );
  assert.equal(queue.popAll(30), []);
  queue.schedule(items[0] as Timed, 5);
  assert.equal(queue.popAll(30), [items[0]]);
  assert.is(queue.next(), 40);
  queue.clear(items[3] as Timed);
  assert.is(queue.next(), NEVER);
});

test.run();
