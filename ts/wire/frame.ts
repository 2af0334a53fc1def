/**
 * The two headers as a value, for whoever is not on the packet path: the control plane, tests and tools. The packet path reads single
 * fields in place.
 */
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import {
  FrameType,
  INITIAL_TTL,
  LINK_HEADER_BYTES,
  OFFSET_COUNTER,
  OFFSET_FLAGS,
  OFFSET_LABEL,
  OFFSET_LINK_NUMBER,
  OFFSET_RESERVED,
  OFFSET_TTL,
  OFFSET_VERSION_TYPE,
  WIRE_VERSION,
} from './link-header.js';
import {
  HEADERS_BYTES,
  OFFSET_CLASS,
  OFFSET_DESTINATION,
  OFFSET_DESTINATION_PORT,
  OFFSET_KEY_EPOCH,
  OFFSET_NETWORK_FLAGS,
  OFFSET_PROTOCOL,
  OFFSET_SEQUENCE,
  OFFSET_SOURCE,
  OFFSET_SOURCE_PORT,
  Protocol,
} from './network-header.js';

/** What both headers say, but for the tag. For channels, `destination` and the two ports together are the channel's hash. */
export interface Headers {
  readonly type: FrameType;
  /** 0..3 */
  readonly keyEpoch: number;
  /** 0..3, as in IP: 3 is "congestion experienced". */
  readonly ecn: number;
  readonly ttl: number;
  readonly linkNumber: number;
  readonly label: number;
  /** The low 32 bits. */
  readonly counter: number;
  readonly destination: NodeId;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly source: NodeId;
  readonly protocol: number;
  readonly trafficClass: number;
  readonly endKeyEpoch: number;
  readonly flags: number;
  /** 64 bits; exact up to 2^53. */
  readonly sequence: number;
}

/** Why a frame cannot be read: the names of the counters under which it is dropped. */
export type FrameRefusal = 'truncated' | 'badVersion' | 'badType';

const DEFAULTS: Headers = {
  type: FrameType.Data,
  keyEpoch: 0,
  ecn: 0,
  ttl: INITIAL_TTL,
  linkNumber: 0,
  label: 0,
  counter: 0,
  destination: 0,
  sourcePort: 0,
  destinationPort: 0,
  source: 0,
  protocol: Protocol.Datagram,
  trafficClass: 0,
  endKeyEpoch: 0,
  flags: 0,
  sequence: 0,
};

/** Writes both headers at `at`, the tag as zeros. Fields that are left out are zero, but for the TTL. */
export function writeHeaders(view: DataView, at: number, headers: Partial<Headers>): void {
  const h = { ...DEFAULTS, ...headers };
  view.setUint8(at + OFFSET_VERSION_TYPE, (WIRE_VERSION << 4) | h.type);
  view.setUint8(at + OFFSET_FLAGS, (h.keyEpoch << 6) | h.ecn);
  view.setUint8(at + OFFSET_TTL, h.ttl);
  view.setUint8(at + OFFSET_RESERVED, 0);
  view.setUint32(at + OFFSET_LINK_NUMBER, h.linkNumber);
  view.setUint32(at + OFFSET_LABEL, h.label);
  view.setUint32(at + OFFSET_COUNTER, h.counter);
  for (let i = OFFSET_COUNTER + 4; i < LINK_HEADER_BYTES; i += 4) view.setUint32(at + i, 0);
  view.setUint32(at + OFFSET_DESTINATION, h.destination);
  view.setUint16(at + OFFSET_SOURCE_PORT, h.sourcePort);
  view.setUint16(at + OFFSET_DESTINATION_PORT, h.destinationPort);
  view.setUint32(at + OFFSET_SOURCE, h.source);
  view.setUint8(at + OFFSET_PROTOCOL, h.protocol);
  view.setUint8(at + OFFSET_CLASS, h.trafficClass);
  view.setUint8(at + OFFSET_KEY_EPOCH, h.endKeyEpoch);
  view.setUint8(at + OFFSET_NETWORK_FLAGS, h.flags);
  view.setUint32(at + OFFSET_SEQUENCE, Math.floor(h.sequence / 0x1_0000_0000));
  view.setUint32(at + OFFSET_SEQUENCE + 4, h.sequence >>> 0);
}

/** A whole frame: headers, then payload; the tag is zeros. */
export function makeFrame(headers: Partial<Headers>, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADERS_BYTES + payload.byteLength);
  writeHeaders(new DataView(frame.buffer), 0, headers);
  frame.set(payload, HEADERS_BYTES);
  return frame;
}

/** Reads the headers of any bytes: a value, or the reason why they are no frame. */
export function readHeaders(frame: Uint8Array): Headers | FrameRefusal {
  if (frame.byteLength < HEADERS_BYTES) return 'truncated';
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const versionType = view.getUint8(OFFSET_VERSION_TYPE);
  if (versionType >>> 4 !== WIRE_VERSION) return 'badVersion';
  const type = versionType & 15;
  if (!isFrameType(type)) return 'badType';
  const flags = view.getUint8(OFFSET_FLAGS);
  return {
    type,
    keyEpoch: flags >>> 6,
    ecn: flags & 3,
    ttl: view.getUint8(OFFSET_TTL),
    linkNumber: view.getUint32(OFFSET_LINK_NUMBER),
    label: view.getUint32(OFFSET_LABEL),
    counter: view.getUint32(OFFSET_COUNTER),
    destination: view.getUint32(OFFSET_DESTINATION),
    sourcePort: view.getUint16(OFFSET_SOURCE_PORT),
    destinationPort: view.getUint16(OFFSET_DESTINATION_PORT),
    source: view.getUint32(OFFSET_SOURCE),
    protocol: view.getUint8(OFFSET_PROTOCOL),
    trafficClass: view.getUint8(OFFSET_CLASS),
    endKeyEpoch: view.getUint8(OFFSET_KEY_EPOCH),
    flags: view.getUint8(OFFSET_NETWORK_FLAGS),
    sequence: view.getUint32(OFFSET_SEQUENCE) * 0x1_0000_0000 + view.getUint32(OFFSET_SEQUENCE + 4),
  };
}

function isFrameType(type: number): type is FrameType {
  return type <= FrameType.Handshake;
}

const TYPE_NAMES = ['data', 'control', 'hello', 'handshake'] as const;
const PROTOCOL_NAMES = [
  'datagram',
  'echo request',
  'echo reply',
  'fragment',
  'error',
  'ip',
  'link',
  'channel',
] as const;

/** One line for people: `data datagram 1.1.1.1:7 > 1.1.1.3:9 ttl 32 link 0x1001 counter 5`. */
export function formatHeaders(h: Headers): string {
  const protocol = PROTOCOL_NAMES[h.protocol] ?? `protocol ${h.protocol}`;
  const from = `${formatNodeId(h.source)}:${h.sourcePort}`;
  const to = `${formatNodeId(h.destination)}:${h.destinationPort}`;
  const label = h.label === 0 ? '' : ` label ${h.label}`;
  return `${TYPE_NAMES[h.type]} ${protocol} ${from} > ${to} ttl ${h.ttl} link 0x${h.linkNumber.toString(16)} counter ${h.counter}${label}`;
}
