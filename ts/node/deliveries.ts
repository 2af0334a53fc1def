/**
 * Datagrams and echo replies for this node: from the workers' rings to the sockets. Applications get copies, never views.
 */
import { formatNodeId } from '../kit/node-id.js';
import { DELIVER_FRAME, DELIVER_TIME, RECORD_KIND, RecordKind } from '../memory/worker-records.js';
import {
  HEADERS_BYTES,
  OFFSET_DESTINATION_PORT,
  OFFSET_PROTOCOL,
  OFFSET_SOURCE,
  OFFSET_SOURCE_PORT,
  Protocol,
} from '../wire/network-header.js';
import type { EchoClient } from './echo.js';
import type { RemoteSocket } from './events.js';
import type { WorkerRings } from './worker-rings.js';

/** Records taken from one worker in one go, so that control and timers have their turn too. */
const RECORDS_AT_ONCE = 1024;

export interface DeliveryTargets {
  readonly echo: EchoClient;
  /** A datagram for a port of this node; the payload is a copy. */
  readonly onDatagram: (port: number, payload: Uint8Array, from: RemoteSocket) => void;
}

/** Hands out what waits in one worker's ring; returns whether there may be more. */
export function drainDeliveries(rings: WorkerRings, to: DeliveryTargets): boolean {
  const { view, bytes } = rings.dataMemory;
  const records = rings.readData((_type, at, length) => {
    if (view.getInt32(at + RECORD_KIND, true) !== RecordKind.Deliver || length < DELIVER_FRAME + HEADERS_BYTES) return;
    const frame = at + DELIVER_FRAME;
    const end = at + length;
    if (view.getUint8(frame + OFFSET_PROTOCOL) === Protocol.EchoReply)
      return to.echo.handleReply(Uint8Array.from(bytes.subarray(frame, end)), view.getFloat64(at + DELIVER_TIME, true));
    to.onDatagram(
      view.getUint16(frame + OFFSET_DESTINATION_PORT),
      Uint8Array.from(bytes.subarray(frame + HEADERS_BYTES, end)),
      { id: formatNodeId(view.getUint32(frame + OFFSET_SOURCE)), port: view.getUint16(frame + OFFSET_SOURCE_PORT) },
    );
  }, RECORDS_AT_ONCE);
  return records === RECORDS_AT_ONCE;
}
