/** Opens the port that the shell has chosen: the one for TCP; or for UDP the native one over descriptors of the process, or its portable twin. */
import type { Port } from '../../ts/data/port.js';
import type { Offloads, WorkerMessage, WorkerStart } from '../../ts/data/worker-contract.js';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { NATIVE_SLAB_BYTES, NativeUdpPort } from '../../ts/edge/native/udp-port.js';
import { ListenError, PORTABLE_SLAB_BYTES, PortableUdpPort } from '../../ts/edge/portable/udp-port.js';
import { TCP_SLAB_BYTES, TcpPort } from '../../ts/edge/tcp/tcp-port.js';
import type { Batch } from '../../ts/memory/batch.js';
import type { CounterBlock } from '../../ts/memory/counters.js';
import { PortKind } from '../../ts/memory/link-table.js';
import type { Region } from '../../ts/memory/region.js';
import type { WorkerState } from '../../ts/memory/worker-state.js';

/** How often a port is looked at, ms. */
const LOOK_INTERVAL_MS = 1_000;

export interface OpenedPort {
  readonly port: Port;
  /** Resolves when the port receives, if that takes more than opening it; rejects with a StartProblem. */
  readonly opened?: Promise<void>;
  offloads(): Offloads;
  /** Whether the port's `receive` itself announces a sleep to those who write into the worker's rings, and ends it when they do. */
  readonly announcesSleep: boolean;
  /** Once a second: writes down how much of its memory is free, and tells the shell when an offload has changed. */
  watch(now: number): void;
  /** Writes to another worker's eventfd. */
  wake(fd: number): void;
  /** Calls `open`; what it throws becomes a StartProblem about `what`. */
  guarded<T>(what: { readonly forward: number }, open: () => T): T;
}

export interface PortNeeds {
  readonly region: Region;
  readonly batch: Batch;
  readonly counters: CounterBlock;
  readonly onWork: (full: boolean) => void;
  readonly tell: (message: WorkerMessage) => void;
  readonly state: WorkerState;
}

/** What kept the worker from starting, for the shell. */
export class StartProblem extends Error {
  readonly problem: WorkerMessage;

  constructor(
    cause: Error & { readonly code?: string },
    what: { readonly socket?: number; readonly forward?: number },
  ) {
    super(cause.message, { cause });
    this.problem = { type: 'startFailed', code: cause.code ?? 'EUNKNOWN', message: cause.message, ...what };
  }
}

export function slabBytes(start: WorkerStart): number {
  if (start.portKind === PortKind.Tcp) return TCP_SLAB_BYTES;
  return start.packetPath === 'native' ? NATIVE_SLAB_BYTES : PORTABLE_SLAB_BYTES;
}

export function openPort(start: WorkerStart, needs: PortNeeds): OpenedPort {
  if (start.portKind === PortKind.Tcp) return openTcp(start, needs);
  return start.packetPath === 'native' ? openNative(start, needs) : openPortable(start, needs);
}

/** Whether the worker sleeps inside its port, and not on its event loop. */
export function sleepsInPort({ packetPath, portKind }: WorkerStart): boolean {
  return packetPath === 'native' && portKind === PortKind.Udp;
}

function openTcp({ sockets, packetPath }: WorkerStart, { tell, ...needs }: PortNeeds): OpenedPort {
  const port = new TcpPort({ ...needs, sockets, onWarning: warn(tell) });
  const { addon } = packetPath === 'native' ? loadAddon() : {};
  return {
    port,
    opened: port.opened.catch((error: unknown) => {
      port.close();
      throw error instanceof ListenError ? new StartProblem(error, { socket: error.socket }) : error;
    }),
    offloads: () => ({ gso: 'off', gro: 'off', reason: 'TCP has offloads of its own' }),
    announcesSleep: false,
    watch: () => undefined,
    wake: (fd) => addon?.signalEvent(fd),
    guarded,
  };
}

function openPortable({ sockets }: WorkerStart, { tell, ...needs }: PortNeeds): OpenedPort {
  try {
    return {
      port: new PortableUdpPort({ ...needs, sockets, onWarning: warn(tell) }),
      offloads: () => ({ gso: 'off', gro: 'off', reason: 'the portable packet path has no offloads' }),
      announcesSleep: false,
      watch: () => undefined,
      wake: () => undefined, // all workers of this path wait for their rings
      guarded,
    };
  } catch (error) {
    if (error instanceof ListenError) throw new StartProblem(error, { socket: error.socket });
    throw error;
  }
}

function openNative(start: WorkerStart, { region, batch, tell, state }: PortNeeds): OpenedPort {
  const { addon, reason } = loadAddon();
  if (!addon) throw new StartProblem(Object.assign(new Error(reason), { code: 'ERR_PORTOLAN_NATIVE' }), {});
  const inbox = start.handover?.[start.worker]?.ring;
  const rings = [start.toWorker.control, ...(inbox ? [inbox] : []), start.toWorker.data];
  const port = new NativeUdpPort({ ...start, addon, region, batch, rings });
  let known = JSON.stringify(port.offloads());
  let lookedAt = 0;
  return {
    port,
    offloads: () => port.offloads(),
    announcesSleep: true,
    watch(now) {
      if (now - lookedAt < LOOK_INTERVAL_MS) return;
      lookedAt = now;
      const { all, free } = port.blocks;
      state.setBlocks(all, free);
      const offloads = port.offloads();
      if (JSON.stringify(offloads) === known) return;
      known = JSON.stringify(offloads);
      tell({ type: 'offloads', offloads });
    },
    wake: (fd) => addon.signalEvent(fd),
    guarded,
  };
}

const warn = (tell: PortNeeds['tell']) => (error: Error) => tell({ type: 'warning', message: error.message });

function guarded<T>(what: { readonly forward: number }, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new StartProblem(error as Error, what);
  }
}
