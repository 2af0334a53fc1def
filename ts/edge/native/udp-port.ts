/**
 * The native port: UDP through the addon, with tags, replay windows and offloads done in C++. The twin of edge/portable/udp-port.ts, with
 * the same behaviour and the same tests.
 *
 * It borrows the node's listening sockets, which belong to the process and outlive this worker; sockets of port forwards are its own.
 */
import type { LocalPeer, Port } from '../../data/port.js';
import type { ListenSocket, OffloadState, Offloads } from '../../data/worker-contract.js';
import type { Batch } from '../../memory/batch.js';
import type { Region } from '../../memory/region.js';
import { ErrorCode, type ErrorName } from '../../wire/error-payload.js';
import type { NativeAddon, NativePacketPath, NativeUdpSocket } from './addon.types.js';

/** A slab's size: messages of one batch (64 KB each), what starts here, and what waits for a full socket. */
export const NATIVE_SLAB_BYTES = 16 * 1024 * 1024;

/** Messages a receive call: more would push the first ones' headers out of the cache before they are sent on. */
const RECEIVE_MESSAGES = 16;
/** Numbers of the sockets of port forwards start here; below are the listening ones. */
const FIRST_LOCAL = 256;
const MAX_SOCKETS = 4096;
const LOCAL_BUFFER_BYTES = 4 * 1024 * 1024;

export interface NativeUdpPortOptions {
  readonly addon: NativeAddon;
  readonly region: Region;
  readonly batch: Batch;
  /** The worker's number, and the eventfd that wakes it (-1: none). */
  readonly worker: number;
  readonly wakeFd: number;
  /** The node's listening addresses: this worker's descriptors. */
  readonly sockets: readonly ListenSocket[];
  readonly gso: boolean;
  readonly gro: boolean;
  /** The queues that the worker reads: `receive` announces its sleep to those who write into them, and the batch says when all are empty. */
  readonly rings: readonly SharedArrayBuffer[];
}

export class NativeUdpPort implements Port {
  readonly #addon: NativeAddon;
  readonly #path: NativePacketPath;
  readonly #listening: readonly ListenSocket[];
  readonly #locals = new Map<number, NativeUdpSocket>();
  readonly #gso: boolean;
  readonly #gro: boolean;

  constructor(options: NativeUdpPortOptions) {
    const { addon, region, batch, worker, wakeFd, sockets, gso, gro, rings } = options;
    this.#addon = addon;
    this.#listening = sockets;
    this.#gso = gso;
    this.#gro = gro;
    this.#path = new addon.PacketPath({
      region: new Uint8Array(region.buffer),
      batch: batch.bytes,
      slab: batch.slabBytes,
      worker,
      event: wakeFd,
      receiveMessages: RECEIVE_MESSAGES,
      simd: process.env['PORTOLAN_NO_SIMD'] !== '1',
      rings: rings.map((ring) => new Uint8Array(ring)),
    });
    for (const [number, { fd }] of sockets.entries()) this.#path.addSocket(number, fd, { kind: 'link', gso, gro });
  }

  /** The port to which a local socket, or listening address `socket`, is bound. */
  boundPort(socket: number): number {
    return this.#locals.get(socket)?.port ?? this.#listening[socket]?.port ?? 0;
  }

  /** The instructions that hash tags: avx512, avx2, neon or scalar. */
  get simd(): string {
    return this.#path.simd;
  }

  /** Blocks of the slab, and those that nothing refers to: but for what a receive call keeps ready, all of them while nothing waits. */
  get blocks(): { readonly all: number; readonly free: number } {
    return { all: this.#path.blocks, free: this.#path.freeBlocks };
  }

  /** The offloads of the listening sockets, as they are now. */
  offloads(): Offloads {
    const stats = this.#listening.map((_, number) => this.#path.socketStats(number));
    const state = (wanted: boolean, which: 'gso' | 'gro'): OffloadState => {
      if (!wanted) return 'off';
      return stats.every((socket) => socket?.[which]) ? 'on' : 'lost';
    };
    const reason = stats.find((socket) => socket && socket.reason !== '')?.reason ?? '';
    return { gso: state(this.#gso, 'gso'), gro: state(this.#gro, 'gro'), reason };
  }

  receive(waitMs: number): number {
    return this.#path.receive(waitMs);
  }

  send(): number {
    return this.#path.send();
  }

  seal(index: number): void {
    this.#path.seal(index);
  }

  reserve(bytes: number): number {
    return this.#path.reserve(bytes);
  }

  openLocal(host: string, port: number, peer?: LocalPeer): number {
    const number = this.#freeNumber();
    const socket = this.#addon.openUdpSocket({
      host,
      port,
      ...(peer && { peerHost: peer.host, peerPort: peer.port }),
      reusePort: false,
      fragments: true,
      receiveBuffer: LOCAL_BUFFER_BYTES,
      sendBuffer: LOCAL_BUFFER_BYTES,
      gso: this.#gso,
      gro: false,
    });
    this.#path.addSocket(number, socket.fd, { kind: 'local', gso: socket.gso.on, gro: false });
    this.#locals.set(number, socket);
    return number;
  }

  tellUnreachable(program: LocalPeer, port: LocalPeer, error: ErrorName): boolean {
    return this.#addon.tellUnreachable(program.host, program.port, port.host, port.port, ErrorCode[error]);
  }

  closeLocal(socket: number): void {
    const local = this.#locals.get(socket);
    if (local === undefined) return;
    this.#path.removeSocket(socket);
    this.#addon.closeSocket(local.fd);
    this.#locals.delete(socket);
  }

  close(): void {
    for (const number of this.#locals.keys()) this.closeLocal(number);
    this.#path.close();
  }

  #freeNumber(): number {
    for (let number = FIRST_LOCAL; number < MAX_SOCKETS; number++) if (!this.#locals.has(number)) return number;
    throw Object.assign(new Error('too many sockets of port forwards'), { code: 'EMFILE' });
  }
}
