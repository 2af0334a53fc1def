/** How many bytes a routing message takes on a link, without writing it: headers, the control message around it, and its fields. */
import type { RouteRequest, RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import { HEADERS_BYTES } from '../../wire/network-header.js';

/** A Digest: four fixed words with their tag and length. */
const DIGEST_LAYERS_BYTES = 2 + 4 * 4;

/** The frame of a link that carries it, all headers included, bytes: the payload of a datagram. */
export function frameBytes(message: RoutingSync): number {
  const body = syncBytes(message);
  return HEADERS_BYTES + 1 + varintBytes(body) + body;
}

/** The message alone, as Protocol Buffers write it. */
export function syncBytes({
  number,
  acknowledged,
  baseSeqno,
  entries,
  requests,
  digest,
  resendLayers,
}: RoutingSync): number {
  let bytes = field(number) + field(baseSeqno) + field(resendLayers);
  if (acknowledged.length > 0) bytes += lengthDelimited(acknowledged.reduce((sum, n) => sum + varintBytes(n), 0));
  if (entries.length > 0) bytes += lengthDelimited(entries.length);
  for (const request of requests) bytes += lengthDelimited(requestBytes(request));
  if (digest) bytes += lengthDelimited(DIGEST_LAYERS_BYTES + field(digest.lastNumber));
  return bytes;
}

function requestBytes({
  layer,
  byte,
  trafficClass,
  seqno,
  distance,
  bump,
  hopBudget,
  optimise,
  makeBackup,
}: RouteRequest): number {
  return (
    field(layer) +
    field(byte) +
    field(trafficClass) +
    field(seqno) +
    field(distance) +
    (bump ? 2 : 0) +
    (optimise ? 2 : 0) +
    (makeBackup ? 2 : 0) +
    field(hopBudget)
  );
}

/** A number field with a tag of one byte; 0 is not written. */
function field(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

function lengthDelimited(length: number): number {
  return 1 + varintBytes(length) + length;
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}
