/**
 * The liveness stage: takes a link down when it was silent for too long, at once and without asking control, so that the next batch takes
 * the backup next hop. How long is too long is control's to say (ts/memory/link-table.ts); 0 means that nobody watches.
 *
 * Each worker watches the links that it hears; of one whose connection has ended it need not wait for the silence.
 *
 * Silence that is our own fault does not count: when the process was stopped or starved, frames may have waited in the sockets all the
 * while. So after a stall every link starts to count anew, and a scan is made only when the sockets have been drained. A worker's start counts
 * as the end of a stall: while its predecessor was dead, nobody listened.
 *
 * Leaves' links come last in the table. There may be thousands, nobody has another way to a leaf, and control looks at each in its time: of
 * them a scan takes only the next few, so that it costs no more for a relay that has many.
 */
import { BATCH_MORE, BATCH_NOW, type Batch } from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { LINK_LAST_HEARD, LINK_PORT_KIND, LINK_SILENCE_MS, linksUpWords, type PortKind } from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import { DownCause } from '../memory/worker-records.js';
import type { StageContext } from './context.js';
import type { Port } from './port.js';
import type { PuntStage } from './punt.js';

/** Links are looked at no more often than this, ms. */
export const SCAN_INTERVAL_MS = 10;
/** Words of 32 leaves' links that a scan takes. */
const LEAF_WORDS = 2;
/** A step that comes so much later than it was meant to, ms, was held up by a stall of our own. */
export const STALL_MS = 40;

export class LivenessStage {
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #up: Int32Array;
  readonly #entries: Int32Array;
  readonly #heard: Float64Array;
  readonly #punt: PuntStage;
  /** Words of the bits of relays' links, and of all links. */
  readonly #relayWords: number;
  readonly #allWords: number;
  #nextLeafWord = 0;
  readonly #port: Port;
  readonly #portKind: PortKind;
  /** When the next step was to be made at the latest; at first: long ago. */
  #expected = -Infinity;
  /** Silence before this is not counted. */
  #countFrom = -Infinity;
  #scannedAt = -Infinity;
  /** When the first link will have been silent for too long. */
  #deadline = -Infinity;

  constructor({ region, batch, counters, port, portKind }: StageContext, punt: PuntStage) {
    this.#batch = batch;
    this.#counters = counters;
    this.#up = linksUpWords(region);
    this.#entries = entriesOf(region, Int32Array);
    this.#heard = entriesOf(region, Float64Array);
    this.#punt = punt;
    const { links, leaves } = region.layout;
    this.#relayWords = Math.ceil((links - leaves) / 32);
    this.#allWords = Math.ceil(links / 32);
    this.#nextLeafWord = this.#relayWords;
    this.#port = port;
    this.#portKind = portKind;
  }

  /** To be called in each step, after the batch was received. Returns the number of links taken down. */
  step(): number {
    const now = this.#batch.floats[BATCH_NOW / 8] as number;
    const broken = this.#port.takeBroken === undefined ? 0 : this.#takeBroken(this.#port.takeBroken(), now);
    if (now > this.#expected + STALL_MS) this.#countFrom = now;
    this.#expected = now;
    if (now - this.#scannedAt < SCAN_INTERVAL_MS || this.#batch.words[BATCH_MORE] !== 0) return broken;
    this.#scannedAt = now;
    return broken + this.#scan(now);
  }

  /** How long the next step may wait, ms, at most `most`; if it comes much later, that was a stall. */
  waitFor(most: number): number {
    const untilDeadline = Math.max(this.#deadline - this.#scannedAt, SCAN_INTERVAL_MS);
    const wait = Math.min(most, Math.ceil(untilDeadline));
    this.#expected += wait;
    return wait;
  }

  #scan(now: number): number {
    let downed = 0;
    this.#deadline = Infinity;
    for (let word = 0; word < this.#relayWords; word++) downed += this.#scanWord(word, now);
    for (let n = Math.min(LEAF_WORDS, this.#allWords - this.#relayWords); n > 0; n--) {
      if (this.#nextLeafWord >= this.#allWords) this.#nextLeafWord = this.#relayWords;
      downed += this.#scanWord(this.#nextLeafWord++, now);
    }
    return downed;
  }

  #scanWord(word: number, now: number): number {
    let downed = 0;
    let bits = this.#up[word] as number;
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits);
      bits &= ~(1 << bit);
      if (this.#isSilent(word * 32 + bit, now) && this.#takeDown(word, bit, now)) downed++;
    }
    return downed;
  }

  #isSilent(link: number, now: number): boolean {
    const entry = link * LINK_ENTRY_BYTES;
    const silence = this.#entries[(entry + LINK_SILENCE_MS) / 4] as number;
    if (silence === 0 || this.#entries[(entry + LINK_PORT_KIND) / 4] !== this.#portKind) return false;
    const since = Math.max(this.#heard[(entry + LINK_LAST_HEARD) / 8] as number, this.#countFrom);
    if (since + silence < this.#deadline) this.#deadline = since + silence;
    return now - since > silence;
  }

  /** False when another worker or control was faster. */
  #takeDown(word: number, bit: number, now: number): boolean {
    if (!this.#clearUp(word, bit)) return false;
    this.#punt.linkDowned(word * 32 + bit, now, DownCause.Silent);
    return true;
  }

  /** Control hears of each, also of those that were not up yet: they will never be. */
  #takeBroken(links: readonly number[], now: number): number {
    for (const link of links) {
      this.#clearUp(link >>> 5, link & 31);
      this.#punt.linkDowned(link, now, DownCause.Disconnected);
    }
    return links.length;
  }

  #clearUp(word: number, bit: number): boolean {
    const mask = 1 << bit;
    if ((Atomics.and(this.#up, word, ~mask) & mask) === 0) return false;
    this.#counters.add(COUNTER.linksDowned, 1);
    return true;
  }
}

function entriesOf<T>({ buffer, layout }: Region, view: ViewOf<T>): T {
  return new view(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / view.BYTES_PER_ELEMENT);
}

interface ViewOf<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: SharedArrayBuffer, offset: number, length: number): T;
}
