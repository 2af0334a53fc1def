import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BOOT, Puppet, retraction, route } from './puppet.js';

/** a had the route and lost it; b advertises one that is not feasible. The own label is (100, 610). */
function starved(): { net: Puppet; a: number; b: number } {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(b, [route(9, 100, 700)]);
  net.run(1000);
  net.tell(a, [retraction(9)]);
  return { net, a, b };
}

const brief = (request: { bump: boolean; seqno: number; distance: number; hopBudget: number }) => {
  const { bump, seqno, distance, hopBudget } = request;
  return { bump, seqno, distance, hopBudget };
};

test('R13, R14a: a starved slot asks for a label below its own', () => {
  const { net, a, b } = starved();
  net.run(2);
  assert.equal(net.asked(b).map(brief), [{ bump: false, seqno: 100, distance: 610, hopBudget: 32 }]);
  assert.equal(net.asked(a), [], 'a retraction is nobody to ask');
  net.tell(b, [route(9, 100, 600)]);
  assert.is(net.entry(9).primary, b);
  assert.equal(net.entry(9).label, { seqno: 100, distance: 610 }, 'the label does not rise');
});

test('R13: the two best advertisers are asked', () => {
  const net = new Puppet();
  const [a, b, c, d] = [2, 3, 4, 5].map((index) => net.peer(`1.1.1.${index}`)) as [number, number, number, number];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(b, [route(9, 100, 700, 900)]);
  net.tell(c, [route(9, 100, 700, 800)]);
  net.tell(d, [route(9, 100, 700, 700)]);
  net.down(a);
  net.run(2);
  assert.equal(
    [b, c, d].map((link) => net.asked(link).length),
    [0, 1, 1],
  );
});

test('R13: it asks again, ever more slowly, for as long as somebody advertises; R14b: with a bump after three tries', () => {
  const { net, b } = starved();
  const times: number[] = [];
  const bumps: boolean[] = [];
  for (let i = 0; i < 2000; i++) {
    net.run(10);
    for (const request of net.asked(b)) {
      times.push(net.now);
      bumps.push(request.bump);
    }
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  assert.equal(
    gaps.slice(0, 5).map((gap) => Math.round(gap / 100) * 100),
    [200, 400, 800, 1600, 3000],
  );
  assert.ok(gaps.slice(5).every((gap) => Math.abs(gap - 3000) <= 20));
  assert.equal(bumps.slice(0, 5), [false, false, false, true, true]);
  net.tell(b, [retraction(9)]);
  net.run(20);
  net.asked(b);
  net.run(10_000);
  assert.equal(net.asked(b), [], 'nobody advertises: nobody is asked');
});

test('R13: a new advert that is not feasible brings a new request, at most every 100 ms', () => {
  const { net, b } = starved();
  net.run(2);
  assert.is(net.asked(b).length, 1);
  for (let i = 0; i < 9; i++) {
    net.run(10);
    net.tell(b, [route(9, 100, 710 + i)]);
  }
  assert.is(net.asked(b).length, 0);
  net.run(50);
  assert.is(net.asked(b).length, 1);
});

test('R14a: who has a smaller label answers', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  const frames = net.frames.length;
  net.ask(b, { byte: 9, seqno: 100, distance: 611 });
  net.run(2);
  assert.equal(net.said(b, 9), route(9, 100, 610, 610, 2));
  assert.is(net.frames.length, frames + 1, 'said again, although b had heard it');
});

test('R14a: who has room below its next hop lowers its label, and gives up a backup that is then too high', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(c, [route(9, 100, 600)]);
  net.run(1000);
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 610 }, primary: a, backup: c });
  net.ask(b, { byte: 9, seqno: 100, distance: 560 });
  assert.equal(net.entry(9), { label: { seqno: 100, distance: 559 }, primary: a, backup: 0 });
  net.run(2);
  assert.equal(net.said(b, 9), route(9, 100, 559, 610, 2));
});

test('R14a: who has no room passes the request on, once, and answers when it can', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  net.ask(b, { byte: 9, seqno: 100, distance: 501, hopBudget: 5 });
  net.ask(c, { byte: 9, seqno: 100, distance: 501, hopBudget: 5 });
  net.run(2);
  assert.equal(net.asked(a).map(brief), [{ bump: false, seqno: 100, distance: 500, hopBudget: 4 }]);
  net.tell(a, [route(9, 100, 499)]);
  net.run(2);
  assert.equal(net.entry(9).label, { seqno: 100, distance: 500 });
  for (const link of [b, c]) assert.equal(net.said(link, 9), route(9, 100, 500, 609, 2));
});

test('R14a: for 150 ms one request upwards serves all who ask for as much', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  net.ask(b, { byte: 9, seqno: 100, distance: 400 });
  net.run(50);
  assert.is(net.asked(a).length, 1);
  net.ask(c, { byte: 9, seqno: 100, distance: 450 });
  net.run(50);
  assert.is(net.asked(a).length, 0, 'a label below 400 will do for both');
  net.ask(c, { byte: 9, seqno: 100, distance: 300 });
  net.run(50);
  assert.is(net.asked(a).length, 1, 'this asks for more');
  net.run(150);
  net.ask(b, { byte: 9, seqno: 100, distance: 400 });
  net.run(50);
  assert.is(net.asked(a).length, 1, 'a while later it may have been lost');
});

