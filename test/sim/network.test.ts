import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../ts/kit/random.js';
import { Channel, PERFECT_CHANNEL } from '../../ts/sim/channel.js';
import { EventQueue } from '../../ts/sim/event-queue.js';
import { Network } from '../../ts/sim/network.js';

const channel = (model: Partial<typeof PERFECT_CHANNEL>) =>
  new Channel({ ...PERFECT_CHANNEL, ...model }, seededRandom(1));

test('actions run in the order of time, then of arrival, and the clock jumps', () => {
  const queue = new EventQueue();
  const random = seededRandom(5);
  const times = Array.from({ length: 500 }, () => random.below(50));
  const ran: { time: number; order: number }[] = [];
  times.forEach((time, order) => {
    queue.at(time, () => {
      assert.is(queue.now, time);
      ran.push({ time, order });
    });
  });
  queue.runUntil(20);
  assert.is(ran.length, times.filter((time) => time <= 20).length);
  queue.runUntil(100);
  assert.equal(
    ran,
    [...ran].sort((a, b) => a.time - b.time || a.order - b.order),
  );
  assert.is(ran.length, 500);
  assert.is(queue.now, 100);
});

test('an action may put in others, also for the present', () => {
  const queue = new EventQueue();
  const ran: string[] = [];
  queue.at(5, () => {
    queue.after(0, () => ran.push('second'));
    queue.at(1, () => ran.push('third, late'));
    ran.push('first');
  });
  queue.runUntil(5);
  assert.equal(ran, ['first', 'second', 'third, late']);
});

test('delay, and a jitter that keeps the order', () => {
  const wire = channel({ delay: 20, jitter: 10 });
  let last = 0;
  for (let now = 0; now < 1000; now++) {
    const [arrival, ...more] = wire.arrivals(now, 100);
    assert.ok(arrival !== undefined && more.length === 0);
    assert.ok(arrival >= now + 20 && arrival >= last && arrival <= now + 30);
    last = arrival;
  }
});

test('loss, duplication and reordering come as often as they should', () => {
  const lossy = channel({ loss: 0.3 });
  const doubling = channel({ duplicate: 0.3 });
  const shuffling = channel({ reorder: 0.3, detour: 100 });
  let lost = 0;
  let doubled = 0;
  let overtaken = 0;
  let latest = 0;
  for (let now = 0; now < 10_000; now++) {
    if (lossy.arrivals(now, 1).length === 0) lost++;
    if (doubling.arrivals(now, 1).length === 2) doubled++;
    const arrival = shuffling.arrivals(now, 1)[0] ?? 0;
    if (arrival < latest) overtaken++;
    latest = Math.max(latest, arrival);
  }
  assert.ok(lost > 2800 && lost < 3200, `${lost} lost`);
  assert.ok(doubled > 2800 && doubled < 3200, `${doubled} doubled`);
  assert.ok(overtaken > 1000, `${overtaken} overtaken`);
});

test('bandwidth: datagrams queue, and a full queue drops', () => {
  const slow = channel({ delay: 0, bandwidth: 10, queue: 250 });
  const arrivals = [1, 2, 3, 4].map(() => slow.arrivals(0, 1000)[0]);
  assert.equal(arrivals, [100, 200, 300, undefined]);
  assert.equal(slow.arrivals(400, 1000), [500]);
});

test('what is larger than the wire carries vanishes, and takes no time of it', () => {
  const wire = channel({ delay: 10, bandwidth: 1, mtu: 1472 });
  assert.equal(wire.arrivals(0, 1473), []);
  assert.equal(wire.arrivals(0, 1472), [1482]);
});

test('one direction can be cut, and nobody receives at a dead host', () => {
  const queue = new EventQueue();
  const network = new Network(queue, seededRandom(1));
  const wire = network.connect(2, 1, PERFECT_CHANNEL);
  const got: string[] = [];
  const datagram = new DataView(new ArrayBuffer(1));
  network.attach(1, (from) => got.push(`1 from ${from}`));
  network.attach(2, (from) => got.push(`2 from ${from}`));
  wire.ab.cuts++;
  network.send(1, 2, datagram, 0, 1);
  network.send(2, 1, datagram, 0, 1);
  network.send(2, 3, datagram, 0, 1);
  queue.runUntil(100);
  assert.equal(got, ['1 from 2']);
  wire.ab.heal();
  network.send(1, 2, datagram, 0, 1);
  network.send(2, 1, datagram, 0, 1);
  network.attach(1, undefined);
  queue.runUntil(200);
  assert.equal(got, ['1 from 2', '2 from 1']);
  assert.is(network.sentDatagrams, 5);
});

test.run();
