/**
 * Adding to a batch: packets and runs that start at this node, or that a stage has split off.
 */
import {
  BATCH_LARGEST,
  BATCH_PACKET_COUNT,
  BATCH_RUN_COUNT,
  type Batch,
  MAX_PACKETS,
  MAX_RUNS,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_LINK,
  RUN_NEXT,
  RUN_PACKETS,
  RUN_VERDICT,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { OFFSET_LABEL } from '../wire/link-header.js';
import { OFFSET_DESTINATION, OFFSET_PROTOCOL, OFFSET_SOURCE_PORT } from '../wire/network-header.js';

/** Whether the batch has room for one more packet in a run of its own. */
export function hasRoom(batch: Batch): boolean {
  return (
    (batch.words[BATCH_RUN_COUNT] as number) < MAX_RUNS && (batch.words[BATCH_PACKET_COUNT] as number) < MAX_PACKETS
  );
}

/** Appends a packet of `length` bytes at slab offset `offset`; its index, or -1 when the batch is full. */
export function appendPacket(batch: Batch, offset: number, length: number): number {
  const { words } = batch;
  const index = words[BATCH_PACKET_COUNT] as number;
  if (index === MAX_PACKETS) return -1;
  const at = packetAt(index);
  words[at] = offset;
  words[at + 1] = length;
  words[BATCH_PACKET_COUNT] = index + 1;
  if (length > (words[BATCH_LARGEST] as number)) words[BATCH_LARGEST] = length;
  return index;
}

/** Appends an undecided run over the packets `first` .. `first + packets - 1`; its index, or -1 when the batch is full. */
export function appendRun(batch: Batch, kind: number, link: number, first: number, packets: number): number {
  const { words } = batch;
  const index = words[BATCH_RUN_COUNT] as number;
  if (index === MAX_RUNS) return -1;
  const at = runAt(index);
  words[at + RUN_KIND] = kind;
  words[at + RUN_FIRST] = first;
  words[at + RUN_PACKETS] = packets;
  words[at + RUN_LINK] = link;
  words[at + RUN_FRAME] = words[packetAt(first)] as number;
  words[at + RUN_VERDICT] = Verdict.Undecided;
  words[at + RUN_ARGUMENT] = 0;
  words[at + RUN_NEXT] = -1;
  words[BATCH_RUN_COUNT] = index + 1;
  return index;
}

/** Whether two frames in the slab belong into one run, if they also share kind and link: see ts/memory/batch.ts. */
export function areAlike(slab: DataView, a: number, b: number): boolean {
  return (
    slab.getInt32(a) === slab.getInt32(b) &&
    slab.getInt32(a + OFFSET_LABEL) === slab.getInt32(b + OFFSET_LABEL) &&
    slab.getInt32(a + OFFSET_DESTINATION) === slab.getInt32(b + OFFSET_DESTINATION) &&
    slab.getInt32(a + OFFSET_SOURCE_PORT) === slab.getInt32(b + OFFSET_SOURCE_PORT) &&
    slab.getInt32(a + OFFSET_PROTOCOL) === slab.getInt32(b + OFFSET_PROTOCOL)
  );
}

/**
 * Appends a packet of `length` bytes at slab offset `offset`, undecided or with a verdict: to the batch's last run if that is alike, else as a
 * run of its own. The word offset of its run, or -1 when the batch is full.
 */
export function appendToRun(
  batch: Batch,
  kind: number,
  link: number,
  offset: number,
  length: number,
  verdict: number = Verdict.Undecided,
  argument = 0,
): number {
  const { words, slab } = batch;
  const last = runAt((words[BATCH_RUN_COUNT] as number) - 1);
  const joins =
    (words[BATCH_RUN_COUNT] as number) > 0 &&
    words[last + RUN_KIND] === kind &&
    words[last + RUN_LINK] === link &&
    words[last + RUN_VERDICT] === verdict &&
    words[last + RUN_ARGUMENT] === argument &&
    (words[last + RUN_FIRST] as number) + (words[last + RUN_PACKETS] as number) === words[BATCH_PACKET_COUNT] &&
    areAlike(slab, words[last + RUN_FRAME] as number, offset);
  if (!joins && words[BATCH_RUN_COUNT] === MAX_RUNS) return -1;
  const packet = appendPacket(batch, offset, length);
  if (packet < 0) return -1;
  if (!joins) {
    const run = runAt(appendRun(batch, kind, link, packet, 1));
    words[run + RUN_VERDICT] = verdict;
    words[run + RUN_ARGUMENT] = argument;
    return run;
  }
  words[last + RUN_PACKETS] = (words[last + RUN_PACKETS] as number) + 1;
  return last;
}
