/**
 * The load tester of a node: its sources and sinks run in the workers, this starts and stops them and reads what they measure.
 */
import { LOAD_MAX_BYTES, LOAD_MIN_BYTES, readLoadSink, readLoadSource } from '../memory/load-stats.js';
import { PortHandler, type PortTableWriter } from '../memory/port-table.js';
import { parseId, parsePort } from './addresses.js';
import type { AdminLoad } from './admin/admin-node.js';
import type { LoadSinkReport, LoadSinkRequest, LoadSourceReport, LoadSourceRequest } from './admin.types.js';
import type { DatagramSocket } from './datagram-socket.js';
import { within } from './ping.js';
import type { VirtualPorts } from './virtual-ports.js';
import type { WorkerPool } from './worker-pool.js';

/** The owner of a port whose packets are measured. */
export const SINK = 'sink';

/** The worker that the source runs in: one fills a link, and its packets stay in their order. */
const SOURCE_WORKER = 0;

export interface LoadParts {
  readonly pool: WorkerPool;
  readonly handlers: PortTableWriter;
  readonly ports: VirtualPorts<DatagramSocket | string>;
  readonly stats: SharedArrayBuffer;
}

export class NodeLoad implements AdminLoad {
  readonly #parts: LoadParts;
  #sinkPort = 0;

  constructor(parts: LoadParts) {
    this.#parts = parts;
  }

  /** Starts to send; replaces the source that ran. */
  async startSource(request: LoadSourceRequest): Promise<LoadSourceReport> {
    await this.#parts.pool.commandTo(SOURCE_WORKER, {
      type: 'loadSource',
      destination: parseId(request.destination, 'destination'),
      port: parsePort(request.port, 'port'),
      size: within(request.size, 'size', LOAD_MIN_BYTES, LOAD_MAX_BYTES, true),
      rate: within(request.rate, 'rate', 0, 1e9),
      flows: within(request.flows ?? 1, 'flows', 1, 1024, true),
      seconds: within(request.seconds ?? 0, 'seconds', 0, 86_400),
      ...(request.echo === true ? { echoPort: parsePort(request.sourcePort, 'sourcePort') } : {}),
    });
    return this.source();
  }

  source(): LoadSourceReport {
    return readLoadSource(this.#parts.stats);
  }

  async stopSource(): Promise<LoadSourceReport> {
    await this.#parts.pool.commandTo(SOURCE_WORKER, { type: 'loadSourceStop' });
    return this.source();
  }

  /** Starts to measure what comes to a port, from zero; replaces the sink that ran. */
  async startSink(request: LoadSinkRequest): Promise<LoadSinkReport> {
    const port = parsePort(request.port, 'port');
    await this.stopSink();
    const { ports, pool, handlers } = this.#parts;
    ports.reserve(port, SINK);
    await pool.commandAll({ type: 'loadSink', port });
    handlers.set(port, PortHandler.LoadSink);
    this.#sinkPort = port;
    return this.sink();
  }

  sink(): LoadSinkReport {
    return readLoadSink(this.#parts.stats);
  }

  async stopSink(): Promise<LoadSinkReport> {
    if (this.#sinkPort !== 0) {
      this.#parts.ports.release(this.#sinkPort);
      this.#sinkPort = 0;
      await this.#parts.pool.commandAll({ type: 'loadSinkStop' });
    }
    return this.sink();
  }
}
