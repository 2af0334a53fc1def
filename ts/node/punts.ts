/**
 * What workers hand up for the control plane: read from their rings, copied, and given to it as inputs.
 */
import type { PuntedPacket, TransportAddress } from '../control/io.js';
import type { ControlNode } from '../control/node.types.js';
import { PuntReason } from '../memory/batch.js';
import {
  DownCause,
  LINK_DOWNED_CAUSE,
  LINK_DOWNED_LINK,
  PUNT_ADDRESS,
  PUNT_FRAME,
  PUNT_LIMIT,
  PUNT_LINK,
  PUNT_REASON,
  PUNT_TIME,
  RECORD_KIND,
  RecordKind,
} from '../memory/worker-records.js';
import { FrameType } from '../wire/link-header.js';
import type { ControlDriver } from './control-driver.js';
import { readAddress } from './ip.js';
import type { WorkerRings } from './worker-rings.js';

/** Records taken from one worker in one go, so that timers and sockets have their turn too. */
const RECORDS_AT_ONCE = 256;

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
  [PuntReason.Prohibited]: 'prohibited',
  [PuntReason.Error]: 'error',
};

/** Gives the control plane what waits in one worker's ring; returns whether there may be more. */
export function drainPunts(rings: WorkerRings, driver: ControlDriver): boolean {
  const { view, bytes } = rings.controlMemory;
  let records = 0;
  driver.batch(() => {
    records = rings.readControl((_type, at, length) => {
      driver.input((control, now) => dispatch(control, now, rings.scheme, view, bytes, at, length));
    }, RECORDS_AT_ONCE);
  });
  return records === RECORDS_AT_ONCE;
}

function dispatch(
  control: ControlNode,
  now: number,
  scheme: TransportAddress['scheme'],
  view: DataView,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const kind = view.getInt32(at + RECORD_KIND, true);
  if (kind === RecordKind.LinkDowned) {
    const isSilent = view.getInt32(at + LINK_DOWNED_CAUSE, true) === DownCause.Silent;
    return control.handleLinkDown(
      view.getInt32(at + LINK_DOWNED_LINK, true),
      now,
      isSilent ? 'silent' : 'disconnected',
    );
  }
  if (kind !== RecordKind.Punt) return;
  const reason = view.getInt32(at + PUNT_REASON, true);
  const link = view.getInt32(at + PUNT_LINK, true);
  const receivedAt = Math.min(now, view.getFloat64(at + PUNT_TIME, true));
  const frame = Uint8Array.from(bytes.subarray(at + PUNT_FRAME, at + length)); // out of shared memory: control may decode at leisure
  const type = FRAME_TYPES[reason];
  const packet = PACKET_REASONS[reason];
  if (type !== undefined) {
    const from = type === FrameType.Handshake ? readAddress(view, at + PUNT_ADDRESS, scheme) : undefined;
    control.handleFrame({ link, type, frame, receivedAt, ...from }, now);
  } else if (packet !== undefined) {
    const limit = packet === 'tooBig' ? view.getInt32(at + PUNT_LIMIT, true) : 0;
    control.handlePacket({ reason: packet, link, frame, limit, receivedAt }, now);
  }
}
