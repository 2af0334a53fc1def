/**
 * The last thing that happens to the frames of a run before they leave by its link, the same for all ports in TypeScript: what must not leave is
 * counted and left out, the rest gets its link header (link-writer.ts).
 *
 * ```
 *   packets   a   b   c   d          b is larger than the link carries: dropped as oversize
 *   finished  a'  c'  d'             from the first one on, in their order; the caller sends so many
 * ```
 */
import {
  BATCH_NOW,
  type Batch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_PACKETS,
  RunKind,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { LINK_MTU, LINK_STATE, LinkState } from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import { FrameType, OFFSET_VERSION_TYPE } from '../wire/link-header.js';
import { LinkWriter } from './link-writer.js';

/** Hellos probe the MTU: they may be as large as a datagram gets. */
const MAX_HELLO_BYTES = 65_507;

export class RunFinisher {
  readonly writer: LinkWriter;
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #entries: Int32Array;
  readonly #links: number;

  constructor(region: Region, batch: Batch, counters: CounterBlock) {
    const { buffer, layout } = region;
    this.writer = new LinkWriter(region, batch.slab);
    this.#batch = batch;
    this.#counters = counters;
    this.#entries = new Int32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
    this.#links = layout.links;
  }

  /** Finishes a whole run (the word at which it begins), whose verdict is Forward; how many of its packets are left, from its first one on. */
  finish(run: number): number {
    const { words } = this.#batch;
    return this.finishPart(run, words[run + RUN_FIRST] as number, words[run + RUN_PACKETS] as number);
  }

  /** As {@link finish}, for `packets` of the run's packets from `first` on. */
  finishPart(run: number, first: number, packets: number): number {
    const { words, floats } = this.#batch;
    const link = words[run + RUN_ARGUMENT] as number;
    if (!this.#isLive(link)) {
      this.#counters.add(COUNTER.unknownLink, packets);
      return 0;
    }
    const isTransit = words[run + RUN_KIND] === RunKind.Data;
    const limit = this.limit(run);
    const now = floats[BATCH_NOW / 8] as number;
    let kept = first;
    for (let packet = first; packet < first + packets; packet++) {
      const frame = words[packetAt(packet)] as number;
      const length = words[packetAt(packet) + 1] as number;
      if (length > limit) {
        this.#counters.add(COUNTER.oversize, 1);
        continue;
      }
      this.writer.write(link, frame, length, isTransit, now);
      const to = packetAt(kept++);
      words[to] = frame;
      words[to + 1] = length;
    }
    return kept - first;
  }

  /** The largest frame of the run that its link, which must exist, carries. */
  limit(run: number): number {
    const { words } = this.#batch;
    if (this.typeOf(run) === FrameType.Hello) return MAX_HELLO_BYTES;
    return this.#entries[((words[run + RUN_ARGUMENT] as number) * LINK_ENTRY_BYTES + LINK_MTU) / 4] as number;
  }

  /** The type of the run's frames. */
  typeOf(run: number): number {
    const { words, slab } = this.#batch;
    return slab.getUint8((words[run + RUN_FRAME] as number) + OFFSET_VERSION_TYPE) & 15;
  }

  #isLive(link: number): boolean {
    if (link <= 0 || link >= this.#links) return false;
    return this.#entries[(link * LINK_ENTRY_BYTES + LINK_STATE) / 4] === LinkState.Live;
  }
}
