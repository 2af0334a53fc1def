/**
 * The punt stage: what the control plane must see goes into the ring to the shell, copied, for control may take its time.
 *
 * Control and handshake frames and errors go up whole, each of them. Of packets that were dropped with an error (TTL, no route, prohibited, port unreachable) the
 * first of each run goes up, its headers only: control answers the sender, at a limited rate, and needs no more for it.
 *
 * Copies of hellos can wait: they carry the time of their arrival, and control only averages over them. So they go up quietly: the main
 * thread takes them when its own timers wake it, as they do every 50 ms while a link carries data and every 250 ms in peace, and is roused only for what
 * has lain there for longer than that. A wake-up of the main thread costs a relay as much as two or three packets' wake-ups.
 */
import {
  ADDRESS_BYTES,
  addressAt,
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
import type { QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';
import {
  type DownCause,
  LINK_DOWNED_BYTES,
  LINK_DOWNED_CAUSE,
  LINK_DOWNED_LINK,
  LINK_DOWNED_TIME,
  PUNT_ADDRESS,
  PUNT_FRAME,
  PUNT_LIMIT,
  PUNT_LINK,
  PUNT_REASON,
  PUNT_TIME,
  RECORD_KIND,
  RecordKind,
} from '../memory/worker-records.js';
import { HEADERS_BYTES } from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { copyBytes } from './copy.js';

/** For a record that nobody has taken the main thread is roused with the first step after this time, ms: longer than the interval of fast hellos, and than the ticks of idle ones ... */
export const HOLD_MS = 60;
export const IDLE_HOLD_MS = 300;
/** ... and a step is made within this time: the longest sleep of a worker, so that nobody wakes for it alone. */
const STEP_WITHIN_MS = 40;

export class PuntStage {
  /** When the main thread is roused for records that went up quietly, if it has not taken them; Infinity: there are none. */
  #rouseAt = Infinity;
  #urgent = false;
  /** Where the last record begins. */
  #copied = 0;
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #counters: CounterBlock;
  readonly #ring: QueueProducer;

  constructor({ batch, counters }: StageContext, ring: QueueProducer) {
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#counters = counters;
    this.#ring = ring;
  }

  /** Hands up all runs of kind Control and Handshake and all with verdict Punt. Returns the number of records. */
  step(): number {
    const { words } = this.#batch;
    const runs = words[BATCH_RUN_COUNT] as number;
    let records = 0;
    for (let index = 0; index < runs; index++) {
      const run = runAt(index);
      const kind = words[run + RUN_KIND];
      const isOpen = words[run + RUN_VERDICT] === Verdict.Undecided;
      if (words[run + RUN_VERDICT] === Verdict.Punt)
        records += this.#puntRun(index, words[run + RUN_ARGUMENT] as number);
      else if (isOpen && kind === RunKind.Control) records += this.#puntRun(index, PuntReason.Control);
      else if (isOpen && kind === RunKind.Handshake) records += this.#puntRun(index, PuntReason.Handshake);
      else continue;
      words[run + RUN_VERDICT] = Verdict.Done;
    }
    const now = this.#batch.floats[BATCH_NOW / 8] as number;
    if (records > 0 || this.#urgent) {
      this.#ring.publish();
      this.#rouseAt = Infinity;
      this.#urgent = false;
    } else if (this.#rouseAt !== Infinity) this.#goUpQuietly(now);
    return records;
  }

  /** A record was written that can wait until the main thread looks by itself, `patience` ms at most. */
  hold(patience: number): void {
    if (this.#ring.backlog === 0) this.#rouseAt = Infinity; // whatever was held has been taken
    this.#rouseAt = Math.min(this.#rouseAt, (this.#batch.floats[BATCH_NOW / 8] as number) + patience);
  }

  /** A record was written that goes up with this step. */
  hurry(): void {
    this.#urgent = true;
  }

  /** How long the next step may wait, ms, at most `most`. */
  waitFor(most: number): number {
    return this.#rouseAt === Infinity ? most : Math.min(most, STEP_WITHIN_MS);
  }

  /** Tells control that a worker took the link down. */
  linkDowned(link: number, now: number, cause: DownCause): void {
    const at = this.#ring.claim(LINK_DOWNED_BYTES);
    if (at < 0) return this.#counters.add(COUNTER.copiesLost, 1);
    const { view } = this.#ring;
    view.setInt32(at + RECORD_KIND, RecordKind.LinkDowned, true);
    view.setInt32(at + LINK_DOWNED_LINK, link, true);
    view.setFloat64(at + LINK_DOWNED_TIME, now, true);
    view.setInt32(at + LINK_DOWNED_CAUSE, cause, true);
    this.hurry();
  }

  /** Tells control of a packet that is larger than the `limit` bytes that its way carries. The packet itself is counted by the caller. */
  tooBig(index: number, packet: number, limit: number): void {
    if (!this.copyUp(index, packet, PuntReason.TooBig)) return this.#counters.add(COUNTER.copiesLost, 1);
    this.#ring.view.setInt32(this.#copied + PUNT_LIMIT, limit, true);
    this.hurry();
  }

  /** Copies the packet `packet` of run `index` up; false when the ring is full, which the caller counts. */
  copyUp(index: number, packet: number, reason: number): boolean {
    const { words, floats, slab } = this.#batch;
    const run = runAt(index);
    const from = words[packetAt(packet)] as number;
    const whole = words[packetAt(packet) + 1] as number;
    const length = isDropWithError(reason) ? HEADERS_BYTES : whole;
    const at = this.#ring.claim(PUNT_FRAME + length);
    if (at < 0) return false;
    this.#copied = at;
    const { view } = this.#ring;
    view.setInt32(at + RECORD_KIND, RecordKind.Punt, true);
    view.setInt32(at + PUNT_REASON, reason, true);
    view.setInt32(at + PUNT_LINK, words[run + RUN_LINK] as number, true);
    copyBytes(this.#batchView, addressAt(index), view, at + PUNT_ADDRESS, ADDRESS_BYTES);
    view.setFloat64(at + PUNT_TIME, floats[BATCH_NOW / 8] as number, true);
    copyBytes(slab, from, view, at + PUNT_FRAME, length);
    return true;
  }

  #goUpQuietly(now: number): void {
    this.#ring.publishQuietly();
    if (now < this.#rouseAt) return;
    this.#ring.rouse();
    this.#rouseAt = Infinity;
  }

  #puntRun(index: number, reason: number): number {
    const { words } = this.#batch;
    const run = runAt(index);
    const first = words[run + RUN_FIRST] as number;
    if (isDropWithError(reason)) {
      // The packets themselves are counted as dropped already.
      if (this.copyUp(index, first, reason)) return 1;
      this.#counters.add(COUNTER.copiesLost, 1);
      return 0;
    }
    let records = 0;
    const packets = words[run + RUN_PACKETS] as number;
    for (let packet = first; packet < first + packets; packet++) {
      if (!this.copyUp(index, packet, reason)) this.#counters.add(COUNTER.puntFull, 1);
      else {
        this.#counters.add(COUNTER.punted, 1);
        records++;
      }
    }
    return records;
  }
}

function isDropWithError(reason: number): boolean {
  return (
    reason === PuntReason.TtlExceeded ||
    reason === PuntReason.NoRoute ||
    reason === PuntReason.Prohibited ||
    reason === PuntReason.PortUnreachable ||
    reason === PuntReason.TooBig
  );
}
