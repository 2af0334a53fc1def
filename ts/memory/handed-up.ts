/** Reads what a worker hands up for the control plane: the records of its ring to the shell (worker-records.ts), for real nodes and simulated ones alike. */
import { PuntReason } from './batch.js';
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
} from './worker-records.js';

/** Frames lie in the ring: whoever keeps one copies it. */
export type HandedUp =
  | {
      readonly kind: 'frame';
      readonly link: number;
      /** Control, hello or handshake, as the link header numbers them. */
      readonly type: 1 | 2 | 3;
      readonly frame: Uint8Array;
      readonly receivedAt: number;
      /** Where the sender's address lies; undefined but for handshakes. */
      readonly address: number | undefined;
    }
  | {
      readonly kind: 'packet';
      readonly reason: 'ttlExceeded' | 'noRoute' | 'portUnreachable' | 'tooBig' | 'prohibited' | 'error';
      readonly link: number;
      readonly frame: Uint8Array;
      /** Too big: the largest frame that would have passed, bytes. Otherwise 0. */
      readonly limit: number;
      readonly receivedAt: number;
    }
  | { readonly kind: 'linkDowned'; readonly link: number; readonly cause: 'silent' | 'disconnected' };

type FrameUp = HandedUp & { readonly kind: 'frame' };
type PacketUp = HandedUp & { readonly kind: 'packet' };

const FRAME_TYPES: Readonly<Record<number, FrameUp['type']>> = {
  [PuntReason.Control]: 1,
  [PuntReason.Hello]: 2,
  [PuntReason.Handshake]: 3,
};

const PACKET_REASONS: Readonly<Record<number, PacketUp['reason']>> = {
  [PuntReason.TtlExceeded]: 'ttlExceeded',
  [PuntReason.NoRoute]: 'noRoute',
  [PuntReason.PortUnreachable]: 'portUnreachable',
  [PuntReason.TooBig]: 'tooBig',
  [PuntReason.Prohibited]: 'prohibited',
  [PuntReason.Error]: 'error',
};

/** Reads the record at `at`; undefined: it is none for control. */
export function readHandedUp(view: DataView, bytes: Uint8Array, at: number, length: number): HandedUp | undefined {
  const record = view.getInt32(at + RECORD_KIND, true);
  if (record === RecordKind.LinkDowned) {
    const isSilent = view.getInt32(at + LINK_DOWNED_CAUSE, true) === DownCause.Silent;
    const link = view.getInt32(at + LINK_DOWNED_LINK, true);
    return { kind: 'linkDowned', link, cause: isSilent ? 'silent' : 'disconnected' };
  }
  if (record !== RecordKind.Punt) return undefined;
  const punt = view.getInt32(at + PUNT_REASON, true);
  const link = view.getInt32(at + PUNT_LINK, true);
  const receivedAt = view.getFloat64(at + PUNT_TIME, true);
  const frame = bytes.subarray(at + PUNT_FRAME, at + length);
  const type = FRAME_TYPES[punt];
  if (type !== undefined) {
    const address = punt === PuntReason.Handshake ? at + PUNT_ADDRESS : undefined;
    return { kind: 'frame', link, type, frame, receivedAt, address };
  }
  const reason = PACKET_REASONS[punt];
  if (reason === undefined) return undefined;
  const limit = reason === 'tooBig' ? view.getInt32(at + PUNT_LIMIT, true) : 0;
  return { kind: 'packet', reason, link, frame, limit, receivedAt };
}
