import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Layer } from '../../../ts/kit/node-id.js';
import type { RoutingEntry } from '../../../ts/wire/routing-entry.js';
import { BOOT, Puppet } from './puppet.js';

const own = (layer: Layer, byte: number, seqno: number): RoutingEntry => ({ kind: 'ownZone', layer, byte, seqno });
const origin = (layer: Layer, byte: number, seqno: number, metric = 0, distance = metric): RoutingEntry => ({
  kind: 'route',
  layer,
  byte,
  seqno,
  hops: 0,
  classes: [{ trafficClass: 0, distance, metric }],
});

test('R1, R2: a link carries the own slot of each layer down to the first that differs', () => {
  const net = new Puppet('5.6.7.8');
  const [far, near] = [net.peer('9.6.7.8'), net.peer('5.6.7.9')];
  net.run(1000);
  assert.equal(net.said(far, 5, 1), origin(1, 5, BOOT));
  assert.is(net.said(far, 6, 2), undefined, 'a stranger learns nothing of what is inside');
  assert.equal(net.said(near, 5, 1), own(1, 5, BOOT));
  assert.equal(net.said(near, 7, 3), own(3, 7, BOOT));
  assert.equal(net.said(near, 8, 4), origin(4, 8, BOOT));
});

test('R1: routes of a layer are told only to those who share the bytes before it', () => {
  const net = new Puppet('5.6.7.8');
  const [far, near, mate] = [net.peer('9.6.7.8'), net.peer('5.6.9.9'), net.peer('5.6.7.9')];
  const deep: RoutingEntry = origin(4, 77, 100);
  assert.ok(net.tell(mate, [deep]));
  net.run(1000);
  assert.is(net.said(far, 77, 4), undefined);
  assert.is(net.said(near, 77, 4), undefined);
  assert.not(net.tell(far, [deep]), 'a stranger that tells of the inside breaks the protocol');
  assert.not(net.tell(near, [own(3, 7, 100)]));
  assert.not(net.tell(mate, [origin(3, 7, 100)]), 'and so does a mate that claims a way to the zone that both are in');
});

test('R19: a newcomer adopts the seqno of its zone, or starts with the time of boot', () => {
  const newcomer = new Puppet('5.6.7.8');
  const [far, mate] = [newcomer.peer('9.6.7.8'), newcomer.peer('5.6.7.9')];
  newcomer.run(2);
  assert.equal(newcomer.said(far, 5, 1), origin(1, 5, BOOT), 'its first neighbour is outside: it is alone');

  const second = new Puppet('5.6.7.8');
  const first = second.peer('5.6.7.9');
  second.tell(first, [own(1, 5, 70), own(2, 6, 80), own(3, 7, 90)]);
  const outside = second.peer('9.6.7.8');
  second.run(100);
  assert.equal(second.said(outside, 5, 1), origin(1, 5, 70));

  const waiting = new Puppet('5.6.7.8');
  const silent = waiting.peer('5.6.7.9');
  waiting.run(299);
  assert.is(waiting.said(silent, 5, 1), undefined);
  waiting.run(200);
  assert.equal(waiting.said(silent, 5, 1), own(1, 5, BOOT), 'two newcomers do not wait for each other for ever');
  assert.ok(mate);
});

test('R2: zone-mates keep to the highest seqno, and tell it on', () => {
  const net = new Puppet('5.6.7.8');
  const [far, mate, other] = [net.peer('9.6.7.8'), net.peer('5.6.7.9'), net.peer('5.6.7.10')];
  net.run(1000);
  net.tell(mate, [own(1, 5, BOOT + 50)]);
  net.run(400);
  assert.equal(net.said(far, 5, 1), origin(1, 5, BOOT + 50));
  assert.equal(net.said(other, 5, 1), own(1, 5, BOOT + 50));
  net.tell(mate, [own(1, 5, BOOT + 20)]);
  net.run(400);
  assert.equal(net.said(far, 5, 1), origin(1, 5, BOOT + 50));
});

test('R4: the way inside is the mean over the own zone; the label falls with it, and rises only with the seqno', () => {
  const net = new Puppet('5.6.7.8');
  const [far, mate] = [net.peer('9.6.7.8'), net.peer('5.6.7.9', 10)];
  net.tell(mate, [origin(4, 9, 100), origin(4, 10, 100, 490)]); // metrics here: 110 and 600; of the node itself: 0
  net.run(10_500);
  // Level 3: (0 + 110 + 600) / 3. Levels 2 and 1 have no other zone inside, so theirs is the same.
  assert.equal(net.said(far, 5, 1), origin(1, 5, BOOT, 237, 0));
  net.ask(far, { layer: 1, byte: 5, seqno: BOOT + 1, bump: true });
  net.run(500);
  assert.equal(net.said(far, 5, 1), origin(1, 5, BOOT + 1, 237));
  net.tell(mate, [{ kind: 'retraction', layer: 4, byte: 10, classMask: 1 }]);
  net.run(10_500);
  assert.equal(net.said(far, 5, 1), origin(1, 5, BOOT + 1, 55));
});

test.run();
