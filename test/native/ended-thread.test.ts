/**
 * A thread may be ended at any instant, also while the addon makes an object for it. Whatever the addon then cannot say any more must
 * be lost silently: an exception that has nobody left to go to ends the process.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, reason } from './rig.js';

const THREADS = 16;

if (addon === undefined) {
  test(`there is no native packet path here, and a reason is given: ${reason}`, () => assert.not.equal(reason, ''));
} else {
  test('a thread that is ended inside the addon takes nobody along', async () => {
    for (let thread = 0; thread < THREADS; thread++) {
      const worker = new Worker(new URL('./ended-worker.js', import.meta.url));
      await once(worker, 'message');
      await delay(thread % 4);
      assert.is(await worker.terminate(), 1);
    }
  });
}

test.run();
