/** What a worker had in hand when it died: for its successor, or for whoever closes the node, to count. */
import {
  BATCH_HELD,
  BATCH_PACKET_COUNT,
  BATCH_RUN_COUNT,
  type Batch,
  PuntReason,
  RUN_ARGUMENT,
  RUN_KIND,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from './batch.js';

/**
 * Empties a batch whose worker died in the middle of a step; returns the packets, those that stages kept from earlier batches among them, that a counter has told of as received or started, and
 * none yet what became of them. (Packets that leave by a local socket were counted as delivered before the batch is sent, those dropped
 * with an error as dropped; datagrams from a local socket are not counted before they enter the overlay.)
 */
export function takeUnfinished({ words }: Pick<Batch, 'words'>): number {
  let packets = words[BATCH_HELD] as number;
  words[BATCH_HELD] = 0;
  for (let index = 0; index < (words[BATCH_RUN_COUNT] as number); index++) {
    const run = runAt(index);
    if (isUnfinished(words[run + RUN_VERDICT], words[run + RUN_KIND], words[run + RUN_ARGUMENT]))
      packets += words[run + RUN_PACKETS] as number;
  }
  words[BATCH_RUN_COUNT] = 0;
  words[BATCH_PACKET_COUNT] = 0;
  return packets;
}

function isUnfinished(verdict: number | undefined, kind: number | undefined, argument: number | undefined): boolean {
  switch (verdict) {
    case Verdict.Done:
    case Verdict.Drop:
      return false;
    case Verdict.Raw:
      return kind === RunKind.Origin;
    case Verdict.Punt:
      return argument === PuntReason.Error;
    default:
      return kind !== RunKind.Raw;
  }
}
