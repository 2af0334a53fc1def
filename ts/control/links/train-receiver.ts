import type { TrainFrame, TrainReport } from '../../wire/trains.js';

/** A train of which nothing more comes for so long, ms, is over. */
const OVER_MS = 1_000;
/** Reports are no closer together, ms, whatever the peer sends. */
const REPORT_GAP_MS = 50;
/** Frames that were received within this time, ms, may have waited for each other. */
const BATCH_MS = 1;

interface Arrival {
  readonly at: number;
  readonly bytes: number;
}

interface Arrivals {
  readonly number: number;
  readonly firstCounter: number;
  readonly firstIndex: number;
  lastCounter: number;
  lastIndex: number;
  readonly frames: Arrival[];
}

/** Notes when the frames of the peer's trains arrive, and says so when one is over. */
export class TrainReceiver {
  #train: Arrivals | undefined;
  #done = 0;
  #reportedAt = -Infinity;

  /** A frame arrived, of `bytes`, with that counter (32 bits). The report, if it was the train's last. */
  hear({ number, index, frames }: TrainFrame, bytes: number, counter: number, at: number): TrainReport | undefined {
    if (number === this.#done) return undefined; // late, behind the last one
    const train = this.#train?.number === number ? this.#train : this.#begin(number, index, counter);
    if (train.frames.length < frames) train.frames.push({ at, bytes });
    if (index >= train.lastIndex) Object.assign(train, { lastIndex: index, lastCounter: counter });
    return index === frames - 1 ? this.#finish(train, at) : undefined;
  }

  /** The report on a train whose last frame does not come any more. */
  overdue(now: number): TrainReport | undefined {
    const train = this.#train;
    const last = train?.frames.at(-1);
    return train && last && now >= last.at + OVER_MS ? this.#finish(train, now) : undefined;
  }

  #begin(number: number, index: number, counter: number): Arrivals {
    const first = { firstCounter: counter, firstIndex: index };
    this.#train = { number, ...first, lastCounter: counter, lastIndex: index, frames: [] };
    return this.#train;
  }

  #finish(train: Arrivals, now: number): TrainReport | undefined {
    this.#train = undefined;
    this.#done = train.number;
    if (now - this.#reportedAt < REPORT_GAP_MS) return undefined;
    this.#reportedAt = now;
    const { number, frames } = train;
    const span = (train.lastCounter - train.firstCounter) | 0;
    const others = Math.max(0, span - (train.lastIndex - train.firstIndex));
    return { number, received: frames.length, ...spread(frames), others };
  }
}

/**
 * How many bytes arrived in which time. A receiver that was busy takes what has come meanwhile all at once, in a batch; at its end, what was received is what had come
 * until then. So time runs from the end of the first batch. It ends with the last one but one, for of the last it is not known how long it had been there, if that leaves
 * half of the train; if even all batches but the first are less, the train was received at once as far as can be told.
 */
function spread(frames: readonly Arrival[]): { readonly dispersion: number; readonly bytes: number } {
  const batches = batchesOf(frames);
  const all = sum(batches);
  const start = batches[0]?.at ?? 0;
  const inside = batches.slice(1, -1);
  for (const counted of [inside, batches.slice(1)])
    if (2 * sum(counted) >= all) return { dispersion: (counted.at(-1)?.at ?? start) - start, bytes: sum(counted) };
  return { dispersion: 0, bytes: all };
}

const sum = (arrivals: readonly Arrival[]): number => arrivals.reduce((bytes, arrival) => bytes + arrival.bytes, 0);

/** Frames that came together: when the last of them did, and their bytes. */
function batchesOf(frames: readonly Arrival[]): Arrival[] {
  const batches: Arrival[] = [];
  let [start, end, bytes] = [-Infinity, 0, 0];
  for (const frame of frames.toSorted((a, b) => a.at - b.at)) {
    if (frame.at - start >= BATCH_MS) {
      if (bytes > 0) batches.push({ at: end, bytes });
      [start, bytes] = [frame.at, 0];
    }
    end = frame.at;
    bytes += frame.bytes;
  }
  return [...batches, { at: end, bytes }];
}
