/**
 * The hello stage: answers hellos in the worker, so that a busy control thread takes no link down. The layout is in ts/wire/hello.ts.
 *
 * ```
 *   hello ──> copy to control ──> becomes its reply where it lies ──> forward into the same link
 *   reply ──> control
 *   quiet ──> that it came is in the link's entry; to control only if it says something new
 *   too short ──> drop malformed
 * ```
 * A quiet hello wants no answer, and control hears of it only if the interval is another one than it knows.
 *
 * A relay has thousands of leaves, and of one that is idle every hello says the same: control gets no copy of it. It sees from the link's
 * entry that the leaf was heard and answered; whatever changes begins with a hello that is not the same.
 */
import {
  BATCH_NOW,
  BATCH_RUN_COUNT,
  type Batch,
  PuntReason,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import {
  isLinkUp,
  LINK_HEARD_INTERVAL,
  LINK_HELLO_INTERVAL,
  LINK_PEER_ID,
  LINK_RX_FRAMES,
  LINK_RX_HIGHEST,
  LINK_TX_FRAMES,
  linksUpWords,
} from '../memory/link-table.js';
import { LINK_ENTRY_BYTES } from '../memory/region.js';
import {
  HELLO_FLAG_QUIET,
  HELLO_FLAG_REPLY,
  HELLO_FLAGS,
  HELLO_FRAME_BYTES,
  HELLO_HEARD_INTERVAL,
  HELLO_HELD,
  HELLO_INTERVAL,
  HELLO_LAST_COUNTER,
  HELLO_RECEIVED,
  HELLO_SENT,
  HELLO_SIZE,
  IDLE_INTERVAL,
} from '../wire/hello.js';
import { OFFSET_FLAGS, OFFSET_TTL } from '../wire/link-header.js';
import { HEADERS_BYTES, OFFSET_DESTINATION, OFFSET_SOURCE } from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { HOLD_MS, IDLE_HOLD_MS, type PuntStage } from './punt.js';
import { appendRun } from './runs.js';

/** Hellos that are further apart, ms, are those of a leaf that carries no data. */
const LEAF_INTERVAL = 5_000;

export class HelloStage {
  readonly #self: number;
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #entries: DataView;
  readonly #up: Int32Array;
  readonly #clock: () => number;
  readonly #punt: PuntStage;
  /** Links from here on are those of leaves. */
  readonly #firstLeaf: number;

  constructor({ self, batch, counters, region, clock }: StageContext, punt: PuntStage) {
    this.#self = self;
    this.#batch = batch;
    this.#counters = counters;
    this.#entries = new DataView(region.buffer, region.layout.linkEntries, region.layout.links * LINK_ENTRY_BYTES);
    this.#up = linksUpWords(region);
    this.#clock = clock;
    this.#punt = punt;
    this.#firstLeaf = region.layout.links - region.layout.leaves;
  }

  /** Answers all hellos of the batch; returns how many. */
  step(): number {
    const { words } = this.#batch;
    const runs = words[BATCH_RUN_COUNT] as number;
    let answered = 0;
    for (let index = 0; index < runs; index++) {
      const run = runAt(index);
      if (words[run + RUN_KIND] !== RunKind.Hello || words[run + RUN_VERDICT] !== Verdict.Undecided) continue;
      words[run + RUN_VERDICT] = Verdict.Done;
      const first = words[run + RUN_FIRST] as number;
      const end = first + (words[run + RUN_PACKETS] as number);
      for (let packet = first; packet < end; packet++) answered += this.#hear(index, packet) ? 1 : 0;
    }
    return answered;
  }

  /** Deals with one frame; whether it was a hello that is answered. */
  #hear(index: number, packet: number): boolean {
    const { words, slab } = this.#batch;
    const frame = words[packetAt(packet)] as number;
    if ((words[packetAt(packet) + 1] as number) < HELLO_FRAME_BYTES) {
      this.#counters.add(COUNTER.malformed, 1);
      return false;
    }
    const link = words[runAt(index) + RUN_LINK] as number;
    const flags = slab.getUint8(frame + HEADERS_BYTES + HELLO_FLAGS);
    const isReply = (flags & HELLO_FLAG_REPLY) !== 0;
    if ((flags & HELLO_FLAG_QUIET) !== 0 && !isReply && this.#isAsKnown(link, packet, frame)) {
      this.#counters.add(COUNTER.hellosHeard, 1);
      return false;
    }
    if (!isReply && this.#saysNothingNew(link, packet, frame)) {
      this.#counters.add(COUNTER.hellosAnswered, 1);
      this.#answer(link, packet, frame);
      return true;
    }
    const copied = this.#punt.copyUp(index, packet, PuntReason.Hello);
    // Control waits for the first hellos of a session, to bring the link up; and a peer whose interval is another one now waits for its answer.
    const isAwaited = !isLinkUp(this.#up, link) || (!isReply && this.#isOfAnotherInterval(link, frame));
    if (isAwaited) this.#punt.hurry();
    else this.#punt.hold(this.#isIdle(link, packet) ? IDLE_HOLD_MS : HOLD_MS);
    if (isReply) {
      this.#counters.add(copied ? COUNTER.punted : COUNTER.puntFull, 1);
      return false;
    }
    if (!copied) this.#counters.add(COUNTER.copiesLost, 1);
    this.#counters.add(COUNTER.hellosAnswered, 1);
    this.#answer(link, packet, frame);
    return true;
  }

  /** Whether the peer sends hellos more or less often than control has heard of. */
  #isOfAnotherInterval(link: number, frame: number): boolean {
    const known = this.#entries.getUint32(link * LINK_ENTRY_BYTES + LINK_HEARD_INTERVAL, true);
    return this.#batch.slab.getUint32(frame + HEADERS_BYTES + HELLO_INTERVAL) !== known;
  }

  /** Whether both ends send hellos seldom, and it is none that probes the MTU, or answers one. */
  #isIdle(link: number, packet: number): boolean {
    const { words, slab } = this.#batch;
    const entry = link * LINK_ENTRY_BYTES;
    const payload = (words[packetAt(packet)] as number) + HEADERS_BYTES;
    return (
      words[packetAt(packet) + 1] === HELLO_FRAME_BYTES &&
      slab.getUint32(payload + HELLO_SIZE) <= HELLO_FRAME_BYTES &&
      this.#entries.getUint32(entry + LINK_HELLO_INTERVAL, true) >= IDLE_INTERVAL &&
      this.#entries.getUint32(entry + LINK_HEARD_INTERVAL, true) >= IDLE_INTERVAL
    );
  }

  /** Whether it is a leaf's, idle as before, which knows how often this end sends hellos. */
  #saysNothingNew(link: number, packet: number, frame: number): boolean {
    const interval = this.#batch.slab.getUint32(frame + HEADERS_BYTES + HELLO_INTERVAL);
    return link >= this.#firstLeaf && interval >= LEAF_INTERVAL && this.#isAsKnown(link, packet, frame);
  }

  /** Whether the link is up, and its peer sends hellos as often as control knows, and knows how often this end does. */
  #isAsKnown(link: number, packet: number, frame: number): boolean {
    if (!isLinkUp(this.#up, link)) return false;
    const { words, slab } = this.#batch;
    const entry = link * LINK_ENTRY_BYTES;
    return (
      words[packetAt(packet) + 1] === HELLO_FRAME_BYTES &&
      !this.#isOfAnotherInterval(link, frame) &&
      slab.getUint32(frame + HEADERS_BYTES + HELLO_HEARD_INTERVAL) ===
        this.#entries.getUint32(entry + LINK_HELLO_INTERVAL, true)
    );
  }

  #answer(link: number, packet: number, frame: number): void {
    const { words, slab } = this.#batch;
    this.#counters.add(COUNTER.originated, 1);
    this.#writeReply(link, frame, words[packetAt(packet) + 1] as number);
    words[packetAt(packet) + 1] = HELLO_FRAME_BYTES; // padding, which probes the MTU in one direction, does not come back
    const index = appendRun(this.#batch, RunKind.Origin, 0, packet, 1);
    if (index < 0) return this.#counters.add(COUNTER.egressFull, 1);
    words[runAt(index) + RUN_VERDICT] = Verdict.Forward;
    words[runAt(index) + RUN_ARGUMENT] = link;
    slab.setUint8(frame + OFFSET_TTL, 1);
  }

  /** Sequence and clock stay the asker's; the rest says what this end knows. */
  #writeReply(link: number, frame: number, length: number): void {
    const { slab, floats } = this.#batch;
    const entry = link * LINK_ENTRY_BYTES;
    const payload = frame + HEADERS_BYTES;
    slab.setUint8(frame + OFFSET_FLAGS, 0);
    slab.setUint32(frame + OFFSET_DESTINATION, this.#entries.getUint32(entry + LINK_PEER_ID, true));
    slab.setUint32(frame + OFFSET_SOURCE, this.#self);
    slab.setInt32(payload + HELLO_FLAGS, HELLO_FLAG_REPLY << 24);
    slab.setUint32(payload + HELLO_INTERVAL, this.#entries.getUint32(entry + LINK_HELLO_INTERVAL, true));
    slab.setUint32(payload + HELLO_HEARD_INTERVAL, this.#entries.getUint32(entry + LINK_HEARD_INTERVAL, true));
    this.#quote(payload + HELLO_LAST_COUNTER, entry + LINK_RX_HIGHEST);
    this.#quote(payload + HELLO_RECEIVED, entry + LINK_RX_FRAMES);
    this.#quote(payload + HELLO_SENT, entry + LINK_TX_FRAMES);
    const heldMs = this.#clock() - (floats[BATCH_NOW / 8] as number);
    slab.setUint32(payload + HELLO_HELD, Math.max(0, heldMs * 1000));
    slab.setUint32(payload + HELLO_SIZE, length);
  }

  /**
   * Copies a 64-bit number of the link's entry into the frame. Another worker may be adding to it: around a carry, which comes
   * once in 2^32 frames, a report may be wrong by that much; control passes over numbers that go back.
   */
  #quote(to: number, from: number): void {
    this.#batch.slab.setUint32(to + 4, this.#entries.getUint32(from, true));
    this.#batch.slab.setUint32(to, this.#entries.getUint32(from + 4, true));
  }
}
