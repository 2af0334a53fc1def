/**
 * The port forwards and exposes of a node, numbered, as the workers want them. A new life of a worker is started with all of them, its ports
 * as they were bound at first.
 */
import type { ExposeRule, ForwardRule } from '../data/worker-contract.js';
import { type Expose, type Forward, formatUdpUrl } from './addresses.js';
import type { NodeConfig } from './options.js';

export class Rules {
  readonly #forwards: ForwardRule[];
  readonly #exposes: ExposeRule[];

  constructor({ forwards, exposes }: Pick<NodeConfig, 'forwards' | 'exposes'>) {
    this.#forwards = forwards.map((forward: Forward, index) => ({ id: index + 1, ...forward }));
    this.#exposes = exposes.map(({ virtualPort, host, port }: Expose, index) => ({
      id: forwards.length + index + 1,
      port: virtualPort,
      host,
      hostPort: port,
    }));
  }

  forwards(): readonly ForwardRule[] {
    return this.#forwards;
  }

  exposes(): readonly ExposeRule[] {
    return this.#exposes;
  }

  /** The ports that the worker has bound for the forwards, in their order. */
  bound(ports: readonly number[]): void {
    for (const [index, port] of ports.entries()) {
      const rule = this.#forwards[index];
      if (rule !== undefined) this.#forwards[index] = { ...rule, port };
    }
  }

  /** Where the forwards listen, as URLs. */
  addresses(): string[] {
    return this.#forwards.map((rule) => formatUdpUrl(rule));
  }
}
