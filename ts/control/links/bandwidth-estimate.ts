/**
 * What one direction of a link carries, from packet trains: frames sent back to back leave the narrowest part of the way one behind the other, and the
 * time between the first and the last of them shows how fast that part is. A state machine without a clock or a socket: its owner sends the trains.
 *
 * ```
 *            spread < 10 ms, and room to grow: twice as many
 *                 ┌────────┐
 *                 │        v
 *   4 frames ──> unsettled (next train soon) ── five samples (three of a fast link), the last one in their middle, or enough tried ──> settled (every 5 s; without data after 60 s, 2, 4, 8 min)
 *                          ^                                                                │
 *                          └────────────── a sample that is off by a quarter ───────────────┘
 * ```
 * *Cost.* The gap before a train is at least 125 times what it will take on the link, as far as is known: less than 1 % of it.
 *
 * *Accuracy.* What blurs arrival times (batches, sleeps, a processor that somebody else has) is about a millisecond, so a train should take 10 of them.
 * Now and then it is far more: the median of five counts. A link on which the longest train takes less than 2 ms carries at least what that comes to.
 *
 * *Traffic of our own.* Frames of other kinds between those of the train are counted, not measured: none of them is larger than the MTU. So the
 * sample is a range, and only moves the estimate if that lies outside. The bandwidth of a link must not seem to shrink because it is used.
 */
import { LEAST_TRAIN, LONGEST_TRAIN, type TrainReport } from '../../wire/trains.js';

export interface Bandwidth {
  /** Megabits a second, frames' headers included. */
  readonly mbit: number;
  /** It may carry any more: its trains are spread too little to be measured. */
  readonly atLeast: boolean;
}

const FIRST_FRAMES = 4;
/** Larger ones would be too few to tell them apart on a slow link. */
const LARGEST_FRAME = 1472;
const MOST_BYTES = 96 * 1024;
/** How long a train should take to arrive, ms: at least, about, and at most. */
const SHORT_MS = 10;
const GOOD_MS = 20;
const LONG_MS = 40;
/** A single train that takes this long shows that the link has become far slower; one that takes less may have met a busy receiver. */
const FAR_TOO_LONG_MS = 160;
/** Below this nothing is measured, ms. */
const LEAST_MS = 2;

/** Between trains, ms: of a link that carries data, of one that does not, and while the estimate is unsettled. */
const BUSY_GAP_MS = 5_000;
/** What is too fast to be measured needs long trains, and nobody misses a part of it soon. */
const FAST_GAP_MS = 15_000;
const IDLE_GAP_MS = 60_000;
/** With each train that shows nothing new, up to so many, the gap of an idle link doubles. */
const MOST_CALM = 4;
const SOON_MS = 200;
/** Of the time that a train takes on the link: so many times that before it. */
const COST_DIVISOR = 125;
/** A link that is up is left alone for so long, ms: it has its MTU to find. */
const FIRST_GAP_MS = 2_000;
/** No report comes any more after this time, ms. */
const REPORT_WITHIN_MS = 3_000;

const SAMPLES = 5;
/** So many are enough of a link that is too fast to be measured: what blurs times makes most trains longer, and a link look slower than it is. */
const FAST_SAMPLES = 3;
/** Samples agree when they are no further off than this. */
const AGREEMENT = 0.25;
/** So many trains in a row are sent soon after each other. */
const MOST_TRIES = 12;
/** A train of which such a part is lost has overrun a queue: for a while none is longer than half of it. */
const OVERRUN = 0.25;
const LIMITED_MS = 600_000;

export class BandwidthEstimate {
  #number = 0;
  #frames = FIRST_FRAMES;
  #frameBytes = 0;
  #mtu = 0;
  #samples: Bandwidth[] = [];
  /** What the last train came to, Mbit/s, even if it was too short to count. */
  #lastRate = 0;
  #sentAt: number;
  #limit = { frames: 0, until: -Infinity };
  #isOpen = false;
  #isSettled = false;
  #tries = 0;
  /** Trains in a row of an idle link that have shown nothing new, up to {@link MOST_CALM}. */
  #calm = 0;

  /** `now`: the link has just come up. */
  constructor(now: number) {
    this.#sentAt = now + FIRST_GAP_MS - SOON_MS;
  }

  /** undefined: not known. */
  get value(): Bandwidth | undefined {
    const sorted = this.#samples.toSorted((a, b) => a.mbit - b.mbit);
    return sorted[(sorted.length - 1) >> 1];
  }

