/**
 * Control messages as values: the payload of control frames, between the two ends of a live session (proto/portolan/v1/control.proto).
 * Total: any bytes yield a message or `malformed`.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type NodeId, nodeIdProblem } from '../kit/node-id.js';
import {
  type Control,
  ControlSchema,
  GoodbyeSchema,
  Goodbye_Reason as Reason,
  type RoutingSync,
  SuspicionSchema,
} from './gen/portolan/v1/control_pb.js';
import {
  type NeighbourMessage,
  readNeighbourAnswer,
  readNeighbourRequest,
  writeNeighbourAnswer,
  writeNeighbourRequest,
} from './neighbours.js';
import {
  type PinMessage,
  readPinEnd,
  readPinGrant,
  readPinRequest,
  writePinEnd,
  writePinGrant,
  writePinRequest,
} from './pins.js';
import {
  type RouteAnswer,
  type RouteQuery,
  type RouteRefusal,
  readAnswer,
  readQuery,
  readRefusal,
  writeAnswer,
  writeQuery,
  writeRefusal,
} from './route-query.js';
import { readTrain, readTrainReport, type TrainMessage, writeTrain, writeTrainReport } from './trains.js';

/** Why a session is closed by its other end. */
export type GoodbyeReason =
  | 'shutdown'
  | 'replaced'
  | 'removed'
  | 'silence'
  /** A reason that this version does not know. */
  | 'other';

/** The messages of route queries. */
export type QueryMessage =
  | { readonly kind: 'routeQuery'; readonly query: RouteQuery }
  | { readonly kind: 'routeAnswer'; readonly answer: RouteAnswer }
  | { readonly kind: 'routeRefusal'; readonly refusal: RouteRefusal };

export type ControlMessage =
  | { readonly kind: 'routingSync'; readonly message: RoutingSync }
  | { readonly kind: 'goodbye'; readonly reason: GoodbyeReason }
  /** The sender's link to that relay has fallen silent. */
  | { readonly kind: 'suspicion'; readonly id: NodeId }
  | QueryMessage
  | PinMessage
  | NeighbourMessage
  | TrainMessage;

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
  switch (body.case) {
    case 'routingSync':
      return { kind: 'routingSync', message: body.value };
    case 'goodbye':
      return { kind: 'goodbye', reason: REASONS.find(([, number]) => number === body.value.reason)?.[0] ?? 'other' };
    case 'suspicion':
      return nodeIdProblem(body.value.id) ? 'malformed' : { kind: 'suspicion', id: body.value.id };
    case 'routeQuery': {
      const query = readQuery(body.value);
      return query === 'malformed' ? query : { kind: 'routeQuery', query };
    }
    case 'routeAnswer': {
      const answer = readAnswer(body.value);
      return answer === 'malformed' ? answer : { kind: 'routeAnswer', answer };
    }
    case 'routeRefusal': {
      const refusal = readRefusal(body.value);
      return refusal === 'malformed' ? refusal : { kind: 'routeRefusal', refusal };
    }
    case 'pinRequest': {
      const request = readPinRequest(body.value);
      return request === 'malformed' ? request : { kind: 'pinRequest', request };
    }
    case 'pinGrant':
      return { kind: 'pinGrant', grant: readPinGrant(body.value) };
    case 'pinEnd':
      return { kind: 'pinEnd', end: readPinEnd(body.value) };
    case 'neighbourRequest': {
      const request = readNeighbourRequest(body.value);
      return request === 'malformed' ? request : { kind: 'neighbourRequest', request };
    }
    case 'neighbourAnswer': {
      const answer = readNeighbourAnswer(body.value);
      return answer === 'malformed' ? answer : { kind: 'neighbourAnswer', answer };
    }
    case 'train': {
      const train = readTrain(body.value);
      return train === 'malformed' ? train : { kind: 'train', train, padding: body.value.padding.byteLength };
    }
    case 'trainReport': {
      const report = readTrainReport(body.value);
      return report === 'malformed' ? report : { kind: 'trainReport', report };
    }
    default:
      return 'malformed';
  }
}

function bodyOf(message: ControlMessage) {
  switch (message.kind) {
    case 'routingSync':
      return { case: 'routingSync', value: message.message } as const;
    case 'goodbye': {
      const reason = REASONS.find(([name]) => name === message.reason)?.[1] ?? Reason.UNSPECIFIED;
      return { case: 'goodbye', value: create(GoodbyeSchema, { reason }) } as const;
    }
    case 'suspicion':
      return { case: 'suspicion', value: create(SuspicionSchema, { id: message.id }) } as const;
    case 'routeQuery':
      return { case: 'routeQuery', value: writeQuery(message.query) } as const;
    case 'routeAnswer':
      return { case: 'routeAnswer', value: writeAnswer(message.answer) } as const;
    case 'routeRefusal':
      return { case: 'routeRefusal', value: writeRefusal(message.refusal) } as const;
    case 'pinRequest':
      return { case: 'pinRequest', value: writePinRequest(message.request) } as const;
    case 'pinGrant':
      return { case: 'pinGrant', value: writePinGrant(message.grant) } as const;
    case 'pinEnd':
      return { case: 'pinEnd', value: writePinEnd(message.end) } as const;
    case 'neighbourRequest':
      return { case: 'neighbourRequest', value: writeNeighbourRequest(message.request) } as const;
    case 'neighbourAnswer':
      return { case: 'neighbourAnswer', value: writeNeighbourAnswer(message.answer) } as const;
    case 'train':
      return { case: 'train', value: writeTrain(message.train, message.padding) } as const;
    default:
      return { case: 'trainReport', value: writeTrainReport(message.report) } as const;
  }
}
