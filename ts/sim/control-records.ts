/** The records between a simulated node's control plane and its packet path, in the rings and in the format of the real ones. */
import type { PuntedPacket, ReceivedFrame } from '../control/io.js';
import type { NodeId } from '../kit/node-id.js';
import { PuntReason } from '../memory/batch.js';
import type { QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';
import {
  LINK_DOWNED_LINK,
  PUNT_ADDRESS,
  PUNT_FRAME,
  PUNT_LIMIT,
  PUNT_LINK,
  PUNT_REASON,
  PUNT_TIME,
  RECORD_KIND,
  RecordKind,
  SEND_LINK_LINK,
  SEND_LINK_PAYLOAD,
  SEND_LINK_TYPE,
  SEND_PACKET_FRAME,
  SEND_TO_ADDRESS,
  SEND_TO_FRAME,
} from '../memory/worker-records.js';
import { FrameType } from '../wire/link-header.js';
import { addressOf, readSimAddress, writeSimAddress } from './addresses.js';

export function writeSendLink(ring: QueueProducer, link: number, type: FrameType, payload: Uint8Array): void {
  const at = claim(ring, RecordKind.SendLink, SEND_LINK_PAYLOAD + payload.length);
  ring.view.setInt32(at + SEND_LINK_LINK, link, true);
  ring.view.setInt32(at + SEND_LINK_TYPE, type, true);
  ring.bytes.set(payload, at + SEND_LINK_PAYLOAD);
  ring.publish();
}

export function writeSendTo(ring: QueueProducer, to: NodeId, frame: Uint8Array): void {
  const at = claim(ring, RecordKind.SendTo, SEND_TO_FRAME + frame.length);
  writeSimAddress(ring.view, at + SEND_TO_ADDRESS, to);
  ring.bytes.set(frame, at + SEND_TO_FRAME);
  ring.publish();
}

export function writeSendPacket(ring: QueueProducer, frame: Uint8Array): void {
  const at = claim(ring, RecordKind.SendPacket, SEND_PACKET_FRAME + frame.length);
  ring.bytes.set(frame, at + SEND_PACKET_FRAME);
  ring.publish();
}

/** What the packet path hands up: an input of the control plane. */
export type HandedUp =
  | { readonly kind: 'frame'; readonly received: ReceivedFrame }
  | { readonly kind: 'packet'; readonly packet: PuntedPacket }
  | { readonly kind: 'linkDowned'; readonly link: number };

const FRAME_TYPES: Readonly<Record<number, FrameType>> = {
  [PuntReason.Control]: FrameType.Control,
  [PuntReason.Hello]: FrameType.Hello,
  [PuntReason.Handshake]: FrameType.Handshake,
};

const PACKET_REASONS: Readonly<Record<number, PuntedPacket['reason']>> = {
  [PuntReason.TtlExceeded]: 'ttlExceeded',
  [PuntReason.NoRoute]: 'noRoute',
  [PuntReason.PortUnreachable]: 'portUnreachable',
  [PuntReason.TooBig]: 'tooBig',
  [PuntReason.Error]: 'error',
};

/** Reads a record of the ring to control, in which its frame stays; undefined: one that is not for it (a delivery). */
export function readHandedUp(view: DataView, bytes: Uint8Array, at: number, length: number): HandedUp | undefined {
  const record = view.getInt32(at + RECORD_KIND, true);
  if (record === RecordKind.LinkDowned) return { kind: 'linkDowned', link: view.getInt32(at + LINK_DOWNED_LINK, true) };
  if (record !== RecordKind.Punt) return undefined;
  const reason = view.getInt32(at + PUNT_REASON, true);
  const link = view.getInt32(at + PUNT_LINK, true);
  const receivedAt = view.getFloat64(at + PUNT_TIME, true);
  const frame = bytes.subarray(at + PUNT_FRAME, at + length);
  const packet = PACKET_REASONS[reason];
  const limit = packet === 'tooBig' ? view.getInt32(at + PUNT_LIMIT, true) : 0;
  if (packet !== undefined) return { kind: 'packet', packet: { reason: packet, link, frame, limit, receivedAt } };
  const type = FRAME_TYPES[reason];
  if (type === undefined) return undefined;
  const sender = type === FrameType.Handshake ? readSimAddress(view, at + PUNT_ADDRESS) : undefined;
  if (sender === undefined) return { kind: 'frame', received: { link, type, frame, receivedAt } };
  return { kind: 'frame', received: { link, type, frame, receivedAt, source: addressOf(sender), socket: 0 } };
}

function claim(ring: QueueProducer, kind: number, length: number): number {
  const at = ring.claim(length);
  if (at < 0) throw new Error('the ring between control and packet path is full');
  ring.view.setInt32(at + RECORD_KIND, kind, true);
  return at;
}
