/** What a loss meter has seen of late. */
export interface LossReading {
  /** 0..100 */
  readonly percent: number;
  /** Of so many frames. */
  readonly frames: number;
}

/** So many standard deviations of the count must lie between two shares that are taken for different ones. */
const DEVIATIONS = 2.5;
/** No fewer frames say anything. */
const LEAST_FRAMES = 8;

/**
 * The loss that routing is told of: a share of frames that is only changed when what was counted cannot be chance. Of two meters, the fast one sees
 * within seconds what breaks under traffic; the slow one finds out in a minute what a quiet link loses of its few hellos: one of forty is 2.5 %,
 * and says next to nothing.
 */
export class LossEstimate {
  #share = 0;

  /** 0..1 */
  get share(): number {
    return this.#share;
  }

  update(fast: LossReading, slow: LossReading): void {
    const longer = slow.percent / 100;
    if (differs(fast, this.#share)) this.#share = fast.percent / 100;
    // What was lost a minute ago is believed only where the last seconds do not speak against it.
    else if (differs(slow, this.#share) && !differs(fast, longer)) this.#share = longer;
  }
}

/** Frames are lost by a binomial distribution; of the two shares, the one that spreads wider is taken for true. */
function differs({ percent, frames }: LossReading, expected: number): boolean {
  if (frames < LEAST_FRAMES) return false;
  const share = percent / 100;
  const variance = Math.max(share * (1 - share), expected * (1 - expected)) / frames;
  return Math.abs(share - expected) > DEVIATIONS * Math.sqrt(variance);
}
