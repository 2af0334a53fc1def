/**
 * Hands the control plane's frames to the workers that send them: those for UDP, of which each can send into any UDP link, or the one for TCP.
 * All frames of one link go through one worker's ring, so they leave in their order.
 */
import type { TransportAddress } from '../control/io.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { type LinkTableWriter, PortKind } from '../memory/link-table.js';
import type { FrameType } from '../wire/link-header.js';
import type { WorkerPool } from './worker-pool.js';
import { ringsFor, type WorkerRings } from './worker-rings.js';

export class ControlSender {
  readonly #udp: readonly WorkerRings[];
  readonly #tcp: WorkerRings;
  readonly #table: LinkTableWriter;
  readonly #counters: CounterBlock;

  constructor(
    { rings, tcpRings }: Pick<WorkerPool, 'rings' | 'tcpRings'>,
    table: LinkTableWriter,
    counters: CounterBlock,
  ) {
    this.#udp = rings;
    this.#tcp = tcpRings;
    this.#table = table;
    this.#counters = counters;
  }

  sendLink(link: number, type: FrameType, payload: Uint8Array): void {
    this.#count(this.#of(link).sendLink(link, type, payload));
  }

  sendTo(socket: number, address: TransportAddress, frame: Uint8Array): void {
    const rings = address.scheme === 'tcp' ? this.#tcp : this.#first;
    this.#count(rings.sendTo(socket, address, frame));
  }

  sendPacket(frame: Uint8Array): void {
    this.#count(this.#first.sendPacket(frame));
  }

  /** Whether everything that was sent into the link has been read by its worker. */
  isIdle(link: number): boolean {
    return this.#of(link).controlIdle;
  }

  #of(link: number): WorkerRings {
    return this.#table.portKind(link) === PortKind.Tcp ? this.#tcp : ringsFor(link, this.#udp);
  }

  get #first(): WorkerRings {
    return ringsFor(0, this.#udp);
  }

  /** What found its ring full never reached a worker: it is counted here, started and dropped. */
  #count(taken: boolean): void {
    if (taken) return;
    this.#counters.add(COUNTER.originated, 1);
    this.#counters.add(COUNTER.egressFull, 1);
  }
}
