/** R16: lazy changes wait while a link has spent more than its budget; urgent ones never do. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LaneBudget } from '../../../ts/control/routing/lane-budget.js';
import { slotKey } from '../../../ts/control/routing/slot-state.js';
import { SyncBuilder } from '../../../ts/control/routing/sync-builder.js';
import { SyncSender } from '../../../ts/control/routing/sync-sender.js';
import { Puppet, retraction, route } from './puppet.js';
import { mesh } from './topologies.js';

/** Bytes that a link of unknown bandwidth may spend: 2 kbit/s, and those of ten seconds at once. */
const PER_SECOND = 250;
const WINDOW = 2500;

test('whoever keeps to the budget does not wait; a debt is waited for, up to five seconds', () => {
  const budget = new LaneBudget();
  assert.is(budget.wait(0, 0), 0);
  budget.spend(WINDOW, 0, 0);
  assert.is(budget.wait(0, 0), 0);
  budget.spend(500, 0, 0);
  assert.is(budget.wait(0, 0), 2000);
  assert.is(budget.wait(0, 1500), 500);
  assert.is(budget.wait(0, 2000), 0);
  budget.spend(100_000, 0, 2000);
  assert.is(budget.wait(0, 2000), 5000);
  assert.is(budget.wait(0, 11_000), 1000, 'a debt is that of ten seconds at most');
  budget.spend(10_000, 100, 60_000);
  assert.is(budget.wait(100, 60_000), 0, 'a known bandwidth gives its hundredth: 125 bytes a millisecond');
});

test('whoever waits as told keeps to the average, whatever it has to say', () => {
  const frame = fc.record({ gap: fc.integer({ min: 0, max: 3000 }), bytes: fc.integer({ min: 60, max: 1200 }) });
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 300 }), (frames) => {
      const budget = new LaneBudget();
      let [now, sent] = [0, 0];
      for (const { gap, bytes } of frames) {
        now += gap;
        now += budget.wait(0, now);
        assert.ok(sent <= WINDOW + (PER_SECOND * now) / 1000 + 1e-6, `${sent} bytes after ${now} ms`);
        budget.spend(bytes, 0, now);
        sent += bytes;
      }
    }),
  );
});

/** A node between two others that tells b of 200 slots by a; `tell` changes the metric of all of them. */
function talker(): { net: Puppet; a: number; b: number; tell: (metric: number) => void } {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  const tell = (metric: number) => {
    for (let byte = 10; byte < 210; byte++) net.tell(a, [route(byte, 100, 300, metric)]);
  };
  tell(300);
  net.run(60_000);
  return { net, a, b, tell };
}

const framesTo = (net: Puppet, link: number, since: number) =>
  net.frames.filter((frame) => frame.link === link && frame.at >= since);

test('metrics that jump ten times a second are told as the budget allows, and at the end as they are', () => {
  const { net, b, tell } = talker();
  const start = net.now;
  for (let round = 0; round < 600; round++) {
    tell(round % 2 === 0 ? 900 : 300);
    net.run(100);
  }
  const entries = framesTo(net, b, start).flatMap((frame) => frame.entries).length;
  // 60 s of 250 bytes and a window's worth are some 1700 entries of 10 bytes; told every 300 ms they would be 40 000.
  assert.ok(entries < 4000, `${entries} entries in 60 s`);
  assert.ok(entries > 800, `${entries} entries in 60 s`);
  tell(900);
  net.run(6000);
  const last = net.said(b, 100);
  assert.is(last?.kind === 'route' && last.classes[0]?.metric, 900 + 110);
});

test('what is urgent leaves at once, though the budget is spent', () => {
  const { net, a, b, tell } = talker();
  for (let round = 0; round < 100; round++) {
    tell(round % 2 === 0 ? 900 : 300);
    net.run(100);
  }
  const start = net.now;
  net.tell(a, [retraction(42)]);
  net.run(30);
  const told = framesTo(net, b, start).flatMap((frame) => frame.entries);
  assert.ok(told.some(({ kind, byte }) => kind === 'retraction' && byte === 42));
});

test('a sender that waits for its budget never wants to be called again at the same time', () => {
  let due = Number.POSITIVE_INFINITY;
  let metric = 100;
  const said = () => ({ seqno: 1, distance: 9, metric, hops: 1 });
  const sender = new SyncSender(
    {
      wanted: said,
      isSharedZone: () => false,
      needsRequest: () => false,
      rtt: () => 30,
      bandwidth: () => 0,
      random: () => 0.37,
      wake: (time) => {
        due = time;
      },
      builder: new SyncBuilder(),
    },
    0.1,
  );
  for (let turn = 1, now = 0.1; now < 120_000; turn++) {
    metric = metric === 100 ? 900 : 100;
    for (let byte = 1; byte < 100; byte++) sender.refreshAs(slotKey(0, 4, byte), said(), now);
    now = Math.max(now, due);
    const message = sender.step(now);
    assert.ok(due > now, `${due} at ${now}`);
    if (message?.number) sender.handleAcknowledged([message.number]);
    now += 1 / 3 / turn;
  }
});

/** A mesh whose round trips jump for half a minute to 0.3 to 3.3 of what they are: bytes a direction of a link in a second, and the time until a dead node is forgotten. */
function underNoise(bandwidth: number): { bytes: number; forgotten: number } {
  const net = mesh(12, 4, { seed: 3 });
  const links = new Set([...net.nodes.values()].flatMap((node) => [...node.links.values()]));
  for (const link of links) net.setQuality(link, { bandwidth });
  net.run(30_000);
  const before = net.bytes;
  for (let step = 0; step < 300; step++) {
    for (const link of links)
      if (net.random.chance(0.3)) net.setRtt(link, 2 * link.delay * (0.3 + 3 * net.random.unit()));
    net.run(100);
  }
  const bytes = (net.bytes - before) / (2 * links.size) / 30;
  const died = net.now;
  net.crash(net.node('1.1.1.8'));
  do net.run(20);
  while (net.unconverged().length > 0 && net.now < died + 5000);
  assert.equal(net.violations, []);
  return { bytes, forgotten: net.now - died };
}

test('a network under wild noise stays near its budget, and forgets a dead node as fast as without one', () => {
  const [kept, unbounded] = [underNoise(0), underNoise(100_000)];
  assert.ok(unbounded.bytes > 4 * PER_SECOND, `${unbounded.bytes} bytes a second without a budget to speak of`);
  assert.ok(kept.bytes < 2 * PER_SECOND, `${kept.bytes} bytes a second: what is urgent comes on top`);
  assert.ok(kept.bytes < unbounded.bytes / 2, `${kept.bytes} and ${unbounded.bytes} bytes a second`);
  assert.ok(kept.forgotten <= unbounded.forgotten + 100, `${kept.forgotten} and ${unbounded.forgotten} ms`);
});

test.run();
