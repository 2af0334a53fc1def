/**
 * Errors about datagrams of port forwards: the program that has sent them hears what its kernel would tell it if there were no overlay, by ICMP, where the system
 * lets this node send it.
 *
 * ```
 *   portUnreachable        port unreachable                  ECONNREFUSED
 *   prohibited             administratively prohibited       EHOSTUNREACH (IPv4), EACCES (IPv6)
 *   noRoute, ttlExceeded   host unreachable, time exceeded   only to programs that ask for such errors (IP_RECVERR), as ever
 *   tooBig                 nothing: the next datagrams are cut smaller by this node itself
 * ```
 */
import { TokenBuckets } from '../control/token-buckets.js';
import type { ErrorName } from '../wire/error-payload.js';
import type { Headers } from '../wire/frame.js';
import type { CommandBody } from './worker-supervisor.js';

/** Errors a second, and saved up, that one program is told; and flows that are told apart. As kernels limit their own. */
const RATE = 10;
const BURST = 20;
const MAX_FLOWS = 1024;

export class ForwardErrors {
  readonly #flows = new TokenBuckets<number>(RATE, BURST, MAX_FLOWS);
  readonly #command: (body: CommandBody) => Promise<unknown>;
  readonly #onWarning: (message: string) => void;
  readonly #now: () => number;

  /** `command`: to the worker that has the port forwards. */
  constructor(
    command: (body: CommandBody) => Promise<unknown>,
    onWarning: (message: string) => void,
    now: () => number,
  ) {
    this.#command = command;
    this.#onWarning = onWarning;
    this.#now = now;
  }

  /** About a datagram with these headers, whose source port is that of a flow. */
  tell(code: ErrorName, { sourcePort, destination, destinationPort }: Headers): void {
    if (code === 'tooBig' || !this.#flows.take(sourcePort, this.#now())) return;
    this.#command({ type: 'unreachable', flowPort: sourcePort, destination, destinationPort, error: code }).catch(
      ({ message }: Error) => this.#onWarning(message),
    );
  }
}
