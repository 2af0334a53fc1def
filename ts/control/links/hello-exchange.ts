import { HELLO_BYTES, type Hello, IDLE_INTERVAL, writeHello } from '../../wire/hello.js';
import type { LinkObservation } from '../io.js';
import { DETECT_MULTIPLIER, type Liveness } from './liveness.js';
import { LossEstimate } from './loss-estimate.js';
import { LossMeter, SLOW_MEMORY_MS } from './loss-meter.js';
import { RttEstimator } from './rtt.js';
import { SteadyRtt } from './steady-rtt.js';

/** How many hellos may be under way: a reply to an older one is not measured. A power of two. */
const REMEMBERED = 64;

/** Of the hellos of an idle link one in so many is to be answered ... */
const ASK_EVERY = 4;
/** ... but not until so many have been answered, nor while round trips are others than they were, until so many have been. */
const FIRST_ANSWERS = 12;
const MORE_ANSWERS = 2;
/** So many in a row that are all shorter, or all longer, than the smoothed one by more than this, ms, or one that is far off, are no noise. */
const MOST_OFF = 3;
const NOISE_MS = 2;
/** Loss of the peer's frames above which each hello is to be answered, per cent: an answer is one more sign of life. */
const LOSSY_PERCENT = 1;
/** Nothing from the peer for so long, ms: an idle hello of it is missing. */
const LATE_MS = 1.5 * IDLE_INTERVAL;

/**
 * The hellos of one session: writes ours, and learns from the peer's and from replies how long a round trip takes, how much is lost, and
 * whether what we send arrives at all.
 */
export class HelloExchange {
  readonly rtt = new RttEstimator();
  /** What routing is told of {@link rtt}, ms. */
  steadyRtt: number | undefined;
  readonly #steady = new SteadyRtt();
  readonly lossIn = new LossMeter();
  readonly lossOut = new LossMeter();
  readonly #slowLossOut = new LossMeter(SLOW_MEMORY_MS);
  /** What routing is told of {@link lossOut}. */
  readonly #estimate = new LossEstimate();

  #sequence = 0;
  /** When each of the last hellos left; 0: answered. */
  readonly #sentAt = new Float64Array(REMEMBERED);
  /** Probes (of the MTU, and trains) that were lost: of ours, and of the peer's, modulo 65 536. */
  #probesLost = 0;
  #peerProbesLost = 0;

  /**
   * The most of our frames that the peer has reported, since when it has been that many, on our clock and on the peer's, µs (undefined: to be seen from
   * its next hello), and the hellos sent since.
   */
  #reported = 0;
  #reportedAt = 0;
  #reportedClock: number | undefined;
  #unreported = 0;

  /** Answers that are wanted before hellos may be quiet, and quiet ones in a row. */
  #wanted = FIRST_ANSWERS;
  #quiet = 0;
  /** Round trips in a row that were longer (above 0) or shorter (below) than the smoothed one. */
  #off = 0;
  /** What the last hello said of the peer's interval, and of {@link #probesLost}. */
  #toldHeard = 0;
  #toldLost = 0;

  /** Frames of ours are expected to be reported from here on. */
  start(now: number): void {
    this.#reportedAt = now;
    this.#reportedClock = undefined;
    this.#unreported = 0;
  }

  /** Share of our frames that do not arrive, 0..1, as far as it is no chance. */
  get loss(): number {
    return this.#estimate.share;
  }

