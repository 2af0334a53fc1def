/**
 * Control messages as values: the payload of control frames, between the two ends of a live session (proto/portolan/v1/control.proto).
 * Total: any bytes yield a message or `malformed`.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type Control,
  ControlSchema,
  Goodbye_Reason as Reason,
  type RoutingSync,
} from './gen/portolan/v1/control_pb.js';

/** Why a session is closed by its other end. */
export type GoodbyeReason =
  | 'shutdown'
  | 'replaced'
  | 'removed'
  | 'silence'
  /** A reason that this version does not know. */
  | 'other';

export type ControlMessage =
  | { readonly kind: 'routingSync'; readonly message: RoutingSync }
  | { readonly kind: 'goodbye'; readonly reason: GoodbyeReason };

const REASONS: readonly (readonly [GoodbyeReason, Reason])[] = [
  ['shutdown', Reason.SHUTDOWN],
  ['replaced', Reason.REPLACED],
  ['removed', Reason.REMOVED],
  ['silence', Reason.SILENCE],
];

export function encodeControl(message: ControlMessage): Uint8Array {
  return toBinary(ControlSchema, create(ControlSchema, { body: bodyOf(message) }));
}

export function decodeControl(bytes: Uint8Array): ControlMessage | 'malformed' {
  let control: Control;
  try {
    control = fromBinary(ControlSchema, bytes);
  } catch {
    return 'malformed'; // the library throws on whatever is no Protocol Buffers message
  }
  const { body } = control;
  if (body.case === 'routingSync') return { kind: 'routingSync', message: body.value };
  if (body.case !== 'goodbye') return 'malformed';
  return { kind: 'goodbye', reason: REASONS.find(([, number]) => number === body.value.reason)?.[0] ?? 'other' };
}

function bodyOf(message: ControlMessage) {
  if (message.kind === 'routingSync') return { case: 'routingSync', value: message.message } as const;
  const reason = REASONS.find(([name]) => name === message.reason)?.[1] ?? Reason.UNSPECIFIED;
  return { case: 'goodbye', value: { $typeName: 'portolan.v1.Goodbye', reason } } as const;
}
