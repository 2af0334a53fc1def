import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WorkerThreads } from '../../ts/node/worker-threads.js';

test('a spare thread is kept that has loaded its code; who comes after the one that took it starts a new one', async () => {
  const threads = new WorkerThreads({ packetPath: 'portable' });
  try {
    await threads.keepSpare();
    const spare = threads.take();
    assert.is(spare.isLoaded, true);
    const cold = threads.take();
    assert.is(cold.isLoaded, false);
    await cold.loaded;
    await threads.keepSpare();
    assert.is(threads.take().isLoaded, true, 'there is a spare again');
  } finally {
    await threads.close(5_000);
  }
});

test('closing ends every thread, whether it has become a worker or not', async () => {
  const threads = new WorkerThreads({ packetPath: 'portable' });
  await threads.keepSpare();
  const spare = threads.take();
  const starting = threads.take();
  await threads.close(5_000);
  await Promise.all([spare.exited, starting.exited]);
});

test.run();
