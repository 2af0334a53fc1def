/**
 * The port forwards and exposes of a node, numbered, as the workers want them. A new life of a worker is started with all of them, its ports
 * as they were bound at first.
 */
import type { ExposeRule, ForwardRule } from '../data/worker-contract.js';
import { type Expose, type Forward, formatUdpUrl } from './addresses.js';
import type { NodeConfig } from './options.js';

export class Rules {
  #forwards: ForwardRule[];
  #exposes: ExposeRule[];
  #lastId: number;

  constructor({ forwards, exposes }: Pick<NodeConfig, 'forwards' | 'exposes'>) {
    this.#forwards = forwards.map((forward: Forward, index) => ({ id: index + 1, ...forward }));
    this.#exposes = exposes.map(({ virtualPort, host, port, from }: Expose, index) => ({
      id: forwards.length + index + 1,
      port: virtualPort,
      host,
      hostPort: port,
      from,
    }));
    this.#lastId = forwards.length + exposes.length;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** A rule that the worker has opened, with the port that it bound. */
  addForward(rule: ForwardRule): void {
    this.#forwards.push(rule);
  }

  addExpose(rule: ExposeRule): void {
    this.#exposes.push(rule);
  }

  /** False when there is none. */
  remove(id: number): boolean {
    const before = this.#forwards.length + this.#exposes.length;
    this.#forwards = this.#forwards.filter((rule) => rule.id !== id);
    this.#exposes = this.#exposes.filter((rule) => rule.id !== id);
    return this.#forwards.length + this.#exposes.length < before;
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
      // One that has its port keeps it: the list may have changed while a worker started.
      if (rule?.port === 0) this.#forwards[index] = { ...rule, port };
    }
  }

  /** Where the forwards listen, as URLs. */
  addresses(): string[] {
    return this.#forwards.map((rule) => formatUdpUrl(rule));
  }
}
