/**
 * Who owns which virtual port of this node, on the main thread. What workers must know of it (does anybody listen, and who handles it)
 * stands in the port table of the region; this is the rest.
 */
import { invalidOption, PortolanError } from './errors.js';

/** The ports that `bind()` without a number chooses from: IANA's dynamic ones, but for those behind, which the flows of port forwards have. */
const FIRST_DYNAMIC = 49_152;
const LAST_DYNAMIC = 57_343;
export const LAST_PORT = LAST_DYNAMIC;

/** Tells workers whether a port's packets are for the main thread. */
export type PortMarker = (port: number, bound: boolean) => void;

export class VirtualPorts<Owner> {
  readonly #owners = new Map<number, Owner>();
  readonly #mark: PortMarker;
  #next = FIRST_DYNAMIC;

  constructor(mark: PortMarker) {
    this.#mark = mark;
  }

  /** Gives `port` (0: a free one) to the owner that `make` returns. */
  claim<T extends Owner>(port: number, make: (port: number) => T): T {
    const chosen = port === 0 ? this.#free() : port;
    this.#check(chosen);
    const owner = make(chosen);
    this.#owners.set(chosen, owner);
    this.#mark(chosen, true);
    return owner;
  }

  /** Keeps a port that workers handle (an expose) from being bound. */
  reserve(port: number, owner: Owner): void {
    this.#check(port);
    this.#owners.set(port, owner);
  }

  release(port: number): void {
    if (this.#owners.delete(port)) this.#mark(port, false);
  }

  owner(port: number): Owner | undefined {
    return this.#owners.get(port);
  }

  owners(): Iterable<Owner> {
    return this.#owners.values();
  }

  #check(port: number): void {
    if (port > LAST_PORT) throw invalidOption('port', `a port up to ${LAST_PORT}: those behind are for flows`, port);
    if (this.#owners.has(port)) throw new PortolanError('PORT_IN_USE', `port ${port} is bound already`);
  }

  #free(): number {
    for (let tries = FIRST_DYNAMIC; tries <= LAST_DYNAMIC; tries++) {
      const port = this.#next;
      this.#next = port === LAST_DYNAMIC ? FIRST_DYNAMIC : port + 1;
      if (!this.#owners.has(port)) return port;
    }
    throw new PortolanError('NO_FREE_PORT', `all ports from ${FIRST_DYNAMIC} to ${LAST_DYNAMIC} are bound`);
  }
}
