/**
 * How much may be under way on one connection: from our hand to the worker at the other end, wherever on the way it waits.
 *
 * ```
 *   data that waits here ──> our kernel, the network, proxies, the peer's kernel ──> the peer's worker
 *                            |<------------------ under way ------------------>|
 * ```
 * A kernel takes megabytes of a stream (Linux 4 MB and more) and so does each proxy, and what is written behind them arrives when all of it has:
 * hellos to a receiver of 2 MB/s were measured to come 2.7 s late. The options of a socket that would help are out of reach from node:net, and
 * proxies have none. But each hello and reply of the peer tells which of our counters it has received: that bounds what is under way to what arrives
 * within {@link QUEUE_MS} and a round trip. What does not fit waits here, where frames of control pass it.
 *
 * The rate is measured while data waits, from report to report; so the window doubles at most, and halves at most, with each of them:
 * ```
 *   window = rate * (least round trip + QUEUE_MS)
 * ```
 */

/** Before anything is known: a burst of this size leaves at once. */
export const FIRST_WINDOW_BYTES = 256 * 1024;
const LEAST_WINDOW_BYTES = 32 * 1024;
const MOST_WINDOW_BYTES = 4 * 1024 * 1024;
/** How long what is under way may wait for what is before it, ms: much less than the silence that takes a link down. */
const QUEUE_MS = 60;
/** A rate is measured over at least this time, ms, and a round trip: what leaves at once arrives at once, and then nothing does. */
const SAMPLE_MS = 15;
/** What a large window was measured by is not true for ever, ms. */
const MEMORY_MS = 1_000;

/** Places in the stream that are remembered; a power of two. Nearer to each other than {@link MARK_BYTES} they are one. */
const MARKS = 2_048;
const MARK_BYTES = 4 * 1024;

export class SendWindow {
  #window = FIRST_WINDOW_BYTES;
  /** Bytes since the beginning: handed to the socket, and known to have arrived. */
  #sent = 0;
  #arrived = 0;
  /** After so many bytes came the frame with this counter of the session that the peer calls so. */
  readonly #ends = new Float64Array(MARKS);
  readonly #counters = new Int32Array(MARKS);
  readonly #numbers = new Int32Array(MARKS);
  #head = 0;
  #tail = 0;
  #leastRtt = Infinity;
  #sampleAt = -Infinity;
  #sampleArrived = 0;
  /** Data has waited since the sample began: the rate is what the way carries, and not what we had to send. */
  #isShort = false;

  /** Bytes that may be handed to the socket now; 0 or less: data has to wait. */
  get room(): number {
    return this.#window - (this.#sent - this.#arrived);
  }

  /** Data waits for room. */
  short(): void {
    this.#isShort = true;
  }

  /** A frame was handed to the socket: `counter` of the session that the peer calls `number`. */
  sent(number: number, counter: number, bytes: number, now: number): void {
    if (this.#sent === this.#arrived) this.#begin(now);
    this.#sent += bytes;
    const last = (this.#tail - 1) & (MARKS - 1);
    const before = this.#tail - this.#head > 1 ? (this.#ends[(last - 1) & (MARKS - 1)] as number) : this.#arrived;
    const isNear = this.#tail > this.#head && this.#sent - before < MARK_BYTES && this.#numbers[last] === number;
    if (!isNear && this.#tail - this.#head < MARKS) this.#tail++;
    const at = (this.#tail - 1) & (MARKS - 1);
    this.#ends[at] = this.#sent;
    this.#counters[at] = counter;
    this.#numbers[at] = number;
  }

  /** The peer has received `counter` of the session that it calls `number`. */
  reported(number: number, counter: number, now: number): void {
    let reached = -1;
    for (let mark = this.#head; mark < this.#tail; mark++) {
      const at = mark & (MARKS - 1);
      if (this.#numbers[at] !== number) continue;
      if (((counter - (this.#counters[at] as number)) | 0) < 0) break;
      reached = mark;
    }
    if (reached < 0) return;
    this.#arrived = this.#ends[reached & (MARKS - 1)] as number;
    this.#head = reached + 1;
    if (now - this.#sampleAt >= Math.max(SAMPLE_MS, this.#rtt)) this.#measure(now);
  }

  /** A round trip took so long, ms. */
  measured(rtt: number): void {
    if (rtt >= 0 && rtt < this.#leastRtt) this.#leastRtt = rtt;
  }

  get #rtt(): number {
    return this.#leastRtt === Infinity ? 0 : this.#leastRtt;
  }

  #begin(now: number): void {
    if (now - this.#sampleAt > MEMORY_MS) this.#window = Math.min(this.#window, FIRST_WINDOW_BYTES);
    this.#sampleAt = now;
    this.#sampleArrived = this.#arrived;
    this.#isShort = false;
  }

  #measure(now: number): void {
    const rate = (this.#arrived - this.#sampleArrived) / (now - this.#sampleAt);
    if (this.#isShort) {
      const wanted = clamp(rate * (this.#rtt + QUEUE_MS), this.#window / 2, this.#window * 2);
      this.#window = clamp(wanted, LEAST_WINDOW_BYTES, MOST_WINDOW_BYTES);
    }
    this.#sampleAt = now;
    this.#sampleArrived = this.#arrived;
    this.#isShort = false;
  }
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
