import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeAddress } from '../../ts/memory/address.js';
import { ADDRESS_SOCKET, Verdict } from '../../ts/memory/batch.js';
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
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { FrameType, INITIAL_TTL } from '../../ts/wire/link-header.js';
import { HEADERS_BYTES, Protocol } from '../../ts/wire/network-header.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const PEER = 0x01010103;
const LINK = 5;

function recordOf(kind: number, bytes: number, fill: (view: DataView, record: Uint8Array) => void): Uint8Array {
  const record = new Uint8Array(bytes);
  const view = new DataView(record.buffer);
  view.setInt32(RECORD_KIND, kind, true);
  fill(view, record);
  return record;
}

const sendPacket = (frame: Uint8Array) =>
  recordOf(RecordKind.SendPacket, SEND_PACKET_FRAME + frame.length, (_, record) =>
    record.set(frame, SEND_PACKET_FRAME),
  );

const sendLink = (payload: Uint8Array) =>
  recordOf(RecordKind.SendLink, SEND_LINK_PAYLOAD + payload.length, (view, record) => {
    view.setInt32(SEND_LINK_LINK, LINK, true);
    view.setInt32(SEND_LINK_TYPE, FrameType.Control, true);
    record.set(payload, SEND_LINK_PAYLOAD);
  });

function rig(): StageRig {
  const made = new StageRig(SELF);
  made.link(LINK, PEER);
  made.route(PEER, LINK);
  return made;
}

const headersOf = (frame: Uint8Array | undefined) => readHeaders(frame ?? new Uint8Array()) as Headers;

test('a packet of this node gets the usual TTL, or the one it asks for, and is routed', () => {
  const node = rig();
  for (const ttl of [0, 3])
    node.fromShell(
      'data',
      sendPacket(makeFrame({ source: SELF, destination: PEER, ttl, label: 9 }, new Uint8Array(3))),
    );
  const sent = node.step();
  assert.equal(
    sent.map(({ by, frame }) => [by, headersOf(frame).ttl, headersOf(frame).label]),
    [
      [LINK, INITIAL_TTL, 0],
      [LINK, 3, 0],
    ],
  );
  assert.is(node.counters().originated, 2);
});

test('a control frame goes into its link, with headers of its own', () => {
  const node = rig();
  node.fromShell('control', sendLink(Uint8Array.of(1, 2, 3)));
  const [sent] = node.step();
  const headers = headersOf(sent?.frame);
  assert.equal([sent?.verdict, sent?.by], [Verdict.Forward, LINK]);
  assert.equal([headers.type, headers.protocol], [FrameType.Control, Protocol.Link]);
  assert.equal([headers.source, headers.destination], [SELF, PEER]);
  assert.equal([...(sent?.frame.subarray(HEADERS_BYTES) ?? [])], [1, 2, 3]);
});

test('a handshake goes as it is to an address, by the socket that it names', () => {
  const node = rig();
  const frame = makeFrame({ type: FrameType.Handshake }, Uint8Array.of(9));
  node.fromShell(
    'control',
    recordOf(RecordKind.SendTo, SEND_TO_FRAME + frame.length, (view, record) => {
      writeAddress(view, SEND_TO_ADDRESS, '127.0.0.1', 7000, 0);
      view.setInt32(SEND_TO_ADDRESS + ADDRESS_SOCKET, 2, true);
      record.set(frame, SEND_TO_FRAME);
    }),
  );
  const [sent] = node.step();
  assert.equal([sent?.verdict, sent?.by], [Verdict.Raw, 2]);
  assert.equal(sent?.frame, frame);
});

test('control goes before data', () => {
  const node = rig();
  node.fromShell('data', sendPacket(makeFrame({ source: SELF, destination: PEER }, new Uint8Array(1))));
  node.fromShell('control', sendLink(new Uint8Array(1)));
  assert.equal(
    node.step().map(({ frame }) => headersOf(frame).type),
    [FrameType.Control, FrameType.Data],
  );
});

test('what finds no room waits in its ring, and nothing is lost or reordered', () => {
  const node = rig();
  const packets = 2000;
  const seen: number[] = [];
  let written = 0;
  while (seen.length < packets) {
    const next = () =>
      sendPacket(makeFrame({ source: SELF, destination: PEER, sequence: written }, new Uint8Array(1100)));
    while (written < packets && node.fromShell('data', next())) written++;
    node.takeSlab(0.98); // hardly any room is left in this step
    for (const { frame } of node.step()) seen.push(headersOf(frame).sequence);
  }
  assert.equal(
    seen,
    Array.from({ length: packets }, (_, i) => i),
  );
});

test('a record that is too short for a packet is counted, not sent', () => {
  const node = rig();
  node.fromShell('data', sendPacket(new Uint8Array(10)));
  node.fromShell(
    'data',
    recordOf(99, 8, () => undefined),
  );
  assert.equal(node.step(), []);
  assert.equal([node.counters().truncated, node.counters().malformed], [1, 1]);
});

test.run();
