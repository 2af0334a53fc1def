/**
 * Handshake messages as values: what two nodes say before there is a session between them (proto/portolan/v1/handshake.proto).
 * Total: any bytes yield a message or `malformed`.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { type NodeId, nodeIdProblem } from '../kit/node-id.js';
import {
  type Accept as AcceptProto,
  type Handshake,
  HandshakeSchema,
  type Init as InitProto,
  type Join as JoinProto,
  type Probe as ProbeProto,
  type ProbeReply as ProbeReplyProto,
  Purpose,
  Reject_Reason as Reason,
  type Reject as RejectProto,
  Role,
} from './gen/portolan/v1/handshake_pb.js';
import { LINK_INDEX_MASK } from './link-header.js';
import { NONCE_BYTES } from './session-keys.js';

/** The version of handshake and control messages. Nodes of different versions make no session. */
export const PROTOCOL_VERSION = 2;

/** Longer handshakes are refused unread. */
export const MAX_HANDSHAKE_BYTES = 512;

export type RejectReason =
  | 'protocolVersion'
  | 'networkKey'
  | 'duplicateId'
  | 'wrongId'
  | 'full'
  | 'tags'
  | 'role'
  | 'bundle'
  /** A reason that this version does not know. */
  | 'other';

/** What a node does in the network: relays carry others' packets, leaves only their own. */
export type NodeRole = 'relay' | 'leaf';

interface Offer {
  readonly id: NodeId;
  /** Microseconds since 1970, at most 2^53. */
  readonly bootEpoch: number;
  readonly nonce: Uint8Array;
  /** What the receiver writes into the link number of its frames. */
  readonly linkNumber: number;
  readonly tags: boolean;
  /** The sender's; `other`: one that this version does not know. */
  readonly role: NodeRole | 'other';
}

/**
 * Why a node dials. `configured`: people want the link; `chosen`, `ring`: the dialer has chosen it itself, as its successor in a zone or otherwise; `join`: it
 * has no other link yet; `flow`: for as long as a flow lasts that no other way serves as well.
 */
export type DialPurpose = 'configured' | 'chosen' | 'ring' | 'join' | 'flow';

export interface InitMessage extends Offer {
  readonly kind: 'init';
  /** 0: any. */
  readonly expectedId: NodeId;
  readonly purpose: DialPurpose;
  /** The session is to be a member of a bundle; absent: the peer's first session. */
  readonly bundle?: BundleClaim;
}

/** Sessions of a bundle at most, its first one included. */
export const MAX_BUNDLE_LINKS = 8;
const SESSION_ID_BYTES = 8;

/** Which member of which bundle a session is to be. */
export interface BundleClaim {
  /** The first session's id, 16 hexadecimal digits. */
  readonly sessionId: string;
  /** 1 .. of - 1 */
  readonly member: number;
  /** 2 .. {@link MAX_BUNDLE_LINKS} */
  readonly of: number;
}

export interface AcceptMessage extends Offer {
  readonly kind: 'accept';
  readonly dialerNonce: Uint8Array;
}

export interface RejectMessage {
  readonly kind: 'reject';
  readonly reason: RejectReason;
  readonly dialerNonce: Uint8Array;
  readonly version: number;
  readonly id: NodeId;
}

/** A message of another protocol version: nothing else in it can be relied on. */
export interface ForeignMessage {
  readonly kind: 'foreign';
  readonly message: 'init' | 'accept' | 'probe' | 'probeReply';
  readonly version: number;
  readonly id: NodeId;
  /** The dialer's nonce. */
  readonly nonce: Uint8Array;
}

/** Asks a node whether it is there, without a session; the reply quotes the nonce. */
export interface ProbeMessage {
  readonly kind: 'probe';
  /** The sender's. */
  readonly id: NodeId;
  readonly nonce: Uint8Array;
}

export interface ProbeReplyMessage extends Omit<ProbeMessage, 'kind'> {
  readonly kind: 'probeReply';
}

export type HandshakeMessage = InitMessage | AcceptMessage | RejectMessage | ProbeMessage | ProbeReplyMessage;

const REASONS: readonly (readonly [RejectReason, Reason])[] = [
  ['protocolVersion', Reason.PROTOCOL_VERSION],
  ['networkKey', Reason.NETWORK_KEY],
  ['duplicateId', Reason.DUPLICATE_ID],
  ['wrongId', Reason.WRONG_ID],
  ['full', Reason.FULL],
  ['tags', Reason.TAGS],
  ['role', Reason.ROLE],
  ['bundle', Reason.BUNDLE],
];

const ROLES: Readonly<Partial<Record<Role, NodeRole>>> = {
  [Role.RELAY]: 'relay',
  [Role.LEAF]: 'leaf',
};

const PURPOSES: Readonly<Record<DialPurpose, Purpose>> = {
  configured: Purpose.CONFIGURED,
  chosen: Purpose.CHOSEN,
  ring: Purpose.RING,
  join: Purpose.JOIN,
  flow: Purpose.FLOW,
};
const PURPOSE_NAMES = new Map(Object.entries(PURPOSES).map(([name, purpose]) => [purpose, name as DialPurpose]));

/** Writes a handshake message, in this node's protocol version. */
export function encodeHandshake(message: HandshakeMessage): Uint8Array {
  return toBinary(HandshakeSchema, create(HandshakeSchema, { body: bodyOf(message) }));
}

