/** What the shell asks of a worker: rare, so JSON. Each command is answered once, by `done` or `failed`. */
import type { ForwardStage } from '../../ts/data/forward.js';
import type { LoadSink } from '../../ts/data/load-sink.js';
import type { LoadSource } from '../../ts/data/load-source.js';
import type { WorkerCommand, WorkerMessage, WorkerStart } from '../../ts/data/worker-contract.js';
import type { QueueConsumer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import { COMMAND_JSON } from '../../ts/memory/worker-records.js';
import { fail, isFault } from './faults.js';

/** What commands act on. */
export interface Commanded {
  /** Undefined in workers that have no flows. */
  readonly forward: ForwardStage | undefined;
  readonly source: LoadSource;
  readonly sink: LoadSink;
}

export class Commands {
  /** Set by `stop`: the loop ends after this step. */
  stopped = false;
  readonly #start: WorkerStart;
  readonly #commanded: Commanded;
  readonly #tell: (message: WorkerMessage) => void;
  readonly #decoder = new TextDecoder();
  #stopId: number | undefined;

  constructor(start: WorkerStart, commanded: Commanded, tell: (message: WorkerMessage) => void) {
    this.#start = start;
    this.#commanded = commanded;
    this.#tell = tell;
  }

  /** Carries out the command in the ring's current record. */
  take(ring: QueueConsumer): void {
    const json = ring.bytes.slice(ring.offset + COMMAND_JSON, ring.offset + ring.length);
    const command = JSON.parse(this.#decoder.decode(json)) as WorkerCommand;
    if (isFault(command) && this.#start.faults.onCommand) {
      ring.release(); // else the successor of a worker that is ended would meet the command again
      fail(command);
    }
    try {
      this.#carryOut(command);
    } catch (error) {
      const { code, message } = error as Error & { readonly code?: string };
      this.#tell({ type: 'failed', id: command.id, code: code ?? 'ERR_PORTOLAN_COMMAND', message });
    }
  }

  /** Says that `stop` is done. */
  closed(): void {
    if (this.#stopId !== undefined) this.#tell({ type: 'done', id: this.#stopId });
  }

  #carryOut(command: WorkerCommand): void {
    const { forward, source, sink } = this.#commanded;
    const { id } = command;
    switch (command.type) {
      case 'forward':
        return this.#tell({ type: 'done', id, port: theOne(forward).openForward(command.rule) });
      case 'expose':
        theOne(forward).openExpose(command.rule);
        break;
      case 'close':
        if (!theOne(forward).close(command.rule)) throw new Error(`there is no forward or expose ${command.rule}`);
        break;
      case 'unreachable':
        theOne(forward).unreachable(command.flowPort, command.destination, command.destinationPort, command.error);
        break;
      case 'loadSource':
        source.start(command);
        break;
      case 'loadSourceStop':
        source.stop();
        break;
      case 'loadSink':
        sink.start();
        break;
      case 'loadSinkStop':
        break; // the port table says who gets the port's packets; what was measured stays readable
      case 'stop':
        this.#stopId = id;
        this.stopped = true;
        return; // answered when it is done
      default:
        throw new Error('this worker does not fail on command');
    }
    this.#tell({ type: 'done', id });
  }
}

function theOne(forward: ForwardStage | undefined): ForwardStage {
  if (!forward) throw new Error("port forwards are worker 0's");
  return forward;
}
