/** Between real nodes: packets for a neighbour of another zone go straight to it, though its zone is entered elsewhere (R22). */
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import type { Node } from '../../ts/index.js';
import { eventually, onEachPath, peerOf, routed, run, TestNodes } from './nodes.js';

onEachPath<{ nodes: TestNodes }>('direct ways', (test, path) => {
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  test('straight to the neighbour itself; to others of its zone by the next hop', async ({ nodes }) => {
    const border = await nodes.start('1.2.1.1');
    const [inner, other] = await Promise.all([nodes.start('1.2.1.2', [border]), nodes.start('1.2.1.3', [border])]);
    await Promise.all([routed(border, inner.id), routed(border, other.id)]);
    // The link to the neighbour costs less than the one to the border, by 10: more than round trips can add to this class, so it is the way to its own end; and
    // less than 2 %, with all that round trips and ways within the zone can add, so the slot keeps its next hop (R6). Neither depends on what is measured.
    const node = await nodes.start('1.1.1.1', [], { peers: [`${peerOf(border)}?cost=1000`] });
    await comesTo(node, inner, { [border.id]: 'primary' });
    node.addPeer(`${peerOf(inner)}?cost=990`);
    await comesTo(node, inner, { [inner.id]: 'direct', [border.id]: 'primary' });
    assert.is(node.routes(inner.id, { class: 'lowCost' })[0]?.nextHop, border.id);

    const [sink, otherSink] = await Promise.all([inner.bind(7000), other.bind(7000)]);
    const socket = await node.bind(0, { class: 'lowCost' });
    const direct = () => Number(node.counters()['direct']);
    const byBorder = () => border.counters().forwarded;
    const [directBefore, byBorderBefore] = [direct(), byBorder()];
    socket.send(Buffer.from('straight'), inner.id, 7000);
    await once(sink, 'message');
    assert.is(direct(), directBefore + 1);
    assert.is(byBorder(), byBorderBefore);

    socket.send(Buffer.from('to another one of the zone'), other.id, 7000);
    await once(otherSink, 'message');
    await eventually(() => byBorder() > byBorderBefore, byBorder); // it may arrive before it counts as sent
    assert.is(byBorder(), byBorderBefore + 1);
    assert.is(direct(), directBefore + 1);

    node.removePeer(inner.id);
    await comesTo(node, inner, { [border.id]: 'primary' });
    socket.send(Buffer.from('by the border'), inner.id, 7000);
    await once(sink, 'message');
    await eventually(() => byBorder() > byBorderBefore + 1, byBorder);
    assert.is(byBorder(), byBorderBefore + 2);
    assert.is(direct(), directBefore + 1);
  });
});

/**
 * Resolves when the neighbours in the slot of `to` are what is wanted, and no others are there. Routes do not tell: until a border knows the number of its zone (R19), up to 0.3 s,
 * packets go to it as a fallback, and no event says when it becomes the next hop, for the way stays the same.
 */
async function comesTo(node: Node, to: Node, wanted: Readonly<Record<string, string>>): Promise<void> {
  const verdicts = () => {
    const candidates = node.explainRoute(to.id, { class: 'lowCost' })?.candidates ?? [];
    return Object.fromEntries(candidates.map(({ peer, verdict }) => [peer, verdict]));
  };
  await eventually(() => isDeepStrictEqual(verdicts(), wanted), verdicts);
}

run();
