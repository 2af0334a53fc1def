/** What happens at a node, as sentences for replays. */
import type { ControlEvent } from '../control/io.js';
import { formatNodeId, idByte, LAYERS, type Layer, type NodeId } from '../kit/node-id.js';

/** A sentence; undefined for events that a replay shows otherwise. */
export function describeEvent(event: ControlEvent): string | undefined {
  switch (event.type) {
    case 'linkUp':
      return `link ${event.link} to ${formatNodeId(event.peer)} is up`;
    case 'linkDown':
      return `link ${event.link} to ${formatNodeId(event.peer)} is down: ${event.reason}`;
    case 'linkProblem':
      return `peer ${formatNodeId(event.peer)}: ${event.problem}${event.detail ? `, ${event.detail}` : ''}`;
    case 'duplicateId':
      return `somebody else has the id ${formatNodeId(event.id)}: ${event.address}`;
    case 'seqnoJump':
      return `the sequence number of layer ${event.layer}, byte ${event.byte}, jumps from ${event.from} to ${event.to}, says ${formatNodeId(event.peer)}`;
    case 'seqnoEnd':
      return `only ${event.left} sequence numbers are left in layer ${event.layer}`;
    case 'packetError':
      return `${formatNodeId(event.reporter)} reports ${event.code} on the way to ${formatNodeId(event.headers.destination)}`;
    case 'routeResult':
      return event.result.kind === 'found'
        ? `query ${event.number}: ${event.result.path.map(formatNodeId).join(' > ')}`
        : `query ${event.number}: refused, ${event.result.reason}`;
    case 'pinChanged':
      return `pin ${event.number} of ${formatNodeId(event.destination)}: ${event.state.state}`;
    case 'routeChanged': // shown when the forwarding table changes
      return undefined;
    default:
      return event satisfies never;
  }
}

/** A new word in the forwarding table. */
export function describeRoute(
  self: NodeId,
  layer: Layer,
  byte: number,
  primary: NodeId | undefined,
  backup: NodeId | undefined,
): string {
  const zone = LAYERS.map((l) => (l < layer ? idByte(self, l) : l === layer ? byte : '*')).join('.');
  if (primary === undefined) return `no route to ${zone}`;
  const spare = backup === undefined ? 'no backup' : `backup ${formatNodeId(backup)}`;
  return `route to ${zone} by ${formatNodeId(primary)}, ${spare}`;
}
