import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Puppet, retraction, route } from './puppet.js';

const routesTo = (net: Puppet, byte: number) => net.router.routes().filter((one) => one.byte === byte);

// Links have an RTT of 10 ms here: cost 110.

test('R5, R7: the first route is taken, and the label is the advertised one plus the cost', () => {
  const net = new Puppet();
  const a = net.peer('1.1.1.2');
  net.tell(a, [route(9, 100, 500)]);
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 610 }, primary: a, backup: 0 });
  assert.equal(routesTo(net, 9), [
    {
      layer: 4,
      byte: 9,
      trafficClass: 0,
      nextHop: 0x01010102,
      backup: undefined,
      rtt: 59,
      cost: undefined,
      loss: undefined,
      bandwidth: undefined,
      hops: 2,
    },
  ]);
});

test('R5: only a strictly smaller label is feasible', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(b, [route(9, 100, 610, 1)]);
  assert.is(net.entry(9).backup, 0, 'an equal label is not smaller');
  net.tell(c, [route(9, 99, 10, 1)]);
  assert.is(net.entry(9).backup, 0, 'an older seqno is larger');
  net.tell(b, [route(9, 100, 609, 1000)]);
  assert.is(net.entry(9).backup, b);
});

test('R5: a metric or a distance that does not fit is no route', () => {
  const net = new Puppet();
  const a = net.peer('1.1.1.2');
  net.tell(a, [route(9, 100, 5, 0xffffff - 110)]);
  assert.equal(routesTo(net, 9), []);
  net.tell(a, [route(9, 100, 0xffffff - 110, 5)]);
  assert.equal(routesTo(net, 9), []);
  net.tell(a, [route(9, 100, 0xffffff - 111, 5)]);
  assert.is(net.entry(9).primary, a);
});

test('R6: the primary stays unless another is better by more than 2 % and 0.5 ms', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 890)]); // 1000 with the link
  net.tell(b, [route(9, 100, 870)]); // 980: exactly 2 %
  assert.is(net.entry(9).primary, a);
  net.tell(b, [route(9, 100, 869)]);
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 979 }, primary: b, backup: a });
});

test('R6: 0.5 ms are noise on a short route', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2', 1), net.peer('1.1.1.3', 1)];
  net.tell(a, [route(9, 100, 30)]);
  net.tell(b, [route(9, 100, 25)]);
  assert.is(net.entry(9).primary, a);
  net.tell(b, [route(9, 100, 24)]);
  assert.is(net.entry(9).primary, b);
});

test('R7: a metric that rises leaves the label alone, a fresher seqno sets it', () => {
  const net = new Puppet();
  const a = net.peer('1.1.1.2');
  net.tell(a, [route(9, 100, 500)]);
  net.tell(a, [route(9, 100, 500, 5000)]);
  assert.equal(net.entry(9).label, { seqno: 100, distance: 610 });
  net.tell(a, [route(9, 101, 700, 5000)]);
  assert.equal(net.entry(9).label, { seqno: 101, distance: 810 });
});

test('R7: an involuntary switch does not lower the label', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(b, [route(9, 100, 495)]);
  net.tell(a, [retraction(9)]);
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 610 }, primary: b, backup: 0 });
});

test('R7: a label that is higher than the way is long is lowered where that costs no backup', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(a, [route(9, 100, 300)]);
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 410 }, primary: a, backup: 0 });
  net.tell(b, [route(9, 100, 400)]);
  net.tell(a, [route(9, 100, 200)]);
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 410 }, primary: a, backup: b }, 'b stays below it');
});

test('R8: a backup that is not below the lowered label is dropped', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, 100, 1000)]);
  net.tell(b, [route(9, 100, 1050)]);
  assert.is(net.entry(9).backup, b);
  net.tell(c, [route(9, 100, 500)]); // a voluntary switch: the label falls to 610
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 610 }, primary: c, backup: 0 });
});

test('R8: the route is stored before the frame that tells of it', () => {
  const net = new Puppet();
  const [a] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.run(1000);
  net.outputs.length = 0;
  net.tell(a, [route(9, 100, 500)]);
  net.run(10);
  assert.equal(
    net.outputs.map((output) => output.kind),
    ['route', 'sync'],
  );
});

test('R9: when the session of the primary dies, the backup takes over and the label stays', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(b, [route(9, 100, 550)]);
  net.down(a);
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 610 }, primary: b, backup: 0 });
  assert.equal(net.outputs.filter((output) => output.kind === 'route' && output.byte === 9).at(-1), {
    kind: 'route',
    trafficClass: 0,
    layer: 4,
    byte: 9,
    primary: b,
    backup: 0,
  });
});

test('R11: without a feasible neighbour the label is kept, and retraction is urgent', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  assert.is(net.said(b, 9)?.kind, 'route');
  net.tell(a, [retraction(9)]);
  net.run(2);
  assert.equal(net.said(b, 9), retraction(9));
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 610 }, primary: 0, backup: 0 });
});

test('R3: nothing is said to the neighbour that the route goes by', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  assert.is(net.said(a, 9), undefined);
  net.tell(b, [route(9, 100, 100)]);
  net.run(1000);
  assert.equal(net.said(b, 9), retraction(9));
  assert.is(net.said(a, 9)?.kind, 'route');
});

test('R12: a new session starts with nothing known of the old one', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  net.down(b);
  const again = net.peer('1.1.1.3');
  net.run(100);
  assert.is(net.said(again, 9)?.kind, 'route', 'all is told again');
  net.down(a);
  assert.is(net.entry(9).primary, 0);
  assert.ok(net.tell(net.peer('1.1.1.2'), [route(9, 100, 400)], 1), 'frames count from 1 again');
});

test('a link cost counts only once it moved by more than 10 % and 2 ms', () => {
  const net = new Puppet();
  const a = net.peer('1.1.1.2', 100);
  net.tell(a, [route(9, 100, 500)]);
  const rtt = () => routesTo(net, 9)[0]?.rtt;
  const before = rtt() as number;
  net.rtt(a, 110);
  assert.is(rtt(), before);
  net.rtt(a, 111);
  assert.is(rtt(), before + 11);
});

test.run();
