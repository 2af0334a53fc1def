/**
 * Sealing a run, in TypeScript: what a port's `seal` does, for ports whose frames a {@link RunFinisher} finishes.
 */
import {
  ADDRESS_SOCKET,
  addressAt,
  type Batch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { LINK_ADDRESS_FAMILY, LINK_SOCKET } from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import { copyBytes } from './copy.js';
import { RunFinisher } from './finish.js';

/** What sealing works on. */
export interface Sealing {
  readonly batch: Batch;
  readonly view: DataView;
  readonly entries: DataView;
  readonly counters: CounterBlock;
  readonly finisher: RunFinisher;
}

export function openSealing(
  { buffer, layout }: Region,
  batch: Batch,
  counters: CounterBlock,
  finisher = new RunFinisher({ buffer, layout }, batch, counters),
): Sealing {
  return {
    batch,
    view: new DataView(batch.words.buffer),
    entries: new DataView(buffer, layout.linkEntries, layout.links * LINK_ENTRY_BYTES),
    counters,
    finisher,
  };
}

/** Finishes run `index` where it lies; see `Port.seal`. */
export function sealRun({ batch, view, entries, counters, finisher }: Sealing, index: number): void {
  const { words } = batch;
  const run = runAt(index);
  if (words[run + RUN_VERDICT] !== Verdict.Forward) return;
  const entry = (words[run + RUN_ARGUMENT] as number) * LINK_ENTRY_BYTES;
  words[run + RUN_VERDICT] = Verdict.Done;
  const kept = finisher.finish(run);
  if (kept === 0) return;
  if (words[run + RUN_KIND] === RunKind.Data) counters.add(COUNTER.forwarded, kept);
  const socket = entries.getInt32(entry + LINK_SOCKET, true);
  copyBytes(entries, entry + LINK_ADDRESS_FAMILY, view, addressAt(index), ADDRESS_SOCKET);
  view.setInt32(addressAt(index) + ADDRESS_SOCKET, socket, true);
  words[run + RUN_PACKETS] = kept;
  words[run + RUN_FRAME] = words[packetAt(words[run + RUN_FIRST] as number)] as number;
  words[run + RUN_KIND] = RunKind.Origin;
  words[run + RUN_ARGUMENT] = socket;
  words[run + RUN_VERDICT] = Verdict.Raw;
}
