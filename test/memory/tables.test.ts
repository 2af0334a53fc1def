import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BLOCK_BYTES, BLOCK_STRIDE, Blocks } from '../../ts/memory/blocks.js';
import { Epochs, WorkerEpoch } from '../../ts/memory/epochs.js';
import { PortHandler, PortTableWriter, portHandlers } from '../../ts/memory/port-table.js';
import { createRegion, HEADER_WORD_EPOCH } from '../../ts/memory/region.js';
import { WorkerPhase, WorkerState, WorkerStates } from '../../ts/memory/worker-state.js';

test('an epoch has passed once every worker that is online has seen it', () => {
  const region = createRegion({ workers: 3, links: 2 });
  const epochs = new Epochs(region);
  const [a, b] = [new WorkerEpoch(region, 0), new WorkerEpoch(region, 1)];
  assert.ok(epochs.passed(epochs.advance()), 'nobody is online');
  a.online();
  b.online();
  const first = epochs.advance();
  assert.not(epochs.passed(first));
  a.quiescent();
  assert.not(epochs.passed(first));
  b.offline();
  assert.ok(epochs.passed(first));
  b.online();
  assert.ok(epochs.passed(first));
  const second = epochs.advance();
  a.quiescent();
  assert.not(epochs.passed(second));
  epochs.leave(1); // its thread died
  assert.ok(epochs.passed(second));
  assert.throws(() => epochs.leave(3), /below the number of workers/);
});

test('epochs wrap, and leave out the number that means offline', () => {
  const region = createRegion({ workers: 1, links: 2 });
  const epochs = new Epochs(region);
  const worker = new WorkerEpoch(region, 0);
  for (const start of [0x7fff_fffe, -3]) {
    Atomics.store(new Int32Array(region.buffer), HEADER_WORD_EPOCH, start);
    worker.online();
    for (let i = 0; i < 6; i++) {
      const epoch = epochs.advance();
      assert.is.not(epoch, 0);
      assert.not(epochs.passed(epoch));
      worker.quiescent();
      assert.ok(epochs.passed(epoch));
    }
  }
});

test('a worker shows what it does, sleeps and is stopped', () => {
  const region = createRegion({ workers: 2, links: 2 });
  const worker = new WorkerState(region, 1);
  const states = new WorkerStates(region);
  worker.setPhase(WorkerPhase.Running);
  worker.turned(12.5, true);
  worker.turned(13.5, false);
  assert.equal(states.read(1), {
    phase: WorkerPhase.Running,
    online: false,
    sleeping: false,
    lastLoop: 13.5,
    batches: 1,
    blocks: 0,
    freeBlocks: 0,
  });
  const never = { lastLoop: 0, batches: 0, blocks: 0, freeBlocks: 0 };
  assert.equal(states.read(0), { phase: WorkerPhase.None, online: false, sleeping: false, ...never });
  assert.not(states.takeSleeping(1));
  assert.ok(worker.fallAsleep());
  assert.ok(states.read(1).sleeping);
  assert.ok(states.takeSleeping(1), 'one of those who wake it pays');
  assert.not(states.takeSleeping(1), 'and only one');
  assert.ok(worker.fallAsleep());
  assert.ok(states.requestStop(1));
  assert.not(worker.fallAsleep());
  assert.ok(worker.stopRequested);
  assert.not(states.read(1).sleeping);
  states.reset(1);
  assert.not(worker.stopRequested);
  assert.is(states.read(1).phase, WorkerPhase.None);
  assert.is(states.read(1).batches, 1, 'counted on by the successor');
});

test('a port has one owner at a time', () => {
  const region = createRegion({ workers: 1, links: 2 });
  const ports = new PortTableWriter(region);
  const handlers = portHandlers(region);
  ports.set(65_535, PortHandler.Socket);
  assert.is(handlers[65_535], PortHandler.Socket);
  assert.throws(() => ports.set(65_535, PortHandler.Forward), /one owner/);
  ports.set(65_535, PortHandler.None);
  ports.set(65_535, PortHandler.LoadSink);
  assert.is(ports.get(65_535), PortHandler.LoadSink);
  assert.is(
    handlers.reduce((sum, handler) => sum + handler, 0),
    PortHandler.LoadSink,
  );
  for (const port of [-1, 65_536, 1.5]) assert.throws(() => ports.set(port, PortHandler.Socket), /a port is/);
});

test('blocks are taken, counted on and given back', () => {
  const blocks = new Blocks(3 * BLOCK_STRIDE + 100);
  assert.is(blocks.count, 3);
  const [a, b, c] = [blocks.take(), blocks.take(), blocks.take()];
  assert.is(new Set([a, b, c]).size, 3);
  assert.is(blocks.take(), -1);
  assert.is(blocks.blockOf(blocks.offsetOf(b) + BLOCK_BYTES - 1), b);
  blocks.addReferences(b, 44);
  blocks.release(b, 44);
  assert.is(blocks.free, 0);
  blocks.release(b);
  assert.is(blocks.free, 1);
  assert.throws(() => blocks.release(b), /released as often/);
  assert.throws(() => blocks.addReferences(b, 1), /free block/);
  assert.throws(() => blocks.release(3), /number of blocks/);
  assert.throws(() => blocks.release(a, 2), /released as often/);
  assert.is(blocks.take(), b, 'the last one freed comes first');
});

test.run();
