/**
 * What the shell (ts/node) and a worker (workers/forwarder.ts) agree on: what a worker is started with, and the records of the four
 * rings between the two, and of the one by which workers hand over to each other (handover.ts). Control and data never share a ring.
 *
 * ```
 *                    toWorker.control  --------->
 *   main thread      toWorker.data     --------->    worker n          all rings: one producer, one consumer, and they outlive
 *   (ControlNode)    toShell.control   <---------    (forwarder)       the worker: its successor goes on where it stopped
 *                    toShell.data      <---------
 *   other workers    handover[n]       --------->    worker n          many producers, one consumer
 * ```
 *
 * Their records are drawn in ts/memory/worker-records.ts.
 *
 * SendLink, SendTo, SendPacket and Command travel in `toWorker.control`, and SendPacket of applications in `toWorker.data`; Punt in
 * `toShell.control`, Deliver in `toShell.data`. What happens rarely (ready, an answer to a command, an error) is posted as a
 * {@link WorkerMessage} over the worker's own message port.
 */
import type { EmulationRule } from '../kit/emulation.js';
import type { IdPattern } from '../kit/id-pattern.js';
import type { NodeId } from '../kit/node-id.js';
import type { PortKind } from '../memory/link-table.js';
import type { ErrorName } from '../wire/error-payload.js';

export * from '../memory/worker-records.js';

/** A listening address of the node: its place in the list is the `socket` of link entries and addresses. */
export interface ListenSocket {
  readonly host: string;
  /** Never 0 in a {@link WorkerStart} of the native path; 0 lets the portable worker choose, which it then says in `ready`. */
  readonly port: number;
  /** Native path: the worker's own descriptor (SO_REUSEPORT group), owned by the process. Portable path: -1, the worker opens it. */
  readonly fd: number;
}

/** UDP that enters the overlay here: what comes to `host:port` goes to `destination:destinationPort`, answers go back. */
export interface ForwardRule {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly destination: NodeId;
  readonly destinationPort: number;
  /** Of its packets; answers come in the same. */
  readonly trafficClass: number;
}

/** UDP that leaves the overlay here: packets to the virtual `port` go to `host:hostPort`, answers go back. */
export interface ExposeRule {
  readonly id: number;
  readonly port: number;
  readonly host: string;
  readonly hostPort: number;
  /** Which nodes' packets go there; undefined: every node's. */
  readonly from?: readonly IdPattern[] | undefined;
}

/** A network that is worse than the real one, for what leaves. */
export interface EmulationStart {
  readonly rules: readonly EmulationRule[];
  /** Shared by all workers (ts/memory/emulated-wires.ts). */
  readonly wires: SharedArrayBuffer;
  /** Of the random numbers; each worker adds its own number. */
  readonly seed: number;
}

/** The incoming ring of a worker. */
export interface HandoverRing {
  /** For many producers. */
  readonly ring: SharedArrayBuffer;
  /** The eventfd that wakes the worker; -1: it waits for its ring on its event loop. */
  readonly wakeFd: number;
}

/** The `workerData` of a thread: what it loads before it is told which worker it is. */
export interface ThreadData {
  readonly packetPath: 'native' | 'portable';
}

/** The first message to a thread: which worker it is. */
export interface WorkerStart {
  /** 0 .. workers - 1. */
  readonly worker: number;
  readonly self: NodeId;
  readonly packetPath: 'native' | 'portable';
  /** What carries the links that this worker hears and sends. */
  readonly portKind: PortKind;
  /** Attach with `attachRegion`. */
  readonly region: SharedArrayBuffer;
  /** The worker's batch (ts/memory/batch.ts); outlives it, so that its successor can count what was in hand. */
  readonly batch: SharedArrayBuffer;
  /** The two ends of the rings, as made by the queue of ts/memory. */
  readonly toWorker: { readonly control: SharedArrayBuffer; readonly data: SharedArrayBuffer };
  readonly toShell: { readonly control: SharedArrayBuffer; readonly data: SharedArrayBuffer };
  /** By which all workers hand over to each other: of each its incoming ring. The last worker is the one that sends TCP links. */
  readonly handover?: readonly HandoverRing[];
  /** How much of what sockets have sent waits for each paced wire (ts/memory/wire-backlogs.ts). */
  readonly backlogs?: SharedArrayBuffer;
  /** Where own packets go (ts/memory/flow-counts.ts). */
  readonly flows?: SharedArrayBuffer;
  /** What load sources and sinks measure, a block a worker (ts/memory/load-stats.ts). */
  readonly load: SharedArrayBuffer;
  readonly sockets: readonly ListenSocket[];
  /** Native path: the eventfd that wakes this worker, and the one (or -1) that wakes the main thread. */
  readonly wakeFd: number;
  readonly shellWakeFd: number;
  readonly gso: boolean;
  readonly gro: boolean;
  readonly forwards: readonly ForwardRule[];
  readonly exposes: readonly ExposeRule[];
  /** A network that is worse than the real one, if one is emulated. */
  readonly emulation?: EmulationStart;
  /** Switches that only tests turn on. */
  readonly faults: { readonly onCommand: boolean };
}

