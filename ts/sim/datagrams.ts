/** Datagrams under way. Each has a buffer of its own, and both are used again: a run carries hundreds of thousands. */
import { copyBytes } from '../data/copy.js';
import type { NodeId } from '../kit/node-id.js';
import type { Scheme } from './addresses.js';

/** Room in a new buffer: more than a frame of the usual MTU takes. */
const USUAL_BYTES = 1536;

export class Datagram {
  from: NodeId = 0;
  to: NodeId = 0;
  scheme: Scheme = 'udp';
  length = 0;
  bytes = new DataView(new ArrayBuffer(USUAL_BYTES));
  /** What the event queue runs when it arrives: made once, with the datagram. */
  readonly arrive: () => void;

  constructor(onArrival: (datagram: Datagram) => void) {
    this.arrive = () => onArrival(this);
  }

  fill(source: DataView, at: number, length: number): void {
    if (length > this.bytes.byteLength) this.bytes = new DataView(new ArrayBuffer(length));
    copyBytes(source, at, this.bytes, 0, length);
    this.length = length;
  }
}

export class DatagramPool {
  readonly #free: Datagram[] = [];
  readonly #onArrival: (datagram: Datagram) => void;

  /** `onArrival`: takes a datagram that arrives, and gives it back when it has been dealt with. */
  constructor(onArrival: (datagram: Datagram) => void) {
    this.#onArrival = onArrival;
  }

  take(): Datagram {
    return this.#free.pop() ?? new Datagram(this.#onArrival);
  }

  giveBack(datagram: Datagram): void {
    this.#free.push(datagram);
  }
}
