/**
 * Sealing a run, in TypeScript: what a port's `seal` does, for ports whose frames {@link LinkWriter} finishes.
 */
import {
  ADDRESS_SOCKET,
  addressAt,
  BATCH_NOW,
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
import { LINK_ADDRESS_FAMILY, LINK_MTU, LINK_SOCKET, LINK_STATE, LinkState } from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import { FrameType } from '../wire/link-header.js';
import { copyBytes } from './copy.js';
import { LinkWriter } from './link-writer.js';

/** Hellos probe the MTU: they may be as large as a datagram gets. */
const MAX_HELLO_BYTES = 65_507;

/** What sealing works on. */
export interface Sealing {
  readonly batch: Batch;
  readonly view: DataView;
  readonly entries: DataView;
  readonly links: number;
  readonly counters: CounterBlock;
  readonly writer: LinkWriter;
}

export function openSealing({ buffer, layout }: Region, batch: Batch, counters: CounterBlock): Sealing {
  return {
    batch,
    view: new DataView(batch.words.buffer),
    entries: new DataView(buffer, layout.linkEntries, layout.links * LINK_ENTRY_BYTES),
    links: layout.links,
    counters,
    writer: new LinkWriter({ buffer, layout }, batch.slab),
  };
}

/** Finishes run `index` where it lies; see `Port.seal`. */
export function sealRun({ batch, view, entries, links, counters, writer }: Sealing, index: number): void {
  const { words, slab, floats } = batch;
  const run = runAt(index);
  if (words[run + RUN_VERDICT] !== Verdict.Forward) return;
  const link = words[run + RUN_ARGUMENT] as number;
  const packets = words[run + RUN_PACKETS] as number;
  const entry = link * LINK_ENTRY_BYTES;
  words[run + RUN_VERDICT] = Verdict.Done;
  if (link <= 0 || link >= links || entries.getInt32(entry + LINK_STATE, true) !== LinkState.Live)
    return counters.add(COUNTER.unknownLink, packets);

  const isTransit = words[run + RUN_KIND] === RunKind.Data;
  const isHello = (slab.getUint8(words[run + RUN_FRAME] as number) & 15) === FrameType.Hello;
  const limit = isHello ? MAX_HELLO_BYTES : entries.getInt32(entry + LINK_MTU, true);
  const first = words[run + RUN_FIRST] as number;
  let kept = 0;
  for (let packet = first; packet < first + packets; packet++) {
    const frame = words[packetAt(packet)] as number;
    const length = words[packetAt(packet) + 1] as number;
    if (length > limit) {
      counters.add(COUNTER.oversize, 1);
      continue;
    }
    writer.write(link, frame, length, isTransit, floats[BATCH_NOW / 8] as number);
    const to = packetAt(first + kept++);
    words[to] = frame;
    words[to + 1] = length;
  }
  if (kept === 0) return;
  if (isTransit) counters.add(COUNTER.forwarded, kept);
  const socket = entries.getInt32(entry + LINK_SOCKET, true);
  copyBytes(entries, entry + LINK_ADDRESS_FAMILY, view, addressAt(index), ADDRESS_SOCKET);
  view.setInt32(addressAt(index) + ADDRESS_SOCKET, socket, true);
  words[run + RUN_PACKETS] = kept;
  words[run + RUN_FRAME] = words[packetAt(first)] as number;
  words[run + RUN_KIND] = RunKind.Origin;
  words[run + RUN_ARGUMENT] = socket;
  words[run + RUN_VERDICT] = Verdict.Raw;
}
