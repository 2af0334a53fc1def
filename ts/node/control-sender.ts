/**
 * Hands the control plane's frames to the workers. All frames of one link go through one worker's ring, so they leave in their order;
 * any worker can send into any link.
 */
import type { TransportAddress } from '../control/io.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import type { FrameType } from '../wire/link-header.js';
import { ringsFor, type WorkerRings } from './worker-rings.js';

export class ControlSender {
  readonly #rings: readonly WorkerRings[];
  readonly #counters: CounterBlock;

  constructor(rings: readonly WorkerRings[], counters: CounterBlock) {
    this.#rings = rings;
    this.#counters = counters;
  }

  sendLink(link: number, type: FrameType, payload: Uint8Array): void {
    this.#count(this.#of(link).sendLink(link, type, payload));
  }

  sendTo(socket: number, address: TransportAddress, frame: Uint8Array): void {
    this.#count(this.#of(0).sendTo(socket, address, frame));
  }

  sendPacket(frame: Uint8Array): void {
    this.#count(this.#of(0).sendPacket(frame));
  }

  /** Whether everything that was sent into the link has been read by its worker. */
  isIdle(link: number): boolean {
    return this.#of(link).controlIdle;
  }

  #of(link: number): WorkerRings {
    return ringsFor(link, this.#rings);
  }

  /** What found its ring full never reached a worker: it is counted here, started and dropped. */
  #count(taken: boolean): void {
    if (taken) return;
    this.#counters.add(COUNTER.originated, 1);
    this.#counters.add(COUNTER.egressFull, 1);
  }
}
