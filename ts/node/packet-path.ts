/**
 * Which packet path a node uses, why, and what it opens for it: the native one over descriptors that belong to the process, or its portable
 * twin, whose one worker opens its sockets itself.
 */
import type { ListenSocket, Offloads } from '../data/worker-contract.js';
import { formatUdpUrl } from './addresses.js';
import type { PacketPathReport } from './admin.types.js';
import { type LocalSocket, localSocket, withMembers } from './bound-addresses.js';
import { PortolanError } from './errors.js';
import { openNativePath } from './native-path.js';
import type { ListenAddress, NodeConfig } from './options.js';
import type { CommonStart, WorkerResources } from './worker-pool.js';

export interface PacketPath {
  readonly kind: 'native' | 'portable';
  readonly workers: number;
  /** What links are dialed from: the listening addresses in their order, then the sockets of members of bundles. */
  readonly sockets: readonly LocalSocket[];
  /** The listening addresses for UDP, in their order. */
  readonly listen: readonly ListenAddress[];
  readonly common: Omit<CommonStart, 'self' | 'region' | 'load'>;
  readonly resources: Pick<WorkerResources, 'sockets' | 'wakeFd' | 'wakeByFd'>;
  /** The ports that were bound, as the worker says. */
  bound(ports: readonly number[]): void;
  /** Where the node listens for UDP, as URLs. */
  addresses(): string[];
  /** Leaves a worker that cannot be ended without its sockets, so that the others get its packets. False: there are no others. */
  isolate(worker: number): boolean;
  report(offloads: Offloads | undefined): PacketPathReport;
  /** Gives back what belongs to the process. */
  close(): void;
}

/** Chooses and opens (hosts are IP addresses by now); throws a PortolanError when an address is taken, or `native` was asked for and does not run here. */
export function openPacketPath(config: NodeConfig): PacketPath {
  const listen = config.listen.filter(({ scheme }) => scheme === 'udp');
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

function portablePath(config: NodeConfig, listen: readonly ListenAddress[], reason: string): PacketPath {
  const all = withMembers(listen, config.linksPerPeer);
  let sockets: ListenSocket[] = all.map(({ host, port }) => ({ host, port, fd: -1 }));
  return {
    kind: 'portable',
    workers: 1,
    listen,
    sockets: all.map(localSocket),
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
    addresses: () => sockets.slice(0, listen.length).map(formatUdpUrl),
    report: () => ({ kind: 'portable', gso: 'off', gro: 'off', reason: `portable: ${reason}` }),
    isolate: () => false,
    close: () => undefined,
  };
}
