/**
 * Sequence numbers that are not as they should be. They never wrap: a number that jumps ahead, by an error or by malice, brings the end of them nearer, and the network
 * cannot take it back. Numbers begin with the unix time of a boot (R19) and rise by requests, so a jump is one to beyond the present. So requests are granted in steps (R14b), what jumps is counted and said, and at the end an origin stops.
 */
import type { Layer, NodeId } from '../../kit/node-id.js';
import type { RouterOutput } from './router.types.js';

/** A rise by more than this is a jump; a request is granted no more at once. */
export const MAX_RISE = 0x1_0000;
/** With fewer numbers left than this, the end is near: some 18 hours of one bump a second. */
export const NEAR_END = 0x1_0000;
/** Jumps are all counted; people hear of one in this time, and of the end as often. */
const TOLD_EVERY_MS = 60_000;

/** A number that jumped ahead: where, by whose word, and from which number to which. */
export interface SeqnoJump {
  readonly layer: Layer;
  readonly byte: number;
  readonly peer: NodeId;
  readonly from: number;
  readonly to: number;
}

export class SeqnoWatch {
  readonly #outputs: RouterOutput[];
  readonly #bootSeconds: number;
  #startedAt: number | undefined;
  #jumpToldAt = Number.NEGATIVE_INFINITY;
  #endToldAt = Number.NEGATIVE_INFINITY;

  constructor(outputs: RouterOutput[], bootSeconds: number) {
    this.#outputs = outputs;
    this.#bootSeconds = bootSeconds;
  }

  /** The first link is up: from here on the clock goes. */
  start(now: number): void {
    this.#startedAt ??= now;
  }

  /** Whether a number that went from one to the other has jumped. Up to the present it may go at once: so it does when a node returns (R19). */
  isJump(from: number, to: number, now: number): boolean {
    const present = this.#bootSeconds + (now - (this.#startedAt ?? now)) / 1000;
    return to - from > MAX_RISE && to > present + MAX_RISE;
  }

  jumped(jump: SeqnoJump, now: number): void {
    const isTold = now - this.#jumpToldAt >= TOLD_EVERY_MS;
    if (isTold) this.#jumpToldAt = now;
    this.#outputs.push({ kind: 'seqnoJump', jump, isTold });
  }

  /** The own zone of this layer has `left` numbers, fewer than {@link NEAR_END}. */
  ending(layer: Layer, left: number, now: number): void {
    if (now - this.#endToldAt < TOLD_EVERY_MS) return;
    this.#endToldAt = now;
    this.#outputs.push({ kind: 'seqnoEnd', layer, left });
  }
}
