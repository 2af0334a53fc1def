/** Pinned routes between real nodes: packets follow the path that was asked for, and the table's when it breaks. */
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { type Node, type PinnedRoute, PortolanError } from '../../ts/index.js';
import { onEachPath, peerOf, routed, run, TestNodes, when } from './nodes.js';

/** 1.1.1.1 reaches 1.1.1.4 by 1.1.1.2, which is quick and dear, and by 1.1.1.3, which sends 40 ms late and costs little. */
async function ring(nodes: TestNodes): Promise<{ a: Node; b: Node; c: Node; d: Node }> {
  const b = await nodes.start('1.1.1.2');
  const c = await nodes.start('1.1.1.3', [], { emulate: ['delay=40ms'] });
  const a = await nodes.start('1.1.1.1', [], { peers: [`${peerOf(b)}?cost=50`, peerOf(c)] });
  const d = await nodes.start('1.1.1.4', [], { peers: [peerOf(b), peerOf(c)] });
  await Promise.all([routed(a, d.id), routed(d, a.id), routed(b, d.id), routed(c, d.id)]);
  // A search that comes before the cheap way is told would be refused, and repeated a second later.
  const cheap = () => a.explainRoute(d.id, { class: 'lowCost' })?.candidates.find(({ peer }) => peer === c.id);
  await when(a, 'the cheap way', () => typeof cheap()?.label === 'string');
  return { a, b, c, d };
}

async function until(pin: PinnedRoute, state: string): Promise<void> {
  while (pin.report.state !== state) await once(pin, 'change', { signal: AbortSignal.timeout(30_000) });
}

async function hops(from: Node, to: Node): Promise<(string | null)[]> {
  const { hops: all } = await from.trace(to.id);
  return all.map(({ id }) => id);
}

const isInvalid = (error: Error) => error instanceof PortolanError && error.code === 'INVALID_OPTION';

onEachPath('pins', (test, path) => {
  test('packets follow the path that was asked for, there and nowhere else', async () => {
    const nodes = new TestNodes(path);
    try {
      const { a, b, c, d } = await ring(nodes);
      assert.equal(await hops(a, d), [b.id, d.id]);
      const pin = a.pinRoute(d.id, { cost: 10 });
      await until(pin, 'pinned');
      assert.equal(pin.report.route?.path, [a.id, c.id, d.id]);
      assert.equal(await hops(a, d), [c.id, d.id]);
      assert.ok(Number(a.counters()['pinned']) > 0);
      const { rttMs } = await a.ping(d.id, { count: 1 });
      assert.ok((rttMs?.min ?? 0) >= 40, 'by the slow relay');
      assert.equal(await hops(a, b), [b.id], 'other destinations as ever');

      pin.close();
      assert.equal(a.pins(), []);
      assert.equal(await hops(a, d), [b.id, d.id]);
    } finally {
      await nodes.close();
    }
  });

  test('when the path breaks, packets take the way of their class at once, and the pin looks on', async () => {
    const nodes = new TestNodes(path);
    try {
      const { a, b, c, d } = await ring(nodes);
      const pin = a.pinRoute(d.id, { cost: 10 });
      await until(pin, 'pinned');
      const reasons: string[] = [];
      pin.on('change', ({ reason }) => reason !== null && reasons.push(reason));
      await c.close();
      await until(pin, 'resting');
      assert.equal(await hops(a, d), [b.id, d.id]);
      while (reasons.length < 2) await once(pin, 'change', { signal: AbortSignal.timeout(30_000) });
      assert.match(reasons[0] ?? '', /broken/);
      assert.match(reasons[1] ?? '', /within a cost of 10: the best found has a cost of 5\d/);
    } finally {
      await nodes.close();
    }
  });

  test('what makes no sense is refused', async () => {
    const nodes = new TestNodes(path);
    try {
      const a = await nodes.start('1.1.1.1');
      assert.throws(() => a.pinRoute('1.1.1.1'), isInvalid);
      assert.throws(() => a.pinRoute('1.1.1.2', { rttMs: -1 }), isInvalid);
      const pin = a.pinRoute('1.1.1.2');
      assert.throws(() => a.pinRoute('1.1.1.2'), isInvalid, 'pinned already');
      await until(pin, 'resting');
      assert.match(pin.report.reason ?? '', /no neighbour knows a way there/);
      assert.ok(a.unpinRoute(pin.number));
      assert.not.ok(a.unpinRoute(pin.number));
    } finally {
      await nodes.close();
    }
  });
});

run();