  /** Sequence of the last hello. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * Whether the next hello need not be answered: both ends are idle, the peer's own hellos come as often as they should and show that it lives, this one would say
   * nothing new, and round trips are as they were. (Where frames are lost now and then, answers are signs of life too: three hellos in a row are soon
   * lost by chance.)
   */
  canBeQuiet({ announced, sending, heard }: Liveness, lastHeard: number, now: number): boolean {
    const isIdle = announced === IDLE_INTERVAL && sending === IDLE_INTERVAL && heard === IDLE_INTERVAL;
    if (!isIdle || now - lastHeard > LATE_MS || this.#wanted > 0 || this.#quiet >= ASK_EVERY - 1) return false;
    const isNews = heard !== this.#toldHeard || this.#probesLost !== this.#toldLost;
    return !isNews && this.loss === 0 && this.lossIn.percent < LOSSY_PERCENT;
  }

  /** The payload of the next hello. */
  write(liveness: Liveness, seen: LinkObservation, now: number, quiet = false): Uint8Array {
    const payload = this.#write(HELLO_BYTES, liveness, seen, now, quiet);
    this.#sentAt[this.#sequence % REMEMBERED] = quiet ? 0 : now;
    this.#quiet = quiet ? this.#quiet + 1 : 0;
    this.#unreported++;
    return payload;
  }

  /** A hello with padding, to see whether it arrives: `bytes` of payload. It measures no round trip, and may be lost. */
  writeProbe(bytes: number, liveness: Liveness, seen: LinkObservation, now: number): Uint8Array {
    const payload = this.#write(bytes, liveness, seen, now);
    this.#sentAt[this.#sequence % REMEMBERED] = 0;
    return payload;
  }

  /** So many more probes were lost: they do not count as loss, and the peer is told. */
  excuse(lost: number): void {
    this.lossOut.excuse(lost);
    this.#slowLossOut.excuse(lost);
    this.#probesLost += lost;
  }

  #write(bytes: number, liveness: Liveness, seen: LinkObservation, now: number, quiet = false): Uint8Array {
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#toldHeard = liveness.heard;
    this.#toldLost = this.#probesLost;
    const payload = new Uint8Array(bytes);
    writeHello(payload, {
      reply: false,
      fastConfirmed: liveness.confirmed,
      quiet,
      probesLost: this.#probesLost & 0xffff,
      sequence: this.#sequence,
      interval: liveness.announced,
      heardInterval: liveness.heard,
      clock: Math.max(0, Math.round(now * 1000)),
      lastCounter: seen.rxHighest,
      received: seen.rxFrames,
      sent: seen.txFrames,
      held: 0,
      size: 0,
    });
    this.lossIn.add(seen.rxHighest, seen.rxFrames, now);
    return payload;
  }

  /** A reply to one of ours. True: it was the first to this hello, and yields a round-trip time. */
  hearReply(hello: Hello, receivedAt: number): boolean {
    const age = (this.#sequence - hello.sequence) >>> 0;
    const slot = hello.sequence % REMEMBERED;
    const sentAt = this.#sentAt[slot] as number;
    if (age >= REMEMBERED || sentAt === 0) return false;
    this.#sentAt[slot] = 0;
    // The own clock and the own memory of when it left: of what the peer says, only how long it held the hello counts.
    const rtt = receivedAt - sentAt - Math.min(hello.held / 1000, receivedAt - sentAt);
    this.#wanted = Math.max(this.#isNews(rtt) ? MORE_ANSWERS : 0, this.#wanted - 1);
    this.rtt.add(rtt);
    this.steadyRtt = this.#steady.follow(this.rtt);
    return true;
  }

  #isNews(rtt: number): boolean {
    const { smoothed = rtt, variance = 0 } = this.rtt;
    const difference = rtt - smoothed;
    const isOff = Math.abs(difference) > NOISE_MS;
    if (!isOff || difference > 0 !== this.#off > 0) this.#off = 0;
    if (isOff) this.#off += Math.sign(difference);
    return Math.abs(this.#off) >= MOST_OFF || Math.abs(difference) > NOISE_MS + 4 * variance;
  }

  /** An unasked hello of the peer, newer than all before, says which of its frames do not count as lost. */
  hearExcuse({ probesLost }: Hello): void {
    this.lossIn.excuse((probesLost - this.#peerProbesLost) & 0xffff);
    this.#peerProbesLost = probesLost;
  }

  /**
   * What the peer has received of ours, as every hello and reply tells. `at`: when it came, for it may have waited to be read. Returns how many
   * frames were lost since the last report.
   */
  hearReport(hello: Hello, at: number): number {
    const lost = this.lossOut.add(hello.lastCounter, hello.received, at);
    this.#slowLossOut.add(hello.lastCounter, hello.received, at);
    this.#estimate.update(this.lossOut, this.#slowLossOut);
    this.#countReported(hello, at);
    return lost;
  }

  #countReported(hello: Hello, at: number): void {
    if (hello.received <= this.#reported) return;
    this.#reported = hello.received;
    this.#reportedAt = at;
    this.#reportedClock = hello.reply ? undefined : hello.clock; // (a reply has the asker's clock)
    this.#unreported = 0;
  }

  /**
   * Whether the peer, which we hear, does not hear us: asked when an unasked hello of it has been read that came `at` that time. Hellos that
   * may still be under way are not held against it; nor is it that two hellos of its own, which left one soon after the other, came long after each other
   * because a queue on their way has grown.
   */
  notArriving(hello: Hello, { deafness }: Liveness, at: number): boolean {
    this.#reportedClock ??= hello.clock;
    const unheard = Math.min(at - this.#reportedAt, (hello.clock - this.#reportedClock) / 1000);
    const patience = deafness + (this.rtt.smoothed ?? 0) + 4 * (this.rtt.variance ?? 0);
    return this.#unreported >= DETECT_MULTIPLIER && unheard >= patience;
  }
}