/** Reads a handshake message. */
export function decodeHandshake(bytes: Uint8Array): HandshakeMessage | ForeignMessage | 'malformed' {
  if (bytes.byteLength > MAX_HANDSHAKE_BYTES) return 'malformed';
  let handshake: Handshake;
  try {
    handshake = fromBinary(HandshakeSchema, bytes);
  } catch {
    return 'malformed'; // the library throws on whatever is no Protocol Buffers message
  }
  const { body } = handshake;
  if (body.case === 'init') return readInit(body.value);
  if (body.case === 'join') return readJoin(body.value);
  if (body.case === 'accept') return readAccept(body.value);
  if (body.case === 'reject') return readReject(body.value);
  if (body.case === 'probe' || body.case === 'probeReply') return readProbe(body.case, body.value);
  return 'malformed';
}

function bodyOf(message: HandshakeMessage) {
  if (message.kind === 'reject') {
    const reason = REASONS.find(([name]) => name === message.reason)?.[1] ?? Reason.UNSPECIFIED;
    const value = { reason, dialerNonce: message.dialerNonce, protocolVersion: message.version, id: message.id };
    return { case: 'reject', value } as const;
  }
  if (message.kind === 'probe' || message.kind === 'probeReply') {
    const value = { protocolVersion: PROTOCOL_VERSION, id: message.id, nonce: message.nonce };
    return message.kind === 'probe' ? ({ case: 'probe', value } as const) : ({ case: 'probeReply', value } as const);
  }
  const offer = {
    protocolVersion: PROTOCOL_VERSION,
    id: message.id,
    bootEpoch: BigInt(message.bootEpoch),
    nonce: message.nonce,
    linkNumber: message.linkNumber,
    tags: message.tags,
    role: message.role === 'leaf' ? Role.LEAF : Role.RELAY,
  };
  if (message.kind === 'init') {
    const init = { ...offer, expectedId: message.expectedId, purpose: PURPOSES[message.purpose] };
    if (!message.bundle) return { case: 'init', value: init } as const;
    const { sessionId, member, of } = message.bundle;
    return { case: 'join', value: { init, sessionId: hexToBytes(sessionId), member, of } } as const;
  }
  return { case: 'accept', value: { ...offer, dialerNonce: message.dialerNonce } } as const;
}

function readInit(init: InitProto): InitMessage | ForeignMessage | 'malformed' {
  if (!isNonce(init.nonce)) return 'malformed';
  if (init.protocolVersion !== PROTOCOL_VERSION)
    return { kind: 'foreign', message: 'init', version: init.protocolVersion, id: init.id, nonce: init.nonce };
  const offer = readOffer(init);
  // A purpose that this version does not know wants no more than a link that was chosen.
  const purpose = PURPOSE_NAMES.get(init.purpose) ?? 'chosen';
  return offer ? { kind: 'init', ...offer, expectedId: init.expectedId, purpose } : 'malformed';
}

function readJoin({ init, sessionId, member, of }: JoinProto): InitMessage | ForeignMessage | 'malformed' {
  if (!init) return 'malformed';
  const message = readInit(init);
  if (message === 'malformed' || message.kind === 'foreign') return message;
  if (sessionId.byteLength !== SESSION_ID_BYTES || of < 2 || of > MAX_BUNDLE_LINKS) return 'malformed';
  if (member < 1 || member >= of) return 'malformed';
  return { ...message, bundle: { sessionId: bytesToHex(sessionId), member, of } };
}

function readAccept(accept: AcceptProto): AcceptMessage | ForeignMessage | 'malformed' {
  if (!isNonce(accept.dialerNonce)) return 'malformed';
  const { dialerNonce, id } = accept;
  if (accept.protocolVersion !== PROTOCOL_VERSION)
    return { kind: 'foreign', message: 'accept', version: accept.protocolVersion, id, nonce: dialerNonce };
  const offer = readOffer(accept);
  return offer ? { kind: 'accept', ...offer, dialerNonce } : 'malformed';
}

function readOffer({ id, bootEpoch, nonce, linkNumber, tags, role }: InitProto | AcceptProto): Offer | undefined {
  if (nodeIdProblem(id) !== undefined || !isNonce(nonce)) return undefined;
  if (bootEpoch > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  if ((linkNumber & LINK_INDEX_MASK) === 0) return undefined;
  return { id, bootEpoch: Number(bootEpoch), nonce, linkNumber, tags, role: ROLES[role] ?? 'other' };
}

function readReject(reject: RejectProto): RejectMessage | 'malformed' {
  if (!isNonce(reject.dialerNonce)) return 'malformed';
  const reason = REASONS.find(([, number]) => number === reject.reason)?.[0] ?? 'other';
  const { dialerNonce, protocolVersion: version, id } = reject;
  return { kind: 'reject', reason, dialerNonce, version, id };
}

function readProbe(
  kind: 'probe' | 'probeReply',
  { protocolVersion, id, nonce }: ProbeProto | ProbeReplyProto,
): ProbeMessage | ProbeReplyMessage | ForeignMessage | 'malformed' {
  if (!isNonce(nonce)) return 'malformed';
  if (protocolVersion !== PROTOCOL_VERSION)
    return { kind: 'foreign', message: kind, version: protocolVersion, id, nonce };
  return nodeIdProblem(id) === undefined ? { kind, id, nonce } : 'malformed';
}

const isNonce = (bytes: Uint8Array): boolean => bytes.byteLength === NONCE_BYTES;
