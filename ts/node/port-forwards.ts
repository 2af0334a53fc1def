/** Port forwards that are opened and closed while the node runs; those of the options are open from the start. */
import { PortHandler, type PortTableWriter } from '../memory/port-table.js';
import { formatUdpUrl, parseExpose, parseForward } from './addresses.js';
import type { DatagramSocket } from './datagram-socket.js';
import { PortolanError } from './errors.js';
import { resolveHost } from './resolve-hosts.js';
import type { Rules } from './rules.js';
import type { VirtualPorts } from './virtual-ports.js';
import type { CommandBody } from './worker-supervisor.js';

/** The owner of a port that is exposed. */
export const EXPOSED = 'exposed';

/** A forward or an expose that is open. */
export interface PortForward extends AsyncDisposable {
  /** Of a forward: where it listens, as in `udp://127.0.0.1:5000`, with the port that the system chose. Of an expose: the server behind it. */
  readonly address: string;
  /** Ends it and its flows. The second call does nothing. */
  close(): Promise<void>;
}

export interface PortForwardsParts {
  readonly rules: Rules;
  readonly ports: VirtualPorts<DatagramSocket | string>;
  readonly handlers: PortTableWriter;
  /** To the worker that has the port forwards. */
  readonly command: (body: CommandBody) => Promise<number | undefined>;
}

export class PortForwards {
  readonly #parts: PortForwardsParts;

  constructor(parts: PortForwardsParts) {
    this.#parts = parts;
  }

  /** Opens `udp://127.0.0.1:5000=1.1.1.3:6000`. */
  async forward(text: string): Promise<PortForward> {
    const { rules } = this.#parts;
    const { host, ...rest } = parseForward(text, 'forward');
    const rule = { id: rules.nextId(), ...rest, host: await resolveHost(host, 'forward') };
    const port = await this.#open({ type: 'forward', rule }, 'forward');
    const bound = { ...rule, port: port ?? rule.port };
    rules.addForward(bound);
    return this.#opened(rule.id, formatUdpUrl(bound));
  }

  /** Opens `6000=udp://127.0.0.1:9000`. */
  async expose(text: string): Promise<PortForward> {
    const { rules, ports, handlers } = this.#parts;
    const { virtualPort, host: name, port: hostPort, from } = parseExpose(text, 'expose');
    const host = await resolveHost(name, 'expose');
    const rule = { id: rules.nextId(), port: virtualPort, host, hostPort, from };
    ports.reserve(virtualPort, EXPOSED);
    try {
      await this.#open({ type: 'expose', rule }, 'expose');
    } catch (error) {
      ports.release(virtualPort);
      throw error;
    }
    handlers.set(virtualPort, PortHandler.Forward);
    rules.addExpose(rule);
    return this.#opened(rule.id, formatUdpUrl({ host, port: hostPort }), () => ports.release(virtualPort));
  }

  async #open(body: CommandBody, option: string): Promise<number | undefined> {
    try {
      return await this.#parts.command(body);
    } catch (error) {
      if (!(error instanceof PortolanError) || error.code === 'WORKER_FAILED' || error.code === 'CLOSED') throw error;
      throw new PortolanError(error.code, `${option}: ${error.message}`, { option, cause: error });
    }
  }

  #opened(id: number, address: string, release: () => void = () => undefined): PortForward {
    const { rules, command } = this.#parts;
    let closing: Promise<void> | undefined;
    const close = async () => {
      if (!rules.remove(id)) return;
      // What belongs to a worker that has crashed meanwhile is closed, and its successor is not told of it.
      await command({ type: 'close', rule: id }).catch(() => undefined);
      release();
    };
    return {
      address,
      close: () => (closing ??= close()),
      [Symbol.asyncDispose]: () => (closing ??= close()),
    };
  }
}
