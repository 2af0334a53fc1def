/** Writes both headers of a packet that starts at this node; what the send stage fills in is left zero. */
import { FrameType, INITIAL_TTL, WIRE_VERSION } from '../wire/link-header.js';
import {
  OFFSET_DESTINATION,
  OFFSET_PROTOCOL,
  OFFSET_SEQUENCE,
  OFFSET_SOURCE,
  OFFSET_SOURCE_PORT,
} from '../wire/network-header.js';

const FIRST_WORD = (((WIRE_VERSION << 4) | FrameType.Data) << 24) | (INITIAL_TTL << 8);

/** Protocol and traffic class as {@link writePacketHeaders} takes them. */
export const packetKind = (protocol: number, trafficClass: number): number => protocol | (trafficClass << 8);

/**
 * The frame starts at `frame`; `ports`: source port · 65536 + destination port; `kind`: the protocol in its low byte, the
 * traffic class in the next one ({@link packetKind}). Not sealed. All are 32-bit integers (the
 * sequence number in two halves), for V8 puts a larger number that is handed to a function on the heap.
 */
export function writePacketHeaders(
  slab: DataView,
  frame: number,
  kind: number,
  source: number,
  destination: number,
  ports: number,
  sequenceHigh: number,
  sequenceLow: number,
): void {
  slab.setInt32(frame, FIRST_WORD);
  for (let i = 4; i < OFFSET_DESTINATION; i += 4) slab.setInt32(frame + i, 0);
  slab.setInt32(frame + OFFSET_DESTINATION, destination);
  slab.setInt32(frame + OFFSET_SOURCE_PORT, ports);
  slab.setInt32(frame + OFFSET_SOURCE, source);
  slab.setInt32(frame + OFFSET_PROTOCOL, ((kind & 0xff) << 24) | ((kind >>> 8) << 16));
  slab.setInt32(frame + OFFSET_SEQUENCE, sequenceHigh);
  slab.setInt32(frame + OFFSET_SEQUENCE + 4, sequenceLow);
}
