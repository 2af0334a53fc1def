/** Records for a worker, as control and applications write them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readHost, readPort } from '../../ts/memory/address.js';
import { ADDRESS_SOCKET } from '../../ts/memory/batch.js';
import { writeSendLink, writeSendPacket, writeSendTo } from '../../ts/memory/handed-down.js';
import { createQueue, QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import {
  RECORD_KIND,
  RecordKind,
  SEND_LINK_LINK,
  SEND_LINK_PAYLOAD,
  SEND_LINK_TYPE,
  SEND_PACKET_FRAME,
  SEND_TO_ADDRESS,
  SEND_TO_FRAME,
} from '../../ts/memory/worker-records.js';

const BYTES = Uint8Array.of(1, 2, 3, 4, 5);

/** A ring, and what lies in it: each record copied out. */
function ring(): { producer: QueueProducer; records: () => DataView[] } {
  const queue = createQueue({ bytes: 4096, producers: 'one' });
  const [producer, consumer] = [new QueueProducer(queue), new QueueConsumer(queue)];
  const records = (): DataView[] => {
    const found: DataView[] = [];
    consumer.read((_type, at, length) => found.push(new DataView(consumer.bytes.slice(at, at + length).buffer)));
    return found;
  };
  return { producer, records };
}

const word = (view: DataView, at: number) => view.getInt32(at, true);
const rest = (view: DataView, at: number) => new Uint8Array(view.buffer, at, BYTES.length);

test('each kind is there as it is drawn, as soon as it is written', () => {
  const { producer, records } = ring();
  assert.ok(writeSendLink(producer, 7, 2, BYTES));
  assert.ok(writeSendTo(producer, 3, { host: 'fe80::1%4', port: 7001 }, BYTES));
  assert.ok(writeSendPacket(producer, BYTES));
  const [link, to, packet, ...more] = records();
  assert.ok(link && to && packet && more.length === 0);
  assert.equal(
    [RECORD_KIND, SEND_LINK_LINK, SEND_LINK_TYPE].map((at) => word(link, at)),
    [RecordKind.SendLink, 7, 2],
  );
  assert.equal(rest(link, SEND_LINK_PAYLOAD), BYTES);
  assert.equal([word(to, RECORD_KIND), word(to, SEND_TO_ADDRESS + ADDRESS_SOCKET)], [RecordKind.SendTo, 3]);
  assert.is(readHost(to, SEND_TO_ADDRESS), 'fe80:0:0:0:0:0:0:1%4');
  assert.is(readPort(to, SEND_TO_ADDRESS), 7001);
  assert.equal(rest(to, SEND_TO_FRAME), BYTES);
  assert.is(word(packet, RECORD_KIND), RecordKind.SendPacket);
  assert.equal(rest(packet, SEND_PACKET_FRAME), BYTES);
});

test('a full ring takes nothing, and says so; what it has stays whole', () => {
  const { producer, records } = ring();
  const frame = new Uint8Array(500);
  let taken = 0;
  while (writeSendPacket(producer, frame)) taken++;
  assert.ok(taken > 0);
  assert.not(writeSendLink(producer, 1, 1, frame));
  assert.not(writeSendTo(producer, 0, { host: '127.0.0.1', port: 1 }, frame));
  assert.equal(
    records().map((view) => word(view, RECORD_KIND)),
    Array.from({ length: taken }, () => RecordKind.SendPacket),
  );
  assert.ok(writeSendLink(producer, 1, 1, frame));
});

test.run();
