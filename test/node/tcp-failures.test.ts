/** When a connection or a worker fails: real nodes with links over tcp://. */
import * as assert from 'uvu/assert';
import { startChild } from './child-process.js';
import { answered, next, onEachPath, routed, run, TestNodes, when } from './nodes.js';

const TCP = { listen: ['tcp://127.0.0.1:0'] };

onEachPath('tcp failures', (test, path) => {
  test('a peer that is killed is noticed by the end of its connection, and dialed until it is back', async () => {
    const nodes = new TestNodes(path);
    const options = { id: '1.1.1.2', ...TCP, packetPath: path, workers: 1 };
    const child = await startChild(options);
    try {
      const a = await nodes.start('1.1.1.1', [], { ...TCP, peers: [`1.1.1.2@${child.address}`] });
      await routed(a, '1.1.1.2');
      const down = next<[{ reason: string }]>(a, 'linkDown');
      await child.kill();
      assert.is((await down)[0].reason, 'disconnected');
      const second = await startChild({ ...options, listen: [child.address] });
      try {
        await routed(a, '1.1.1.2');
        await answered(a, '1.1.1.2');
      } finally {
        await second.kill();
      }
    } finally {
      await nodes.close();
      await child.kill();
    }
  });

  test('the worker for TCP crashes: its successor listens at the same port, and the links come back', async () => {
    const nodes = new TestNodes(path);
    try {
      const b = await nodes.start('1.1.1.2', [], { ...TCP, allowFaults: true });
      const a = await nodes.start('1.1.1.1', [b], TCP);
      await routed(a, b.id);
      const [address] = b.addresses;
      const restarted = next<[{ worker: number }]>(b, 'workerRestarted');
      const down = next<[{ reason: string }]>(a, 'linkDown');
      await b.injectFault({ kind: 'crashWorker', worker: b.status().workers });
      assert.is((await restarted)[0].worker, b.status().workers);
      assert.is((await down)[0].reason, 'disconnected');
      assert.equal(b.addresses, [address]);
      await when(a, 'the link is up again', () => a.links()[0]?.state === 'up');
      await answered(a, b.id);
    } finally {
      await nodes.close();
    }
  });
});

run();
