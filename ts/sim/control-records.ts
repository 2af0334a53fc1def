/** The records from a simulated node's control plane to its packet path, in the ring and in the format of the real ones. */
import type { NodeId } from '../kit/node-id.js';
import type { QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';
import {
  RECORD_KIND,
  RecordKind,
  SEND_LINK_LINK,
  SEND_LINK_PAYLOAD,
  SEND_LINK_TYPE,
  SEND_PACKET_FRAME,
  SEND_TO_ADDRESS,
  SEND_TO_FRAME,
} from '../memory/worker-records.js';
import type { FrameType } from '../wire/link-header.js';
import { type Scheme, writeSimAddress } from './addresses.js';

export function writeSendLink(ring: QueueProducer, link: number, type: FrameType, payload: Uint8Array): void {
  const at = claim(ring, RecordKind.SendLink, SEND_LINK_PAYLOAD + payload.length);
  ring.view.setInt32(at + SEND_LINK_LINK, link, true);
  ring.view.setInt32(at + SEND_LINK_TYPE, type, true);
  ring.bytes.set(payload, at + SEND_LINK_PAYLOAD);
  ring.publish();
}

export function writeSendTo(ring: QueueProducer, to: NodeId, scheme: Scheme, frame: Uint8Array): void {
  const at = claim(ring, RecordKind.SendTo, SEND_TO_FRAME + frame.length);
  writeSimAddress(ring.view, at + SEND_TO_ADDRESS, to, scheme);
  ring.bytes.set(frame, at + SEND_TO_FRAME);
  ring.publish();
}

export function writeSendPacket(ring: QueueProducer, frame: Uint8Array): void {
  const at = claim(ring, RecordKind.SendPacket, SEND_PACKET_FRAME + frame.length);
  ring.bytes.set(frame, at + SEND_PACKET_FRAME);
  ring.publish();
}

function claim(ring: QueueProducer, kind: number, length: number): number {
  const at = ring.claim(length);
  if (at < 0) throw new Error('the ring between control and packet path is full');
  ring.view.setInt32(at + RECORD_KIND, kind, true);
  return at;
}
