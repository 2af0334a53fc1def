/**
 * Writes what control and applications hand down to a worker: the records of the rings to it (worker-records.ts), for real nodes and simulated ones alike.
 * Each returns false when the ring is full: then nothing is written.
 */
import { writeAddress } from './address.js';
import type { QueueProducer } from './sharedarraybuffer-queue/index.js';
import {
  RECORD_KIND,
  RecordKind,
  SEND_LINK_LINK,
  SEND_LINK_PAYLOAD,
  SEND_LINK_TYPE,
  SEND_PACKET_FRAME,
  SEND_TO_ADDRESS,
  SEND_TO_FRAME,
} from './worker-records.js';

/** A frame into a link, of which the worker writes the headers. `type`: as the link header numbers it. */
export function writeSendLink(ring: QueueProducer, link: number, type: number, payload: Uint8Array): boolean {
  const at = claim(ring, RecordKind.SendLink, SEND_LINK_PAYLOAD + payload.byteLength);
  if (at < 0) return false;
  ring.view.setInt32(at + SEND_LINK_LINK, link, true);
  ring.view.setInt32(at + SEND_LINK_TYPE, type, true);
  ring.bytes.set(payload, at + SEND_LINK_PAYLOAD);
  return ring.publish();
}

/** A frame as it is, to an address (an IP address as text, and a port), by the socket of this number. */
export function writeSendTo(
  ring: QueueProducer,
  socket: number,
  { host, port }: { readonly host: string; readonly port: number },
  frame: Uint8Array,
): boolean {
  const at = claim(ring, RecordKind.SendTo, SEND_TO_FRAME + frame.byteLength);
  if (at < 0) return false;
  writeAddress(ring.view, at + SEND_TO_ADDRESS, host, port, socket);
  ring.bytes.set(frame, at + SEND_TO_FRAME);
  return ring.publish();
}

/** A packet that starts here, its link's header still empty: the worker looks up its route. */
export function writeSendPacket(ring: QueueProducer, frame: Uint8Array): boolean {
  const at = claim(ring, RecordKind.SendPacket, SEND_PACKET_FRAME + frame.byteLength);
  if (at < 0) return false;
  ring.bytes.set(frame, at + SEND_PACKET_FRAME);
  return ring.publish();
}

function claim(ring: QueueProducer, kind: number, length: number): number {
  const at = ring.claim(length);
  if (at >= 0) ring.view.setInt32(at + RECORD_KIND, kind, true);
  return at;
}
