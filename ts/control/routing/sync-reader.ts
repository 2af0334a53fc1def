/** Reads a RoutingSync message: whole, or not at all. What the neighbour may not say over this link is refused. */
import { idByte, type Layer, type NodeId } from '../../kit/node-id.js';
import type { RouteRequest, RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import { INFINITE, ROUTING_CLASSES, type RoutingEntry, readRoutingEntries } from '../../wire/routing-entry.js';
import type { Neighbour } from './neighbour.js';

/** The most nodes that handle one request. */
export const MAX_HOP_BUDGET = 32;

/** The message's entries; undefined when it breaks the protocol. */
export function readSync(neighbour: Neighbour, self: NodeId, message: RoutingSync): RoutingEntry[] | undefined {
  const entries = readRoutingEntries(message.entries, message.baseSeqno);
  if (typeof entries === 'string') return undefined;
  const needsNumber = entries.length > 0 || message.requests.length > 0;
  if (needsNumber && message.number === 0) return undefined;
  if (message.resendLayers > 15 || (message.digest && message.digest.layers.length !== 4)) return undefined;
  for (const entry of entries) if (!mayTell(neighbour, self, entry)) return undefined;
  for (const request of message.requests) if (!mayAsk(neighbour, request)) return undefined;
  return entries;
}

/** R1 and R2: no deeper layer than the link carries; of the slot that this node is in itself, only its sequence number. */
function mayTell(neighbour: Neighbour, self: NodeId, entry: RoutingEntry): boolean {
  if (entry.layer > neighbour.deepestLayer) return false;
  const isOwnSlot = idByte(self, entry.layer) === entry.byte;
  if (entry.kind === 'ownZone') return isOwnSlot && entry.layer <= neighbour.shared;
  return !isOwnSlot;
}

/** A neighbour asks only for what it may be told. */
function mayAsk(neighbour: Neighbour, request: RouteRequest): boolean {
  const { layer, byte, trafficClass, distance, hopBudget, bump, optimise, makeBackup } = request;
  return (
    layer >= 1 &&
    layer <= 4 &&
    byte <= 255 &&
    trafficClass < ROUTING_CLASSES &&
    (bump || !optimise) &&
    !(bump && makeBackup) &&
    distance <= INFINITE &&
    hopBudget >= 1 &&
    hopBudget <= MAX_HOP_BUDGET &&
    neighbour.carries(layer as Layer, byte)
  );
}
