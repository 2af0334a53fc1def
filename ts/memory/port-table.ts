/**
 * The port table: for each local port of the overlay, who gets its packets, in one byte.
 *
 * Proof. *Who writes*: the control thread, an atomic store a byte; but worker 0 those of port forwards (exposed ports and the ports of flows), which control
 * gives to nobody else. *Who reads*: workers, with plain byte loads: they see the old handler or the
 * new one, and a packet that was already decided goes to the old one, which refuses what it does not know. *Valid*: None to any handler and
 * back. *Forbidden*: one handler to another without None in between: a port has one owner at a time.
 */
import { invariant } from '../kit/assert.js';
import { PORT_TABLE_BYTES, type Region } from './region.js';

export const PortHandler = {
  /** Nobody: the sender is told that the port is unreachable. */
  None: 0,
  /** A socket of the library: packets go to the main thread. */
  Socket: 1,
  /** A port that is forwarded or exposed over plain UDP, in the workers. */
  Forward: 2,
  /** The sink of a load test: packets are measured, in the workers. */
  LoadSink: 3,
} as const;
export type PortHandler = (typeof PortHandler)[keyof typeof PortHandler];

/** The control thread's end. */
export class PortTableWriter {
  readonly #handlers: Uint8Array;

  constructor(region: Region) {
    this.#handlers = portHandlers(region);
  }

  /** Gives a port (0 to 65 535) to a handler, or to nobody. */
  set(port: number, handler: PortHandler): void {
    const before = this.get(port);
    invariant(
      before === handler || before === PortHandler.None || handler === PortHandler.None,
      'a port has one owner',
    );
    Atomics.store(this.#handlers, port, handler);
  }

  get(port: number): PortHandler {
    invariant(Number.isInteger(port) && port >= 0 && port < PORT_TABLE_BYTES, 'a port is an integer from 0 to 65535');
    return this.#handlers[port] as PortHandler;
  }
}

/** The handlers by port, for plain reads in the packet path. */
export function portHandlers(region: Region): Uint8Array {
  return new Uint8Array(region.buffer, region.layout.ports, PORT_TABLE_BYTES);
}
