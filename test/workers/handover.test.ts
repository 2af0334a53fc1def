/** The hand-over ring of a real worker, when one that writes into it dies at the worst moment. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { PortHandler, PortTableWriter } from '../../ts/memory/port-table.js';
import { createQueue, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import { HAND_DELIVER_FRAME, RECORD_KIND, RecordKind } from '../../ts/memory/worker-records.js';
import { makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { PACKET_PATHS, WorkerNode } from './worker-node.js';

const SELF = 0x01010101;
const OTHER = 0x01010102;

const ring = () => createQueue({ bytes: 1 << 16, producers: 'many' });

function handOver(frame: Uint8Array): Uint8Array {
  const record = new Uint8Array(HAND_DELIVER_FRAME + frame.length);
  new DataView(record.buffer).setInt32(RECORD_KIND, RecordKind.HandDeliver, true);
  record.set(frame, HAND_DELIVER_FRAME);
  return record;
}

for (const path of PACKET_PATHS)
  test(`${path}: a worker that dies in the middle of a claim does not block those behind it`, async () => {
    const incoming = ring();
    const { addon } = loadAddon();
    const wakeFd = path === 'native' && addon ? addon.createEvent() : -1;
    const node = new WorkerNode(SELF, path);
    await node.start({
      wakeFd,
      handover: [
        { ring: incoming, wakeFd },
        { ring: ring(), wakeFd: -1 },
      ],
    });
    try {
      new PortTableWriter(node.region).set(6000, PortHandler.Socket);
      const dead = new Worker(new URL('./dying-producer.js', import.meta.url), { workerData: incoming });
      assert.is((await once(dead, 'exit'))[0], 1);
      const living = new QueueProducer(incoming, { wake: () => wakeFd >= 0 && addon?.signalEvent(wakeFd) });
      for (const sequence of [1, 2])
        living.tryWrite(
          handOver(makeFrame({ source: OTHER, destination: SELF, destinationPort: 6000, sequence }, new Uint8Array(4))),
        );
      for (const expected of [1, 2]) {
        const headers = readHeaders(await node.delivered());
        assert.is(typeof headers === 'string' ? headers : headers.sequence, expected);
      }
    } finally {
      await node.stop();
      if (wakeFd >= 0) addon?.closeSocket(wakeFd);
    }
  });

test.run();
