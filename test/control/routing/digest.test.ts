import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AdjacencyOut } from '../../../ts/control/routing/adjacency-out.js';
import { differingLayers, digestOf } from '../../../ts/control/routing/digest.js';
import { slotKey } from '../../../ts/control/routing/slot-state.js';
import { id } from './harness.js';
import { Puppet, retraction, route } from './puppet.js';
import { mesh } from './topologies.js';

test('R18: equal listings agree in any order; any difference shows in its layer', () => {
  const said = { seqno: 100, distance: 500, metric: 600, hops: 3 };
  const other = { ...said, seqno: 101 };
  const [one, two] = [slotKey(0, 2, 7), slotKey(0, 4, 9)];
  const told = new AdjacencyOut();
  told.record(one, said, 1);
  told.record(two, other, 1);
  const digest = digestOf(told, 1);
  assert.is(
    differingLayers(digest, [
      [two, other],
      [one, said],
    ]),
    0,
  );
  assert.is(differingLayers(digest, [[two, other]]), 0b0010);
  for (const field of ['seqno', 'distance', 'metric', 'hops'] as const)
    assert.is(
      differingLayers(digest, [
        [one, said],
        [two, { ...other, [field]: 1 }],
      ]),
      0b1000,
      field,
    );
  assert.is(
    differingLayers(digest, [
      [one, other],
      [two, said],
    ]),
    0b1010,
    'exchanged',
  );
  const gone = { ...said, metric: 0xffffff };
  assert.is(
    differingLayers(digest, [
      [one, said],
      [two, other],
      [slotKey(0, 1, 3), gone],
    ]),
    0,
    'retractions do not count',
  );
});

test('R18: a digest that differs makes the receiver ask, one that does not is the end of retractions', () => {
  const net = new Puppet();
  const a = net.peer('1.1.1.2');
  net.tell(a, [route(9, 100, 500)], 1);
  net.tell(a, [retraction(9)], 2);
  net.run(1000);
  net.frames.length = 0;
  const told = new AdjacencyOut();
  net.digest(a, digestOf(told, 2));
  net.run(100);
  assert.equal(net.frames, []);
  net.tell(a, [route(9, 100, 500)], 1);
  assert.is(net.entry(9).primary, 0, 'a frame older than the digest is late');

  told.record(slotKey(0, 4, 9), { seqno: 1, distance: 1, metric: 1, hops: 1 }, 2);
  net.digest(a, digestOf(told, 1));
  net.run(100);
  assert.equal(
    net.frames.filter((frame) => frame.message.resendLayers),
    [],
    'it does not include the last frame',
  );
  net.digest(a, digestOf(told, 2));
  net.run(2);
  assert.equal(
    net.frames.map((frame) => frame.message.resendLayers).filter((layers) => layers !== 0),
    [0b1000],
  );
});

test('R18: a layer that is asked for is said again whole, retractions included', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  net.frames.length = 0;
  net.say(b, { resendLayers: 0b1000 });
  net.run(200);
  const entries = net.frames.filter((frame) => frame.link === b).flatMap((frame) => frame.entries);
  assert.is(entries.length, 256, 'all slots but the one that b is in, one of them in two entries');
  assert.is(entries.filter((entry) => entry.kind === 'route').length, 2, 'the own slot and the route');
  assert.is(net.said(b, 3), undefined);
});

test('R18: a node that does not know its zone yet says nothing of it', () => {
  const net = new Puppet();
  const b = net.peer('1.1.1.3');
  net.say(b, { resendLayers: 0b1111 });
  net.run(250);
  assert.is(net.said(b, 1, 3), undefined);
  net.run(100);
  assert.is(net.said(b, 1, 3)?.kind, 'ownZone');
});

test('R18: a deliberately lost state is repaired', () => {
  const net = mesh(6, 3, { seed: 5 });
  net.run(3000);
  // One node's word never arrives, and yet is acknowledged.
  const [from, to] = [net.node('1.1.1.3'), net.node('1.1.1.4')];
  const swallowed: number[] = [];
  net.filter = (sender, receiver, message) => {
    if (sender === from.id && receiver === to.id && message.entries.length > 0) {
      swallowed.push(message.number);
      message.entries = new Uint8Array();
    }
    return true;
  };
  net.add('1.1.1.99');
  net.connect(from, net.node('1.1.1.99'), 5);
  net.run(1000);
  assert.ok(swallowed.length > 0);
  net.filter = () => true;
  for (const link of to.links.values()) if (link.ends.every((end) => end.id !== from.id)) net.cut(link);
  net.run(2000);
  assert.ok(net.unconverged().includes('1.1.1.4 has no route to 4/99'), net.unconverged().join('\n'));
  net.run(40_000);
  assert.equal(net.unconverged(), []);
  assert.equal(net.violations, []);
  assert.is(to.router.routes().find((one) => one.byte === 99)?.nextHop, id('1.1.1.3'));
});

test.run();
