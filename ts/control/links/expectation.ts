import { IDLE_INTERVAL } from '../../wire/hello.js';

/** The first look at a link is made so long after packets were led to it, ms; each further one after twice as long. */
const FIRST_LOOK_MS = 10;
/** While routes move to it all the time it is looked at about this often, ms: with many links, looks cost processor time. */
const AGAIN_MS = 40;

/**
 * When to look whether an idle link has begun to carry data. Its own hellos are too far apart for that: a peer that dies meanwhile would be missed
 * only after three idle intervals. So once packets are led to it the table is looked at (which costs no message) after 10, 30, 70, ... ms, until
 * the next hello would have come anyway.
 */
export class DataExpectation {
  /** When to look; Infinity: nothing is expected. */
  next = Infinity;
  #until = -Infinity;
  #wait = FIRST_LOOK_MS;

  begin(now: number): void {
    const isOn = now < this.#until;
    this.#until = now + IDLE_INTERVAL;
    this.#wait = isOn ? AGAIN_MS : FIRST_LOOK_MS;
    this.next = Math.min(this.next, now + this.#wait);
  }

  end(): void {
    this.next = Infinity;
  }

  /** That was one look, and there was nothing. */
  looked(now: number): void {
    this.#wait *= 2;
    this.next = now + this.#wait <= this.#until ? now + this.#wait : Infinity;
  }
}
