/** Where a node listens for TCP. The sockets are the TCP worker's, which binds them anew when it is replaced: to the ports that the first one got. */
import type { ListenSocket } from '../data/worker-contract.js';
import { formatUrl } from './addresses.js';
import type { ListenAddress } from './options.js';

export class TcpListen {
  #addresses: readonly ListenAddress[];

  constructor(listen: readonly ListenAddress[]) {
    this.#addresses = listen.filter(({ scheme }) => scheme === 'tcp');
  }

  get isEmpty(): boolean {
    return this.#addresses.length === 0;
  }

  sockets(): ListenSocket[] {
    return this.#addresses.map(({ host, port }) => ({ host, port, fd: -1 }));
  }

  /** The ports that the worker has bound. */
  bound(ports: readonly number[]): void {
    this.#addresses = this.#addresses.map((address, index) => ({ ...address, port: ports[index] ?? address.port }));
  }

  /** As URLs. */
  addresses(): string[] {
    return this.#addresses.map(formatUrl);
  }

  optionOf(socket: number): string {
    return this.#addresses[socket]?.option ?? 'listen';
  }
}
