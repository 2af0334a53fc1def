import type { NodeId } from '../../kit/node-id.js';
import type { PinNews, PinnedPaths } from './pinned-paths.js';

export interface NumberedPinsHost {
  readonly paths: Pick<PinnedPaths, 'pin' | 'unpin'>;
  /** A random number of 64 bits. */
  randomId(): bigint;
  news(number: number, news: PinNews, rttMs: number): void;
}

/** Paths that this node has pinned of its own accord, by the numbers that their owner knows them by. */
export class NumberedPins {
  readonly #host: NumberedPinsHost;
  readonly #ids = new Map<number, bigint>();
  readonly #numbers = new Map<bigint, number>();

  constructor(host: NumberedPinsHost) {
    this.#host = host;
  }

  /** False: the first link of the path is not there. */
  pin(number: number, path: readonly NodeId[], trafficClass: number, now: number): boolean {
    const id = this.#host.randomId();
    if (!this.#host.paths.pin({ id, path, trafficClass }, now)) return false;
    this.#ids.set(number, id);
    this.#numbers.set(id, number);
    return true;
  }

  /** Forgets the path; without effect when it has ended already. */
  unpin(number: number): void {
    const id = this.#ids.get(number);
    if (id === undefined) return;
    this.#drop(number, id);
    this.#host.paths.unpin(id);
  }

  /** What became of a path; false: it is nobody's here. */
  handleNews(id: bigint, news: PinNews, rttMs: number): boolean {
    const number = this.#numbers.get(id);
    if (number === undefined) return false;
    if (news === 'ended') this.#drop(number, id);
    this.#host.news(number, news, rttMs);
    return true;
  }

  #drop(number: number, id: bigint): void {
    this.#ids.delete(number);
    this.#numbers.delete(id);
  }
}
