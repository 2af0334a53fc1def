/** Opens the port that the shell has chosen: the native one over descriptors of the process, or its portable twin. */
import type { Port } from '../../ts/data/port.js';
import type { Offloads, WorkerMessage, WorkerStart } from '../../ts/data/worker-contract.js';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { NATIVE_SLAB_BYTES, NativeUdpPort } from '../../ts/edge/native/udp-port.js';
import { ListenError, PORTABLE_SLAB_BYTES, PortableUdpPort } from '../../ts/edge/portable/udp-port.js';
import type { Batch } from '../../ts/memory/batch.js';
import type { CounterBlock } from '../../ts/memory/counters.js';
import type { Region } from '../../ts/memory/region.js';
import type { WorkerState } from '../../ts/memory/worker-state.js';

/** How often a port is looked at, ms. */
const LOOK_INTERVAL_MS = 1_000;

export interface OpenedPort {
  readonly port: Port;
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
  return start.packetPath === 'native' ? NATIVE_SLAB_BYTES : PORTABLE_SLAB_BYTES;
}

export function openPort(start: WorkerStart, needs: PortNeeds): OpenedPort {
  return start.packetPath === 'native' ? openNative(start, needs) : openPortable(start, needs);
}

function openPortable({ sockets }: WorkerStart, { tell, ...needs }: PortNeeds): OpenedPort {
  const onWarning = (error: Error) => tell({ type: 'warning', message: error.message });
  try {
    return {
      port: new PortableUdpPort({ ...needs, sockets, onWarning }),
      offloads: () => ({ gso: 'off', gro: 'off', reason: 'the portable packet path has no offloads' }),
      announcesSleep: false,
      watch: () => undefined,
      wake: () => undefined, // there is no other worker
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

function guarded<T>(what: { readonly forward: number }, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new StartProblem(error as Error, what);
  }
}
