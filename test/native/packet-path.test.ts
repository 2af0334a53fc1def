import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BATCH_RINGS_EMPTY, RunKind } from '../../ts/memory/batch.js';
import { createQueue, QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import { WorkerStates } from '../../ts/memory/worker-state.js';
import { makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { checkTag, tagKey } from '../../ts/wire/tag.js';
import { addon, Rig, reason } from './rig.js';
import type { RingWriterData } from './ring-writer.js';

const KEY = tagKey(new Uint8Array(16).fill(7));

const data = (sequence: number, size = 1200) =>
  makeFrame(
    { destination: 0x01010103, source: 0x01010101, sequence, ttl: 9 },
    new Uint8Array(size - 48).fill(sequence),
  );

const headersOf = (frame: Uint8Array) => {
  const headers = readHeaders(frame);
  if (typeof headers === 'string') throw new Error(headers);
  return headers;
};

if (addon === undefined) {
  test(`there is no native packet path here, and a reason is given: ${reason}`, () => assert.not.equal(reason, ''));
} else {
  const native = addon;

  for (const host of ['127.0.0.1', '::1'])
    for (const offloads of [true, false])
      test(`frames cross a relay over ${host}, ${offloads ? 'with' : 'without'} GSO and GRO`, () => {
        using a = new Rig(native, { host, gso: offloads, gro: offloads });
        using b = new Rig(native, { host, gso: offloads, gro: offloads });
        using c = new Rig(native, { host, gso: offloads, gro: offloads });
        a.link(1, b.socket);
        b.link(1, a.socket);
        b.link(2, c.socket, { ourNumber: 0x2002, peerNumber: 0x5003 });
        c.link(3, b.socket, { ourNumber: 0x5003, peerNumber: 0x2002 });
        for (let i = 1; i <= 100; i++) a.originate(1, data(i));
        assert.is(a.path.send(), 100);
        let forwarded = 0;
        while (forwarded < 100) {
          assert.ok(b.path.receive(2000) > 0);
          forwarded += b.forwardAll(2);
        }
        const runs = c.receive(100);
        const frames = runs.flatMap((run) => run.frames);
        assert.is(frames.length, 100);
        for (const run of runs) assert.equal([run.kind, run.link], [RunKind.Data, 3]);
        for (const [i, frame] of frames.entries()) {
          const headers = headersOf(frame);
          assert.is(headers.sequence, i + 1);
          assert.is(headers.counter, i + 1);
          assert.is(headers.ttl, 8);
          assert.is(headers.linkNumber, 0x5003);
          assert.equal(frame.subarray(48), data(i + 1).subarray(48));
          assert.ok(checkTag(new DataView(frame.buffer), 0, frame.byteLength, KEY, 0));
        }
        assert.is(b.counters().forwarded, 100);
        assert.is(b.links.counters(2).txFrames, 100);
        assert.is(b.links.counters(1).rxHighest, 100);
        if (offloads) assert.ok(a.counters().sendCalls <= 3, 'segments leave in few messages');
        else assert.is(a.counters().sendCalls, 100);
      });

  test('a sleep as long as a tick ends each time, also when nothing comes', () => {
    using rig = new Rig(native);
    for (let sleeps = 0; sleeps < 4; sleeps++) assert.is(rig.path.receive(40), 0);
  });

  for (const producers of ['one', 'many'] as const)
    test(`a record in a ring (${producers}) ends a sleep, whenever it comes`, async () => {
      const queue = createQueue({ bytes: 4096, producers });
      using rig = new Rig(native, { path: { rings: [new Uint8Array(queue)] } });
      const consumer = new QueueConsumer(queue);
      const ringsEmpty = () => rig.batch.words[BATCH_RINGS_EMPTY];
      const read = () => consumer.read(() => undefined);
      assert.is(rig.path.receive(0), 0);
      assert.is(ringsEmpty(), 1);

      new QueueProducer(queue).tryWrite(new Uint8Array(8));
      assert.is(rig.path.receive(60_000), 0, 'it was there before the sleep: there is none');
      assert.is(ringsEmpty(), 0);
      assert.is(read(), 1);
      rig.path.receive(0);
      assert.is(ringsEmpty(), 1);

      const workerData: RingWriterData = { queue, event: rig.event };
      const writer = new Worker(new URL('./ring-writer.js', import.meta.url), { workerData });
      const ended = once(writer, 'exit');
      await once(writer, 'online');
      while (ringsEmpty() !== 0) rig.path.receive(60_000); // ends with the record, which is written when the sleep was announced
      assert.is(read(), 1);
      await ended;
    });

  test('a worker that is to stop does not fall asleep', () => {
    using rig = new Rig(native);
    new WorkerStates(rig.region).requestStop(0);
    assert.is(rig.path.receive(60_000), 0);
  });
}

test.run();
