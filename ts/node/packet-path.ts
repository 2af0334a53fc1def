/**
 * Which packet path a node uses, why, and what it opens for it: the native one over descriptors that belong to the process, or its portable
 * twin, whose one worker opens its sockets itself.
 */
import { isIP } from 'node:net';
import type { ListenSocket, Offloads } from '../data/worker-contract.js';
import { formatUdpUrl, type HostPort } from './addresses.js';
import type { PacketPathReport } from './admin.types.js';
import { PortolanError } from './errors.js';
import { openNativePath } from './native-path.js';
import type { NodeConfig } from './options.js';
import type { CommonStart, WorkerResources } from './worker-pool.js';

export interface PacketPath {
  readonly kind: 'native' | 'portable';
  readonly workers: number;
  /** Of the listening addresses, in their order. */
  readonly families: readonly (4 | 6)[];
  readonly common: Omit<CommonStart, 'self' | 'region' | 'load'>;
  readonly resources: Omit<WorkerResources, 'forwards' | 'exposes'>;
  /** The ports that were bound, as the worker says. */
  bound(ports: readonly number[]): void;
  /** Where the node listens, as URLs. */
  addresses(): string[];
  /** Leaves a worker that cannot be ended without its sockets, so that the others get its packets. False: there are no others. */
  isolate(worker: number): boolean;
  report(offloads: Offloads | undefined): PacketPathReport;
  /** Gives back what belongs to the process. */
  close(): void;
}

/** Chooses and opens (hosts are IP addresses by now); throws a PortolanError when an address is taken, or `native` was asked for and does not run here. */
export function openPacketPath(config: NodeConfig): PacketPath {
  const { listen } = config;
  if (config.packetPath === 'portable') return portablePath(config, listen, 'asked for by the option packetPath');
  if (process.env['PORTOLAN_NO_NATIVE'] === '1' && config.packetPath === 'auto')
    return portablePath(config, listen, 'asked for by PORTOLAN_NO_NATIVE=1');
  const native = openNativePath(config, listen);
  if ('path' in native) return native.path;
  if (config.packetPath === 'native')
    throw new PortolanError(
      'NATIVE_UNAVAILABLE',
      `packetPath: the native packet path does not run here: ${native.reason}`,
      {
        option: 'packetPath',
      },
    );
  return portablePath(config, listen, native.reason);
}

function portablePath(config: NodeConfig, listen: readonly HostPort[], reason: string): PacketPath {
  let sockets: ListenSocket[] = listen.map((address) => ({ ...address, fd: -1 }));
  return {
    kind: 'portable',
    workers: 1,
    families: listen.map(familyOf),
    common: {
      packetPath: 'portable',
      shellWakeFd: -1,
      gso: false,
      gro: false,
      faults: { onCommand: config.allowFaults },
    },
    resources: {
      sockets: () => sockets,
      wakeFd: () => -1,
      wakeByFd: () => undefined,
    },
    bound(ports) {
      sockets = sockets.map((socket, index) => ({ ...socket, port: ports[index] ?? socket.port }));
    },
    addresses: () => sockets.map(formatUdpUrl),
    report: () => ({ kind: 'portable', gso: 'off', gro: 'off', reason: `portable: ${reason}` }),
    isolate: () => false,
    close: () => undefined,
  };
}

export const familyOf = ({ host }: HostPort): 4 | 6 => (isIP(host) === 6 ? 6 : 4);
