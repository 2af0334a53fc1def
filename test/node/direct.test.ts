/** Between real nodes: packets for a neighbour of another zone go straight to it, though its zone is entered elsewhere (R22). */
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { answered, onEachPath, peerOf, run, TestNodes } from './nodes.js';

onEachPath<{ nodes: TestNodes }>('direct ways', (test, path) => {
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  test('straight to the neighbour itself; to others of its zone by the next hop', async ({ nodes }) => {
    const border = await nodes.start('1.2.1.1');
    const inner = await nodes.start('1.2.1.2', [border]);
    const node = await nodes.start('1.1.1.1', [], { peers: [`${peerOf(border)}?cost=100`] });
    await answered(node, border.id);
    await answered(inner, border.id);
    // The new link is cheaper, so it is the way to its own end; but by less than a slot changes its next hop for. What round trips add to costs is less than either.
    const nextHop = () => node.routes(inner.id, { class: 'lowCost' })[0]?.nextHop;
    assert.is(nextHop(), border.id);
    const isUp = once(node, 'linkUp');
    node.addPeer(`${peerOf(inner)}?cost=99`);
    await isUp;
    const isAside = nextHop() === border.id; // as a rule; a moved zone metric may have led the slot itself there

    const sink = await inner.bind(7000);
    const socket = await node.bind(0, { class: 'lowCost' });
    const direct = () => Number(node.counters()['direct']);
    const [forwarded, before] = [border.counters().forwarded, direct()];
    socket.send(Buffer.from('straight'), inner.id, 7000);
    await once(sink, 'message');
    assert.is(border.counters().forwarded, forwarded);
    if (isAside) {
      assert.is(direct(), before + 1);
      assert.is(node.explainRoute(inner.id, { class: 'lowCost' })?.candidates[0]?.verdict, 'direct');
    }
    const counted = direct();

    node.removePeer(inner.id);
    while (node.links().some(({ peer, state }) => peer === inner.id && state === 'up')) await once(node, 'linkDown');
    socket.send(Buffer.from('by the border'), inner.id, 7000);
    await once(sink, 'message');
    assert.is(border.counters().forwarded, forwarded + 1);
    assert.is(direct(), counted);
  });
});

run();
