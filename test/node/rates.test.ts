/** What a link does whose rate is known, between real nodes. */
import * as assert from 'uvu/assert';
import { conserved } from './conservation.js';
import { answered, onEachPath, peerOf, run, TestNodes } from './nodes.js';

onEachPath<{ nodes: TestNodes }>('links with a rate', (test, path) => {
  test.before.each((context) => {
    context.nodes = new TestNodes(path);
  });
  test.after.each(({ nodes }) => nodes.close());

  test('what is sent is paced, the rest dropped and told of, and the link stays up', async ({ nodes }) => {
    const b = await nodes.start('1.1.1.2');
    const a = await nodes.start('1.1.1.1', [], { peers: [`${peerOf(b)}?rate=4Mbit`] });
    await answered(a, b.id);
    assert.is(a.links()[0]?.queue?.bitsPerSecond, 4e6);
    assert.is(b.links()[0]?.queue, null);
    let downs = 0;
    a.on('linkDown', () => downs++);
    const drops = () => {
      const { codelDropped = 0, egressFull = 0 } = a.counters().dropped;
      return codelDropped + egressFull;
    };
    // On a busy machine the other end's socket may overflow, too: that is no matter of queues, but must not be waited for.
    const lost = () => {
      const [here, there] = [a.counters(), b.counters()];
      return [...Object.values(here.dropped), ...Object.values(there.dropped)].reduce(
        (sum, n) => sum + n,
        Number(there['socketOverflows']),
      );
    };
    const before = lost();
    await b.load.startSink({ port: 7000 });
    await a.load.startSource({ destination: b.id, port: 7000, size: 952, rate: 2000, seconds: 1, flows: 3 });
    const isOpen = () => {
      const { running, sent } = a.load.source();
      return running || b.load.sink().received + lost() - before < sent;
    };
    while (isOpen()) await new Promise((later) => setTimeout(later, 10));
    const { received } = b.load.sink();
    // A second and what may wait at 4 Mbit/s are 600 frames of 1000 bytes.
    assert.ok(received > 150 && received < 900, `${received} came through`);
    assert.is(a.links()[0]?.queue?.dropped, drops());
    assert.is(a.links()[0]?.queue?.frames, 0);
    assert.is(downs, 0);
    if (path === 'native') await conserved([a, b]);
  });

  test('a worker that dies leaves word of what waited, and its successor paces on', async ({ nodes }) => {
    const b = await nodes.start('1.1.1.2');
    const a = await nodes.start('1.1.1.1', [], { peers: [`${peerOf(b)}?rate=1Mbit`], allowFaults: true });
    await answered(a, b.id);
    await b.load.startSink({ port: 7000 });
    const restarted = new Promise((resolve) => a.once('workerRestarted', resolve));
    await a.load.startSource({ destination: b.id, port: 7000, size: 952, rate: 5000, seconds: 0 });
    while ((a.links()[0]?.queue?.frames ?? 0) < 10) await new Promise((later) => setTimeout(later, 5));
    await a.injectFault({ kind: 'crashWorker', worker: 0 });
    await restarted;
    await answered(a, b.id);
    assert.ok((a.counters().dropped['crashed'] ?? 0) >= 10);
    // Frames of control may wait for a moment; what waited before the crash is not counted for ever.
    while (a.links()[0]?.queue?.frames !== 0) await new Promise((later) => setTimeout(later, 5));
    if (path === 'native') await conserved([a, b]);
  });
});

run();
