/**
 * When to send hellos, and how long a silence means that the link is down: BFD's asynchronous mode (RFC 5880, section 6.8) with two
 * intervals. Each end chooses its own: fast while the link carries data, otherwise idle.
 *
 * ```
 * sender                                                      receiver
 *  fast wanted: sends every 50 ms  -- interval 50 -------------->  has heard 50, still counts with 500
 *                                  <------------- heard 50 ------
 *  knows that it is known          -- interval 50, confirmed --->  counts with 50: down after 150 ms of silence
 *
 *  idle wanted: still every 50 ms  -- interval 500 ------------->  counts with 500 at once
 *                                  <------------- heard 500 -----
 *  sends every 500 ms
 * ```
 * So the receiver never counts with a shorter interval than the sender keeps, whatever is lost on the way. (A sender changes its mind
 * at most once in {@link DATA_MEMORY_MS}; a hello that is later than that could confirm the wrong announcement.)
 */

import { IDLE_INTERVAL } from '../../wire/hello.js';

/** Milliseconds between the hellos of a link that carries data. */
export const FAST_INTERVAL = 50;
/**
 * And of a leaf's link that does not: a relay has thousands of them, and nobody routes by them. Often enough for NATs, which forget a UDP flow after 30 s of
 * silence or more.
 */
export const LEAF_IDLE_INTERVAL = 10_000;
/** A link carries data when some was seen within this time. */
export const DATA_MEMORY_MS = 2_000;
/** Silence for so many of the sender's intervals means down. */
export const DETECT_MULTIPLIER = 3;

/**
 * But over a stream at least so long, ms: what it loses is only late, by 200 ms or more (RFC 6298; Linux waits that long at least before it sends again), and a
 * slow receiver makes all wait. That a process is gone its connections tell at once.
 */
const STREAM_PATIENCE_MS = 500;

/** What a peer may announce is clamped to this range, ms. */
const SHORTEST_INTERVAL = 20;
const LONGEST_INTERVAL = 10_000;

export class Liveness {
  #announced: number;
  #sending: number;
  #confirmedByPeer = 0;
  #heard = 0;
  #counted: number;
  #lastSequence: number | undefined;
  readonly #streamPatience: number;
  #patience = 0;

  /** `idle`: what both ends begin with, ms. `isStream`: over TCP. */
  constructor(idle: number = IDLE_INTERVAL, isStream = false) {
    this.#streamPatience = isStream ? STREAM_PATIENCE_MS : 0;
    this.#announced = idle;
    this.#sending = idle;
    this.#counted = idle;
  }

  /** So many ms of silence are borne in any case. */
  get leastSilence(): number {
    return Math.max(this.#streamPatience, this.#patience);
  }

  /** Silence is to be borne for so many ms at least. */
  bear(ms: number): void {
    this.#patience = ms;
  }

  /** Chooses the own interval. */
  want(interval: number): void {
    this.#announced = interval;
    this.#settle();
  }

  /**
   * An unasked hello of the peer (replies do not count: they are not ordered among them). Returns false for one that is old or came
   * twice: nothing in it counts.
   */
  hear(hello: {
    readonly sequence: number;
    readonly interval: number;
    readonly heardInterval: number;
    readonly fastConfirmed: boolean;
  }): boolean {
    if (this.#lastSequence !== undefined && ((hello.sequence - this.#lastSequence) | 0) <= 0) return false;
    this.#lastSequence = hello.sequence;
    this.#heard = Math.min(LONGEST_INTERVAL, Math.max(SHORTEST_INTERVAL, hello.interval));
    if (this.#heard >= this.#counted || hello.fastConfirmed) this.#counted = this.#heard;
    this.#confirmedByPeer = hello.heardInterval;
    this.#settle();
    return true;
  }

  /** The own interval, as hellos announce it. */
  get announced(): number {
    return this.#announced;
  }

  /** Whether the peer has said that it knows the announced interval. */
  get confirmed(): boolean {
    return this.#confirmedByPeer === this.#announced;
  }

  /** The interval that is kept: never longer than what the peer counts with. */
  get sending(): number {
    return this.#sending;
  }

  /** The peer's interval as it last announced it; 0: none yet. */
  get heard(): number {
    return this.#heard;
  }

  /** So many ms of silence mean that the link is down. */
  get silence(): number {
    return Math.max(this.leastSilence, DETECT_MULTIPLIER * this.#counted);
  }

  /** And so many in which the peer, by its own account, has not heard us. */
  get deafness(): number {
    return Math.max(this.leastSilence, DETECT_MULTIPLIER * this.#sending);
  }

  #settle(): void {
    if (this.#announced <= this.#sending || this.confirmed) this.#sending = this.#announced;
  }
}
