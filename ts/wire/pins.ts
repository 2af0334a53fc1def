/**
 * Messages about pinned paths as values (proto/portolan/v1/control.proto). Total: what makes no sense yields `malformed`.
 */
import { create } from '@bufbuild/protobuf';
import type { NodeId } from '../kit/node-id.js';
import {
  type PinEnd as EndMessage,
  type PinGrant as GrantMessage,
  PinEndSchema,
  PinGrantSchema,
  PinRequestSchema,
  type PinRequest as RequestMessage,
} from './gen/portolan/v1/control_pb.js';
import { isPath } from './route-query.js';
import { ROUTING_CLASSES } from './routing-entry.js';

export interface PinRequest {
  readonly id: bigint;
  /** The source first, the destination last. */
  readonly path: readonly NodeId[];
  readonly trafficClass: number;
}

export interface PinGrant {
  readonly id: bigint;
  /** 0: packets need none. */
  readonly label: number;
  /** Round trip from the sender to the destination along the path, ms, as its links measure it now. */
  readonly rttMs: number;
}

export interface PinEnd {
  readonly id: bigint;
}

export type PinMessage =
  | { readonly kind: 'pinRequest'; readonly request: PinRequest }
  | { readonly kind: 'pinGrant'; readonly grant: PinGrant }
  | { readonly kind: 'pinEnd'; readonly end: PinEnd };

export function writePinRequest({ id, path, trafficClass }: PinRequest): RequestMessage {
  return create(PinRequestSchema, { id, path: [...path], trafficClass });
}

export function readPinRequest({ id, path, trafficClass }: RequestMessage): PinRequest | 'malformed' {
  return isPath(path, 2) && trafficClass < ROUTING_CLASSES ? { id, path, trafficClass } : 'malformed';
}

export function writePinGrant({ id, label, rttMs }: PinGrant): GrantMessage {
  return create(PinGrantSchema, { id, label, rttUs: Math.min(0xffff_ffff, Math.ceil(rttMs * 1000)) });
}

export function readPinGrant({ id, label, rttUs }: GrantMessage): PinGrant {
  return { id, label, rttMs: rttUs / 1000 };
}

export function writePinEnd({ id }: PinEnd): EndMessage {
  return create(PinEndSchema, { id });
}

export function readPinEnd({ id }: EndMessage): PinEnd {
  return { id };
}