  /** Whether a train may leave; `mtu`: of the link, bytes. */
  isDue(mtu: number, isBusy: boolean, now: number): boolean {
    if (this.#isOpen) {
      if (now < this.#sentAt + REPORT_WITHIN_MS) return false;
      this.#unanswered();
    }
    if (isBusy) this.#calm = 0;
    const gap = this.#isSettled ? (isBusy ? this.#busyGap : IDLE_GAP_MS * 2 ** Math.max(0, this.#calm - 1)) : SOON_MS;
    return now >= this.#sentAt + Math.max(gap, COST_DIVISOR * this.#timeOf(frameBytesOf(mtu)));
  }

  /** A train leaves: its number, its frames, and how large they are. */
  next(mtu: number, now: number): { readonly number: number; readonly frames: number; readonly frameBytes: number } {
    const frameBytes = frameBytesOf(mtu);
    this.#frames = Math.min(this.#frames, mostFrames(frameBytes));
    this.#frameBytes = frameBytes;
    this.#mtu = mtu;
    this.#sentAt = now;
    this.#isOpen = true;
    this.#tries++;
    return { number: ++this.#number, frames: this.#frames, frameBytes };
  }

  /** What came of it. Returns how many of its frames were lost by its own fault; undefined: this is not about the last train. */
  add({ number, received, dispersion, bytes, others }: TrainReport): number | undefined {
    const sent = this.#frames;
    if (!this.#isOpen || number !== this.#number || received > sent || bytes > received * this.#frameBytes)
      return undefined;
    this.#isOpen = false;
    this.#lastRate = rateOf(bytes, dispersion);
    const hasOverrun = sent - received >= OVERRUN * sent;
    if (hasOverrun) this.#limit = { frames: sent >> 1, until: this.#sentAt + LIMITED_MS };
    const most = this.#sentAt < this.#limit.until ? this.#limit.frames : mostFrames(this.#frameBytes);
    // Of a frame that came alone, or a burst of which a queue let only the first pass, no rate follows.
    if (received < LEAST_TRAIN || (hasOverrun && dispersion < LEAST_MS)) this.#learntNothing();
    else if (dispersion < SHORT_MS && sent < most) this.#grow();
    else this.#take(bytes, dispersion, others);
    this.#shrink(dispersion);
    this.#frames = Math.max(LEAST_TRAIN, Math.min(this.#frames, most));
    return hasOverrun ? sent - received : 0;
  }

  #shrink(dispersion: number): void {
    const sent = this.#frames;
    const usual = this.#timeOf(this.#frameBytes);
    if (dispersion > FAR_TOO_LONG_MS) this.#frames = Math.ceil((sent * GOOD_MS) / dispersion);
    else if (usual > LONG_MS) this.#frames = Math.ceil((sent * GOOD_MS) / usual);
  }

  #grow(): void {
    this.#frames *= 2;
    this.#isSettled = false;
  }

  #take(bytes: number, dispersion: number, others: number): void {
    const before = this.value;
    const low = rateOf(bytes, dispersion);
    const high = rateOf(bytes + others * this.#mtu, dispersion);
    const mbit = Math.min(high, Math.max(low, before?.mbit ?? high));
    this.#samples = [...this.#samples, { mbit, atLeast: dispersion < LEAST_MS }].slice(-SAMPLES);
    const median = this.value?.mbit ?? mbit;
    const needed = this.#samples.every(({ atLeast }) => atLeast) ? FAST_SAMPLES : SAMPLES;
    const agrees = this.#samples.length >= needed && Math.abs(mbit - median) <= AGREEMENT * median;
    this.#calm = agrees ? Math.min(MOST_CALM, this.#calm + 1) : 0;
    if (agrees || this.#tries >= MOST_TRIES) this.#settle();
    else this.#isSettled = false;
  }

  /** All of it was lost, or the report. */
  #unanswered(): void {
    this.#isOpen = false;
    this.#frames = Math.max(LEAST_TRAIN, this.#frames >> 1);
    this.#settle();
  }

  /** A shorter train may do better, if this one was not the shortest. */
  #learntNothing(): void {
    if (this.#frames === LEAST_TRAIN || this.#tries >= MOST_TRIES) this.#settle();
    else this.#isSettled = false;
  }

  #settle(): void {
    this.#isSettled = true;
    this.#tries = 0;
  }

  get #busyGap(): number {
    return this.value?.atLeast ? FAST_GAP_MS : BUSY_GAP_MS;
  }

  /** How long the next train takes on the link, ms, as far as is known. */
  #timeOf(frameBytes: number): number {
    return (this.#frames * frameBytes * 8) / 1000 / Math.max(this.value?.mbit ?? Infinity, this.#lastRate);
  }
}

/** Mbit/s of so many bytes in so many ms, as far as that can be measured. */
function rateOf(bytes: number, dispersion: number): number {
  return (bytes * 8) / 1000 / Math.max(dispersion, LEAST_MS);
}

const frameBytesOf = (mtu: number): number => Math.min(mtu, LARGEST_FRAME);

/** As many as together do not fill a socket's buffer. */
function mostFrames(frameBytes: number): number {
  return Math.max(LEAST_TRAIN, Math.min(LONGEST_TRAIN, Math.floor(MOST_BYTES / frameBytes)));
}
