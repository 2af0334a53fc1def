/** Emulated networks between real nodes: what people ask for is what ping, links and goodput show. */
import * as assert from 'uvu/assert';
import type { Node } from '../../ts/index.js';
import { answered, next, onEachPath, run, TestNodes } from './nodes.js';

/** Two linked nodes, of which the first emulates. */
async function pair(nodes: TestNodes, ...emulate: string[]): Promise<[Node, Node]> {
  const a = await nodes.start('1.1.1.1', [], { emulate });
  const b = await nodes.start('1.1.1.2', [a]);
  await answered(b, a.id);
  return [a, b];
}

onEachPath<{ nodes: TestNodes }>('emulation', (test, path) => {
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  test('a ping takes the delay of each end', async ({ nodes }) => {
    const a = await nodes.start('1.1.1.1', [], { emulate: ['delay=20ms jitter=5ms'] });
    const b = await nodes.start('1.1.1.2', [a], { emulate: ['udp://127.0.0.1:0 delay=30ms'] });
    await answered(b, a.id);
    const { rttMs } = await b.ping(a.id, { count: 20, interval: 5 });
    assert.ok(rttMs && rttMs.min >= 45, `the fastest took ${rttMs?.min} ms`);
    assert.equal(a.status().emulation, ['delay=20ms jitter=5ms']);
    assert.equal(b.status().emulation, ['udp://127.0.0.1:0 delay=30ms']);
    assert.is(a.links()[0]?.emulation, 'delay=20ms jitter=5ms');
    assert.ok((a.links()[0]?.rttMs ?? 0) >= 45);
  });

  test('what a listening address emulates holds for all sessions of a bundle that are dialed from beside it', async ({
    nodes,
  }) => {
    const a = await nodes.start('1.1.1.1', [], { linksPerPeer: 3 });
    const b = await nodes.start('1.1.1.2', [a], { linksPerPeer: 3, emulate: ['udp://127.0.0.1:0 delay=40ms'] });
    const members = () => b.links()[0]?.members ?? [];
    const areUp = () => members().length === 2 && members().every(({ state }) => state === 'up');
    for (let looks = 0; looks < 300 && !areUp(); looks++) await answered(b, a.id); // members come up without an event
    const rtts = members().map(({ rttMs }) => rttMs ?? 0);
    assert.ok(areUp() && Math.min(...rtts) >= 35, `the members' round trips took ${rtts.join(', ')} ms`);
  });

  test('loss shows in pings, in the link and in the counters', async ({ nodes }) => {
    const [a, b] = await pair(nodes, 'loss=20%');
    const { received } = await b.ping(a.id, { count: 200, interval: 2, timeout: 500 });
    assert.ok(received > 125 && received < 190, `${received} of 200 came back`);
    const loss = b.links()[0]?.lossInPercent ?? 0;
    assert.ok(loss > 8 && loss < 32, `the link lost ${loss} %`);
    assert.ok((a.counters().dropped['emulatedLoss'] ?? 0) > 30);
  });

  test('a rule for one peer leaves the others alone', async ({ nodes }) => {
    const a = await nodes.start('1.1.1.1', [], { emulate: ['1.1.1.2 delay=40ms'] });
    const [b, c] = await Promise.all([nodes.start('1.1.1.2', [a]), nodes.start('1.1.1.3', [a])]);
    await Promise.all([answered(b, a.id), answered(c, a.id)]);
    assert.ok(((await a.ping(b.id, { count: 5, interval: 5 })).rttMs?.min ?? 0) >= 40);
    assert.ok(((await a.ping(c.id, { count: 20, interval: 5 })).rttMs?.min ?? 99) < 40);
    const of = (peer: string) => a.links().find((link) => link.peer === peer)?.emulation;
    assert.equal([of(b.id), of(c.id)], ['delay=40ms', null]);
  });

  test('a rate limits goodput, and what its queue does not hold is counted', async ({ nodes }) => {
    const [a, b] = await pair(nodes, 'rate=4Mbit queue=100ms');
    await b.load.startSink({ port: 7000 });
    await a.load.startSource({ destination: b.id, port: 7000, size: 952, rate: 2000, seconds: 0.5 });
    await accounted(a, b);
    const { received } = b.load.sink();
    // Half a second and the queue at 4 Mbit/s are 300 frames of 1000 bytes; a source that was held up sends for longer.
    assert.ok(received > 100 && received <= 400, `${received} came through`);
    assert.ok((a.counters().dropped['emulatedFull'] ?? 0) > 300);
  });

  test('an MTU is a black hole for what is larger', async ({ nodes }) => {
    const [a, b] = await pair(nodes, 'mtu=700');
    assert.is((await b.ping(a.id, { count: 5, interval: 5, size: 600 })).received, 5);
    assert.is((await b.ping(a.id, { count: 5, interval: 5, size: 1000, timeout: 200 })).received, 0);
    assert.ok((a.counters().dropped['emulatedTooLarge'] ?? 0) >= 5);
  });

  test('goodbyes go out however long the delay', async ({ nodes }) => {
    const [a, b] = await pair(nodes, 'delay=300ms');
    const down = next<[{ reason: string }]>(b, 'linkDown');
    await a.close();
    assert.is((await down)[0].reason, 'goodbye');
  });
});

/** Resolves when every packet of the source has come to the sink or was dropped on the way. */
async function accounted(source: Node, sink: Node): Promise<void> {
  const isOpen = () => {
    const { running, sent } = source.load.source();
    return running || sink.load.sink().received + (source.counters().dropped['emulatedFull'] ?? 0) < sent;
  };
  while (isOpen()) await new Promise((later) => setTimeout(later, 10));
}

run();