test('a request is kept for 4 s', () => {
  for (const [wait, distance] of [
    [3990, 499],
    [4010, 510],
  ] as const) {
    const net = new Puppet();
    const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
    net.tell(a, [route(9, 100, 500)]);
    net.ask(b, { byte: 9, seqno: 100, distance: 500 });
    net.run(wait);
    net.tell(a, [route(9, 100, 400)]);
    assert.equal(net.entry(9).label, { seqno: 100, distance });
  }
});

test('R14a: without room for another hop the request becomes a bump', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.ask(b, { byte: 9, seqno: 100, distance: 3 });
  net.run(30);
  assert.equal(net.asked(a).map(brief), [{ bump: true, seqno: 101, distance: 0, hopBudget: 31 }]);
});

test('a request ends with its hop budget, and is never sent back to the asker', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.ask(b, { byte: 9, seqno: 100, distance: 501, hopBudget: 1 });
  net.ask(a, { byte: 9, seqno: 100, distance: 501 });
  net.run(500);
  assert.equal([...net.asked(a), ...net.asked(b)], []);
});

test('R14b: a bump goes up along next hops, and whoever has the seqno answers', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.run(1000);
  net.ask(b, { byte: 9, seqno: 101, bump: true });
  net.run(2);
  assert.equal(net.asked(a).map(brief), [{ bump: true, seqno: 101, distance: 0, hopBudget: 31 }]);
  net.tell(a, [route(9, 101, 800)]);
  net.run(20);
  assert.equal(net.said(b, 9), route(9, 101, 910, 910, 2));
});

test('R14a, R14b: an origin raises its seqno when the asker needs it, and answers at once', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.run(1000);
  net.ask(a, { byte: 1, seqno: BOOT, distance: 5 });
  net.run(2);
  assert.equal(net.said(a, 1), route(1, BOOT, 0, 0, 0), '(seqno, 0) is smaller already');
  net.ask(a, { byte: 1, seqno: BOOT + 7, distance: 5 });
  net.run(20);
  assert.equal(net.said(a, 1), route(1, BOOT + 8, 0, 0, 0));
  net.ask(a, { byte: 1, seqno: BOOT + 20, bump: true });
  net.run(20);
  assert.equal(net.said(a, 1), route(1, BOOT + 20, 0, 0, 0));
  net.run(300);
  assert.equal(net.said(b, 1), route(1, BOOT + 20, 0, 0, 0), 'the others learn of it without haste');
});

test('an origin raises at most ten times in a burst, and by no more than 2^16', () => {
  const net = new Puppet();
  const a = net.peer('1.1.1.2');
  net.ask(a, { byte: 1, seqno: 0xffffffff, bump: true });
  net.run(50);
  assert.equal(net.said(a, 1), route(1, BOOT + 0x10000, 0, 0, 0));
  for (let i = 0; i < 20; i++) net.ask(a, { byte: 1, seqno: 0xffffffff, bump: true });
  net.run(50);
  assert.equal(net.said(a, 1), route(1, BOOT + 10 * 0x10000, 0, 0, 0));
  net.run(1000);
  for (let i = 0; i < 20; i++) net.ask(a, { byte: 1, seqno: 0xffffffff, bump: true });
  net.run(50);
  assert.equal(net.said(a, 1), route(1, BOOT + 20 * 0x10000, 0, 0, 0));
});

test('a request of a dead session is forgotten', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, 100, 500)]);
  net.ask(b, { byte: 9, seqno: 100, distance: 501 });
  net.down(b);
  net.tell(a, [route(9, 100, 400)]);
  net.run(1000);
  assert.equal(net.entry(9).label, { seqno: 100, distance: 510 }, 'no lower than the way is long');
});

test('R10: two strikes, and only a fresher seqno is believed for a while', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(b, [route(9, 100, 510)]);
  net.tell(c, [route(9, 100, 520)]);
  net.tell(a, [retraction(9)]);
  assert.is(net.entry(9).primary, b, 'one strike is nothing');
  net.tell(b, [retraction(9)]);
  assert.is(net.entry(9).primary, 0, 'c looks feasible, and is not believed');
  net.run(2);
  assert.equal(net.asked(c).map(brief), [{ bump: true, seqno: 101, distance: 0, hopBudget: 32 }]);
  net.tell(b, [route(9, 101, 5000)]);
  assert.is(net.entry(9).primary, b, 'a fresher one is, at once');
});

test('R10: suspicion ends after 1.5 s, and strikes are forgiven after 3 s', () => {
  const net = new Puppet();
  const [a, b, c] = [net.peer('1.1.1.2'), net.peer('1.1.1.3'), net.peer('1.1.1.4')];
  net.tell(a, [route(9, 100, 500)]);
  net.tell(b, [route(9, 100, 510)]);
  net.tell(c, [route(9, 100, 520)]);
  net.tell(a, [retraction(9)]);
  net.tell(b, [retraction(9)]);
  net.run(1499);
  assert.is(net.entry(9).primary, 0);
  net.run(2);
  assert.is(net.entry(9).primary, c);
  net.run(3000);
  net.tell(a, [route(9, 100, 530)]);
  net.tell(c, [retraction(9)]);
  assert.is(net.entry(9).primary, a, 'the first strike again');
});

test('R9: a dead session is no strike', () => {
  const net = new Puppet();
  const links = [2, 3, 4].map((index) => net.peer(`1.1.1.${index}`)) as [number, number, number];
  links.forEach((link, i) => net.tell(link, [route(9, 100, 500 + i)]));
  net.down(links[0]);
  net.down(links[1]);
  assert.is(net.entry(9).primary, links[2]);
});

test.run();
