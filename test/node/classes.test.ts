/** Between real nodes: each class takes its own way, and packets go in the class that they name. */
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import type { TrafficClassName } from '../../ts/node/datagram-socket.js';
import { answered, onEachPath, peerOf, run, TestNodes } from './nodes.js';

onEachPath<{ nodes: TestNodes }>('traffic classes', (test, path) => {
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  test('low latency goes straight, low cost and high bandwidth by a third node', async ({ nodes }) => {
    const b = await nodes.start('1.1.1.2');
    // Far enough away that no noise of a busy machine makes the way by it the quicker one.
    const far = { emulate: ['delay=10ms'] };
    const c = await nodes.start('1.1.1.3', [], { ...far, peers: [`${peerOf(b)}?bandwidth=1Gbit`] });
    const peers = [`${peerOf(b)}?cost=50&bandwidth=5Mbit`, `${peerOf(c)}?bandwidth=1Gbit`];
    const a = await nodes.start('1.1.1.1', [], { peers });
    await answered(a, b.id);
    const nextHop = (name: TrafficClassName) => a.routes(b.id, { class: name })[0]?.nextHop;
    while (nextHop('lowCost') !== c.id || nextHop('highBandwidth') !== c.id) await once(a, 'routeChanged');
    assert.is(nextHop('lowLatency'), b.id);
    assert.is(a.routes(b.id, { class: 'highBandwidth' })[0]?.bandwidthMbit, 512);

    const sink = await b.bind(7000);
    const [cheap, quick] = [await a.bind(0, { class: 'lowCost' }), await a.bind(0)];
    const before = c.counters().forwarded;
    cheap.send(Buffer.from('by the third'), b.id, 7000);
    await once(sink, 'message');
    assert.is(c.counters().forwarded, before + 1);
    quick.send(Buffer.from('straight'), b.id, 7000);
    await once(sink, 'message');
    assert.is(c.counters().forwarded, before + 1);
    const { hops } = await a.trace(b.id, { class: 'highBandwidth' });
    assert.equal(
      hops.map(({ id }) => id),
      [c.id, b.id],
    );
  });
});

run();
