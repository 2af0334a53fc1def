/** What a node spends on the packet trains of all of its idle links, frames a second, and how many it may have saved up. */
const FRAMES_PER_SECOND = 32;
const MOST_SAVED = 256;

/**
 * A token bucket for the trains of links that carry no data. Each link alone keeps its trains below 1 % of what it carries; but a node that joins gets
 * its links all at once, and hundreds of frames a link, which its control thread has to write or to read one by one, would keep it busy while it has
 * routes to learn. Nobody waits for the bandwidth of a link that carries nothing. Links that carry data are measured regardless.
 */
export class TrainBudget {
  #saved = MOST_SAVED;
  #at = -Infinity;

  /** Whether a train may leave. One may cost more than there is: the next then waits for longer. */
  allows(now: number): boolean {
    const earned = ((now - this.#at) / 1000) * FRAMES_PER_SECOND;
    this.#saved = Math.min(MOST_SAVED, this.#saved + earned);
    this.#at = now;
    return this.#saved > 0;
  }

  spend(frames: number): void {
    this.#saved -= frames;
  }
}