/** Shell to worker, as JSON in a Command record. Answered by a `done` or `failed` with the same `id`. */
export type WorkerCommand =
  | { readonly type: 'forward'; readonly id: number; readonly rule: ForwardRule }
  | { readonly type: 'expose'; readonly id: number; readonly rule: ExposeRule }
  /** Closes a forward or an expose. */
  | { readonly type: 'close'; readonly id: number; readonly rule: number }
  /**
   * Sends packets of `size` bytes of payload (see ts/memory/load-stats.ts for the range) to `destination:port` from `flows` source ports (1..1024), `rate` a second (0: as fast as
   * it goes), for `seconds` (0: until `loadSourceStop`). Replaces the one that ran. What it sent stands in the load statistics.
   */
  | {
      readonly type: 'loadSource';
      readonly id: number;
      readonly destination: NodeId;
      readonly port: number;
      readonly size: number;
      readonly rate: number;
      readonly flows: number;
      readonly seconds: number;
      /** Sends echo requests from this port instead: replies come to the sink at that port here, which so measures round trips. */
      readonly echoPort?: number;
    }
  /** An error is about a datagram to `destination:destinationPort`, where the flow with this virtual port goes. */
  | {
      readonly type: 'unreachable';
      readonly id: number;
      readonly flowPort: number;
      readonly destination: NodeId;
      readonly destinationPort: number;
      readonly error: ErrorName;
    }
  | { readonly type: 'loadSourceStop'; readonly id: number }
  /** Starts to measure what comes to `port` (whose handler in the port table is the sink), from zero. Goes to every worker. */
  | { readonly type: 'loadSink'; readonly id: number; readonly port: number }
  | { readonly type: 'loadSinkStop'; readonly id: number }
  /** Flushes what is queued, closes what the worker opened, ends the thread with exit code 0. */
  | { readonly type: 'stop'; readonly id: number }
  | FaultCommand;

/** What only tests ask for; refused unless `faults.onCommand`. Throws, turns for ever, reads `file` (a pipe blocks it), or fills its heap. */
export type FaultCommand =
  | { readonly type: 'crash' | 'hang' | 'exhaust'; readonly id: number }
  | { readonly type: 'block'; readonly id: number; readonly file: string };

/** Worker to shell, by `postMessage`. */
export type WorkerMessage =
  /** The thread has loaded its code, and would become a worker at once. */
  | { readonly type: 'loaded' }
  /** The worker receives from now on. `ports` are the bound ports of `sockets`, and of `forwards`, in their order. */
  | {
      readonly type: 'ready';
      readonly ports: readonly number[];
      readonly forwardPorts: readonly number[];
      readonly offloads: Offloads;
    }
  | { readonly type: 'done'; readonly id: number; readonly port?: number }
  | { readonly type: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  /** Could not start: the shell decides whether to try again. `socket` or `forward`: index of what could not be opened. */
  | {
      readonly type: 'startFailed';
      readonly code: string;
      readonly message: string;
      readonly socket?: number;
      readonly forward?: number;
    }
  /** An offload was lost, or another thing that people want to know, at most a few a second. */
  | { readonly type: 'offloads'; readonly offloads: Offloads }
  | { readonly type: 'warning'; readonly message: string }
  /** Its last words: it has thrown, and touches nothing that is shared any more. The thread ends soon. */
  | { readonly type: 'crashed'; readonly message: string }
  /** There are records in a `toShell` ring and the main thread had said that it sleeps (portable path). */
  | { readonly type: 'wake' };

/** Whether an offload is in use: `off` by choice, by probe or by platform, `lost` at run time. */
export type OffloadState = 'on' | 'off' | 'lost';

export interface Offloads {
  readonly gso: OffloadState;
  readonly gro: OffloadState;
  /** Why one of them is not on, for people; empty when both are. */
  readonly reason: string;
}
