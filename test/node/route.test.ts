/** Paths by condition between real nodes: two ways round a ring, one of them slow. */
import * as assert from 'uvu/assert';
import { type Node, PortolanError } from '../../ts/index.js';
import { onEachPath, peerOf, routed, run, TestNodes, when } from './nodes.js';

/** 1.1.1.1 reaches 1.1.1.4 by 1.1.1.2, which is quick, and by 1.1.1.3, which sends 40 ms late. */
async function ring(nodes: TestNodes): Promise<{ a: Node; b: Node; c: Node; d: Node }> {
  const b = await nodes.start('1.1.1.2');
  const c = await nodes.start('1.1.1.3', [], { emulate: ['delay=40ms'] });
  const a = await nodes.start('1.1.1.1', [], { peers: [peerOf(b), peerOf(c)] });
  const d = await nodes.start('1.1.1.4', [], { peers: [peerOf(b), peerOf(c)] });
  await Promise.all([routed(a, d.id), routed(d, a.id), routed(b, d.id), routed(c, d.id)]);
  return { a, b, c, d };
}

const refusal = async (asked: Promise<unknown>): Promise<PortolanError> => {
  try {
    await asked;
  } catch (error) {
    if (error instanceof PortolanError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

onEachPath('route', (test, path) => {
  test('a path that keeps to its limits is found, or what came closest is told', async () => {
    const nodes = new TestNodes(path);
    try {
      const { a, b, c, d } = await ring(nodes);
      const quick = await a.route(d.id, { rttMs: 30, hops: 2 });
      assert.equal(quick.path, [a.id, b.id, d.id]);
      assert.is(quick.hops, 2);
      assert.ok(quick.rttMs < 30);
      assert.equal((await b.route(d.id)).path, [b.id, d.id], 'a neighbour is asked too');

      // Whatever leaves 1.1.1.3 is late, so both of its links have a round trip of 40 ms.
      const slow = await refusal(c.route(d.id, { rttMs: 20 }));
      assert.is(slow.code, 'NO_PATH');
      assert.match(
        slow.message,
        /^no path to 1\.1\.1\.4 within 20 ms: the best found has \d+(\.\d+)? ms, over 1\.1\.1\.\d$/,
      );
      const far = await refusal(a.route(d.id, { hops: 1 }));
      assert.match(far.message, /within 1 hops: the best found has 2 hops, over 1\.1\.1\.\d/);
    } finally {
      await nodes.close();
    }
  });

  test('a route is explained, and what it was before is remembered', async () => {
    const nodes = new TestNodes(path);
    try {
      const { a, b, c, d } = await ring(nodes);
      const why = a.explainRoute(d.id);
      assert.is(why?.slot, d.id);
      assert.is(why?.candidates[0]?.peer, b.id);
      assert.is(why?.candidates[0]?.verdict, 'primary');
      assert.ok(
        why?.candidates.some(({ peer }) => peer === c.id),
        'the other neighbour is there too',
      );
      assert.is(a.explainRoute(a.id), undefined);

      await b.close();
      await when(a, 'the way by the other neighbour', () => a.routes(d.id)[0]?.nextHop === c.id);
      const hops = a.routeHistory(d.id).map(({ nextHop }) => nextHop);
      assert.is(hops[0], b.id);
      assert.is(hops.at(-1), c.id);
      assert.ok(a.routeHistory(undefined, { class: 'all' }).length > hops.length);
    } finally {
      await nodes.close();
    }
  });

  test('what makes no sense is refused, and nobody waits for a node that closes', async () => {
    const nodes = new TestNodes(path);
    try {
      const a = await nodes.start('1.1.1.1');
      assert.match((await refusal(a.route('1.1.1.2', { rttMs: -1 }))).message, /^rttMs: /);
      assert.match((await refusal(a.route('1.1.1.1'))).message, /destination/);
      assert.match((await refusal(a.route('1.1.1.2'))).message, /no neighbour knows a way there/);
    } finally {
      await nodes.close();
    }
  });

  test('a leaf is found at its relay, and finds others by it', async () => {
    const nodes = new TestNodes(path);
    try {
      const a = await nodes.start('1.1.1.1');
      const b = await nodes.start('1.1.1.2', [a]);
      const leaf = await nodes.start('1.1.1.9', [b], { role: 'leaf' });
      await Promise.all([routed(a, leaf.id), routed(leaf, a.id)]);
      assert.equal((await a.route(leaf.id)).path, [a.id, b.id, leaf.id]);
      assert.equal((await b.route(leaf.id)).path, [b.id, leaf.id]);
      assert.equal((await leaf.route(a.id)).path, [leaf.id, b.id, a.id]);
    } finally {
      await nodes.close();
    }
  });
});

run();
