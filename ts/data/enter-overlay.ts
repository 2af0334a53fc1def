/**
 * Plain datagrams become packets of the overlay, built around them where they lie: a Raw run has room for both headers before each datagram.
 */
import {
  BATCH_LARGEST,
  type Batch,
  packetAt,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  Verdict,
} from '../memory/batch.js';
import { HEADERS_BYTES, MAX_PAYLOAD_BYTES, Protocol } from '../wire/network-header.js';
import { packetKind, writePacketHeaders } from './packet-headers.js';

/**
 * Makes the Raw run at word `run` an undecided Origin run from `source` to `destination`; `ports` as in `writePacketHeaders`. `sequences[flow]` is
 * the next sequence number. Returns how many datagrams were left out because the overlay does not carry that much.
 */
export function enterOverlay(
  batch: Batch,
  run: number,
  source: number,
  destination: number,
  ports: number,
  trafficClass: number,
  sequences: Float64Array,
  flow: number,
): number {
  const kind = packetKind(Protocol.Datagram, trafficClass);
  const { words, slab } = batch;
  const first = words[run + RUN_FIRST] as number;
  const packets = words[run + RUN_PACKETS] as number;
  let kept = 0;
  for (let packet = first; packet < first + packets; packet++) {
    const at = packetAt(packet);
    const length = words[at + 1] as number;
    if (length > MAX_PAYLOAD_BYTES) continue;
    const frame = (words[at] as number) - HEADERS_BYTES;
    const sequence = sequences[flow] as number;
    sequences[flow] = sequence + 1;
    writePacketHeaders(slab, frame, kind, source, destination, ports, (sequence / 0x1_0000_0000) | 0, sequence | 0);
    const to = packetAt(first + kept++);
    words[to] = frame;
    words[to + 1] = length + HEADERS_BYTES;
    if (length + HEADERS_BYTES > (words[BATCH_LARGEST] as number)) words[BATCH_LARGEST] = length + HEADERS_BYTES;
  }
  words[run + RUN_KIND] = RunKind.Origin;
  words[run + RUN_LINK] = 0;
  words[run + RUN_PACKETS] = kept;
  words[run + RUN_FRAME] = words[packetAt(first)] as number;
  words[run + RUN_VERDICT] = kept > 0 ? Verdict.Undecided : Verdict.Done;
  return packets - kept;
}
