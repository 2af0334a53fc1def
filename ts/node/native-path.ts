/**
 * The native packet path: opens the node's sockets (one a worker and address, SO_REUSEPORT) and the eventfds that wake its workers. They
 * belong to the process and outlive every worker.
 */
import type { ListenSocket, OffloadState } from '../data/worker-contract.js';
import { loadAddon } from '../edge/native/addon.js';
import type { NativeAddon, NativeUdpSocket, Offload } from '../edge/native/addon.types.js';
import { formatUdpUrl } from './addresses.js';
import { type BoundAddress, localSocket, withMembers } from './bound-addresses.js';
import type { ListenAddress, NodeConfig } from './options.js';
import type { PacketPath } from './packet-path.js';
import { startError } from './start-error.js';

/** Asked of the kernel, which may give less: some milliseconds at full rate. */
const SOCKET_BUFFER_BYTES = 4 << 20;

/** Opens it, or says why it does not run here. Throws a PortolanError when an address is taken. */
export function openNativePath(
  config: NodeConfig,
  listen: readonly ListenAddress[],
): { readonly path: PacketPath } | { readonly reason: string } {
  const { addon, reason } = loadAddon();
  return addon === undefined ? { reason } : { path: new NativePath(addon, config, listen) };
}

class NativePath implements PacketPath {
  readonly kind = 'native';
  readonly workers: number;
  readonly listen: readonly ListenAddress[];
  readonly sockets: PacketPath['sockets'];
  readonly #bound: readonly BoundAddress[];
  readonly common: PacketPath['common'];
  readonly resources: PacketPath['resources'];
  readonly #addon: NativeAddon;
  /** By worker, then by listening address. */
  readonly #sockets: NativeUdpSocket[][] = [];
  readonly #events: number[] = [];
  /** Workers whose sockets' numbers are taken, but without the sockets behind them. */
  readonly #isolated = new Set<number>();
  #steering: Offload = { on: false, reason: '' };
  readonly #listening: number;
  readonly #gso: Wish;
  readonly #gro: Wish;

  constructor(addon: NativeAddon, config: NodeConfig, listen: readonly ListenAddress[]) {
    this.#addon = addon;
    this.workers = config.workers;
    this.listen = listen;
    this.#bound = withMembers(listen, config.linksPerPeer);
    this.sockets = this.#bound.map(localSocket);
    this.#listening = listen.length;
    this.#gso = wish(config.gso, 'gso', 'PORTOLAN_NO_GSO');
    this.#gro = wish(config.gro, 'gro', 'PORTOLAN_NO_GRO');
    try {
      this.#open(this.#bound);
      this.#steer();
    } catch (error) {
      this.close();
      throw error;
    }
    this.common = {
      packetPath: 'native',
      shellWakeFd: -1, // the main thread sleeps on its rings by Atomics.waitAsync
      gso: this.#probed('gso').state === 'on',
      gro: this.#probed('gro').state === 'on',
      faults: { onCommand: config.allowFaults },
    };
    this.resources = {
      sockets: (worker): ListenSocket[] => {
        if (this.#isolated.delete(worker)) this.#reopen(worker);
        return (this.#sockets[worker] ?? []).map(({ fd, host, port }) => ({ fd, host, port }));
      },
      wakeFd: (worker) => this.#events[worker] ?? -1,
      wakeByFd: (fd) => addon.signalEvent(fd),
    };
  }

  /** The ports are known from the start. */
  bound(): void {}

  addresses(): string[] {
    return (this.#sockets[0] ?? []).slice(0, this.#listening).map(formatUdpUrl);
  }

  report(offloads: Parameters<PacketPath['report']>[0]): ReturnType<PacketPath['report']> {
    const gso = this.#state('gso', offloads?.gso);
    const gro = this.#state('gro', offloads?.gro);
    const reasons = [gso.reason, gro.reason, offloads?.reason, this.#steeringReason()].filter(
      (reason) => reason !== undefined && reason !== '',
    );
    const reason = ['native: the addon runs here', ...new Set(reasons)].join('; ');
    return { kind: 'native', gso: gso.state, gro: gro.state, reason };
  }

  isolate(worker: number): boolean {
    if (this.workers === 1 || worker >= this.workers) return false;
    for (const { fd } of this.#sockets[worker] ?? []) this.#addon.detachSocket(fd);
    this.#isolated.add(worker);
    this.#steer();
    return true;
  }

  /** The worker has ended at last: its successor joins the others again. */
  #reopen(worker: number): void {
    this.#sockets[worker] = (this.#sockets[worker] ?? []).map(({ fd, port }, index) => {
      this.#addon.closeSocket(fd);
      return this.#openSocket(this.#bound[index] as BoundAddress, port, true);
    });
    this.#steer();
  }

  /**
   * Spreads links over the sockets that share a port by their numbers. A socket that leaves its group changes the places of the
   * others (the last takes its place); it does not matter which worker receives which link.
   */
  #steer(): void {
    if (this.workers === 1) return;
    if (process.env['PORTOLAN_NO_STEERING'] === '1') {
      this.#steering = { on: false, reason: 'switched off by PORTOLAN_NO_STEERING=1' };
      return;
    }
    const members = this.#sockets.filter((_, worker) => !this.#isolated.has(worker));
    for (const { fd } of members[0] ?? []) this.#steering = this.#addon.steerByLink(fd, members.length);
  }

