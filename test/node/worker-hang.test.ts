/** Workers that do not crash but stand still, or run out of memory: noticed, replaced, and what cannot be replaced is told. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Node } from '../../ts/index.js';
import { conserved } from './conservation.js';
import { answered, line, next, onEachPath, routed, run } from './nodes.js';

/** A pipe: who reads it is blocked in the kernel until `release`. */
class Pipe {
  readonly #folder = mkdtempSync(join(tmpdir(), 'portolan-'));
  readonly file = join(this.#folder, 'pipe');

  constructor() {
    execFileSync('mkfifo', [this.file]);
  }

  /** Writing waits for a reader, so the pipe is opened for both, which does not. */
  release(): void {
    closeSync(openSync(this.file, constants.O_RDWR | constants.O_NONBLOCK));
  }

  [Symbol.dispose](): void {
    this.release();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Resolves with the next warning that matches. */
async function warned(node: Node, pattern: RegExp): Promise<string> {
  for (;;) {
    const [{ message }] = await next<[{ message: string }]>(node, 'warning');
    if (pattern.test(message)) return message;
  }
}

onEachPath('worker hang', (test, path) => {
  test('a worker that turns for ever is named, ended and replaced; its port forwards listen where they did', async () => {
    const forwards = ['udp://127.0.0.1:0=1.1.1.3:6000'];
    const { a, b, c, close } = await line(path, { allowFaults: true, forwards });
    try {
      const listening = b.forwardAddresses;
      const warning = warned(b, /hangs/);
      const restarted = next<[{ worker: number; reason: string }]>(b, 'workerRestarted');
      await b.injectFault({ kind: 'hangWorker', worker: 0 });
      assert.match(await warning, /worker 0 hangs/);
      const [{ worker, reason }] = await restarted;
      assert.is(worker, 0);
      assert.match(reason, /hung/);
      assert.equal(b.forwardAddresses, listening);
      await Promise.all([routed(a, c.id), routed(c, a.id)]);
      await answered(a, c.id);
      if (path === 'native') await conserved([a, b, c]);
    } finally {
      await close();
    }
  });

  test('a worker that runs out of memory ends alone and is replaced', async () => {
    const { a, b, c, close } = await line(path, { allowFaults: true });
    try {
      const restarted = next<[{ reason: string }]>(b, 'workerRestarted');
      await b.injectFault({ kind: 'exhaustWorker', worker: 0 });
      // Where filling the heap takes seconds, the watchdog may be faster.
      assert.match((await restarted)[0].reason, /memory|hung/);
      await Promise.all([routed(a, c.id), routed(c, a.id)]);
      await answered(a, c.id);
    } finally {
      await close();
    }
  });

  if (path === 'native')
    test('of three workers one is blocked in the kernel: the others take its packets over, and it is replaced when it comes back', async () => {
      using pipe = new Pipe();
      const { a, b, c, close } = await line(path, { allowFaults: true, workers: 3 });
      try {
        const warning = warned(b, /cannot be ended/);
        await b.injectFault({ kind: 'blockWorker', worker: 1, file: pipe.file });
        assert.match(await warning, /worker 1 .* the other workers take its packets over/, await warning);
        await Promise.all([routed(a, c.id), routed(c, a.id)]);
        // Flows from many ports: the kernel gives some of them to each worker's socket.
        const server = await c.bind(6000);
        server.on('message', (payload, from) => server.send(payload, from.id, from.port));
        await answered(a, c.id);
        const restarted = next<[{ worker: number }]>(b, 'workerRestarted');
        pipe.release();
        assert.is((await restarted)[0].worker, 1);
        await Promise.all([routed(a, c.id), routed(c, a.id)]);
        await answered(a, c.id);
      } finally {
        await close();
      }
    });

  if (path === 'portable')
    test('the only worker is blocked: people are told, and the node can still be closed', async () => {
      using pipe = new Pipe();
      const { a, close } = await line(path, { allowFaults: true });
      try {
        const warning = warned(a, /cannot be ended/);
        await a.injectFault({ kind: 'blockWorker', worker: 0, file: pipe.file });
        assert.match(await warning, /there is no other .* start the process anew/);
      } finally {
        await close();
      }
    });
});

run();