  #steeringReason(): string {
    if (this.workers === 1 || this.#steering.on || this.#isolated.size > 0) return '';
    return `links are spread over the workers by the kernel's hash: ${this.#steering.reason}`;
  }

  close(): void {
    for (const { fd } of this.#sockets.flat()) this.#addon.closeSocket(fd);
    for (const fd of this.#events) this.#addon.closeSocket(fd);
    this.#sockets.length = 0;
    this.#events.length = 0;
  }

  #open(listen: readonly BoundAddress[]): void {
    const ports = listen.map(({ port }) => port);
    for (let worker = 0; worker < this.workers; worker++) {
      const row: NativeUdpSocket[] = [];
      this.#sockets.push(row);
      this.#events.push(this.#addon.createEvent());
      for (const [index, address] of listen.entries()) {
        const socket = this.#openSocket(address, ports[index] ?? 0, worker > 0);
        ports[index] = socket.port; // the first worker's choice is the others' too
        row.push(socket);
      }
    }
  }

  #openSocket({ host, option }: BoundAddress, port: number, joins: boolean): NativeUdpSocket {
    try {
      return this.#addon.openUdpSocket({
        host,
        port,
        reusePort: this.workers > 1,
        joins,
        receiveBuffer: SOCKET_BUFFER_BYTES,
        sendBuffer: SOCKET_BUFFER_BYTES,
        gso: this.#gso.asked,
        gro: this.#gro.asked,
      });
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw startError(code, `${option}: cannot listen at ${formatUdpUrl({ host, port })}: ${message}`, option);
    }
  }

  #probed(which: 'gso' | 'gro'): { readonly state: OffloadState; readonly reason: string } {
    const wanted = which === 'gso' ? this.#gso : this.#gro;
    if (!wanted.asked) return { state: 'off', reason: wanted.reason };
    const refused = this.#sockets.flat().find((socket) => !socket[which].on);
    return refused ? { state: 'off', reason: `${which}: ${refused[which].reason}` } : { state: 'on', reason: '' };
  }

  #state(
    which: 'gso' | 'gro',
    now: OffloadState | undefined,
  ): { readonly state: OffloadState; readonly reason: string } {
    const probed = this.#probed(which);
    return probed.state === 'on' && now === 'lost' ? { state: 'lost', reason: '' } : probed;
  }
}

interface Wish {
  readonly asked: boolean;
  readonly reason: string;
}

function wish(option: boolean, name: string, variable: string): Wish {
  if (!option) return { asked: false, reason: `${name}: switched off by the option ${name}` };
  if (process.env[variable] === '1') return { asked: false, reason: `${name}: switched off by ${variable}=1` };
  return { asked: true, reason: '' };
}
