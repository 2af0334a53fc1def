/** A native packet path over real loopback sockets, with the region, batch and slab that it needs. */

import { loadAddon } from '../../ts/edge/native/addon.js';
import type {
  NativeAddon,
  NativePacketPath,
  NativePacketPathOptions,
  NativeUdpSocket,
} from '../../ts/edge/native/addon.types.js';
import {
  ADDRESS_BYTES,
  ADDRESS_FAMILY,
  ADDRESS_IP,
  ADDRESS_PORT,
  addressAt,
  BATCH_BYTES,
  BATCH_PACKET_COUNT,
  BATCH_RUN_COUNT,
  type Batch,
  openBatch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  runAt,
  Verdict,
} from '../../ts/memory/batch.js';
import { type CounterSums, readCounters } from '../../ts/memory/counters.js';
import { type LinkEntry, LinkTableWriter, PortKind } from '../../ts/memory/link-table.js';
import { createRegion, type Region } from '../../ts/memory/region.js';

export const { addon, reason } = loadAddon();

export interface Run {
  readonly kind: number;
  readonly link: number;
  readonly frames: readonly Uint8Array[];
}

export interface RigOptions {
  readonly host?: string;
  readonly gso?: boolean;
  readonly gro?: boolean;
  readonly slabBytes?: number;
  readonly path?: Partial<NativePacketPathOptions>;
  readonly sendBuffer?: number;
}

/** One worker with one listening socket, number 0. */
export class Rig implements Disposable {
  readonly native: NativeAddon;
  readonly region: Region = createRegion({ workers: 1, links: 64 });
  readonly links = new LinkTableWriter(this.region);
  readonly batch: Batch;
  readonly path: NativePacketPath;
  readonly socket: NativeUdpSocket;
  readonly event: number;
  /** The number of the socket of {@link openLocal}. */
  static readonly LOCAL = 300;
  #local: NativeUdpSocket | undefined;
  readonly memory: NativePacketPathOptions;

  constructor(native: NativeAddon, options: RigOptions = {}) {
    this.native = native;
    const batch = new SharedArrayBuffer(BATCH_BYTES);
    const slab = new SharedArrayBuffer(options.slabBytes ?? 8 << 20);
    this.batch = openBatch(batch, slab);
    this.event = native.createEvent();
    const gso = options.gso ?? true;
    const gro = options.gro ?? true;
    this.socket = native.openUdpSocket({
      host: options.host ?? '127.0.0.1',
      port: 0,
      reusePort: false,
      receiveBuffer: 4 << 20,
      sendBuffer: options.sendBuffer ?? 0,
      gso,
      gro,
    });
    this.memory = {
      region: new Uint8Array(this.region.buffer),
      batch: new Uint8Array(batch),
      slab: new Uint8Array(slab),
      worker: 0,
      event: this.event,
      receiveMessages: 32,
      simd: true,
      ...options.path,
    };
    this.path = new native.PacketPath(this.memory);
    this.path.addSocket(0, this.socket.fd, { kind: 'link', gso: this.socket.gso.on, gro: this.socket.gro.on });
  }

  /** Adds a frame that starts here, to be sent into `link`. */
  originate(link: number, frame: Uint8Array, kind = 6): void {
    const at = this.place(frame);
    this.run(kind, at, 1, link, Verdict.Forward);
  }

  /** Copies bytes into the slab and appends them to the batch; the packet's index. */
  place(bytes: Uint8Array): number {
    const offset = this.path.reserve(bytes.byteLength);
    if (offset < 0) throw new Error('no room in the slab');
    this.batch.slabBytes.set(bytes, offset);
    const { words } = this.batch;
    const index = words[BATCH_PACKET_COUNT] as number;
    words.set([offset, bytes.byteLength], packetAt(index));
    words[BATCH_PACKET_COUNT] = index + 1;
    return index;
  }

  /** Opens a local socket, as a port forward does; one that was open before is closed. */
  openLocal(host: string): void {
    this.#closeLocal();
    this.#local = this.native.openUdpSocket({
      host,
      port: 0,
      reusePort: false,
      receiveBuffer: 0,
      sendBuffer: 0,
      gso: true,
      gro: false,
    });
    this.path.addSocket(Rig.LOCAL, this.#local.fd, { kind: 'local', gso: this.socket.gso.on, gro: false });
  }

  #closeLocal(): void {
    if (this.#local === undefined) return;
    this.path.removeSocket(Rig.LOCAL);
    this.native.closeSocket(this.#local.fd);
    this.#local = undefined;
  }

  /** Sends bytes as they are to a loopback port, from the listening socket if no other is named: a datagram for each. */
  sendRaw(datagrams: readonly Uint8Array[], port: number, { socket = 0, host = '127.0.0.1' } = {}): number {
    const first = datagrams.map((bytes) => this.place(bytes))[0] ?? 0;
    const run = this.run(6, first, datagrams.length, socket, Verdict.Raw);
    const v6 = host.includes(':');
    const view = new DataView(this.batch.words.buffer, addressAt(run), ADDRESS_BYTES);
    view.setInt32(ADDRESS_FAMILY, v6 ? 6 : 4, true);
    view.setInt32(ADDRESS_PORT, port, true);
    this.batch.bytes.set(v6 ? loopback6() : [127, 0, 0, 1], addressAt(run) + ADDRESS_IP);
    return this.path.send();
  }

  run(kind: number, first: number, packets: number, argument: number, verdict: number): number {
    const { words } = this.batch;
    const index = words[BATCH_RUN_COUNT] as number;
    const at = runAt(index);
    words[at + RUN_KIND] = kind;
    words[at + RUN_FIRST] = first;
    words[at + RUN_PACKETS] = packets;
    words[at + RUN_FRAME] = words[packetAt(first)] as number;
    words[at + RUN_VERDICT] = verdict;
    words[at + RUN_ARGUMENT] = argument;
    words[BATCH_RUN_COUNT] = index + 1;
    return index;
  }

  /** Receives until `packets` packets have come (at most 2 s) and returns them as runs. */
  receive(packets: number): Run[] {
    const runs: Run[] = [];
    const deadline = performance.now() + 2000;
    for (let got = 0; got < packets && performance.now() < deadline; ) {
      this.path.receive(50);
      const batch = this.runs();
      runs.push(...batch);
      got += batch.reduce((sum, run) => sum + run.frames.length, 0);
    }
    return runs;
  }

  /** The runs of the batch, copied. */
  runs(): Run[] {
    const { words, slabBytes } = this.batch;
    return Array.from({ length: words[BATCH_RUN_COUNT] as number }, (_, index) => {
      const at = runAt(index);
      const first = words[at + RUN_FIRST] as number;
      const frames = Array.from({ length: words[at + RUN_PACKETS] as number }, (__, i) => {
        const packet = packetAt(first + i);
        const offset = words[packet] as number;
        return slabBytes.slice(offset, offset + (words[packet + 1] as number));
      });
      return { kind: words[at + RUN_KIND] as number, link: words[at + RUN_LINK] as number, frames };
    });
  }

  /** Gives all received runs the verdict Forward into `link` and sends them. */
  forwardAll(link: number): number {
    const { words } = this.batch;
    for (let i = 0; i < (words[BATCH_RUN_COUNT] as number); i++) {
      words[runAt(i) + RUN_VERDICT] = Verdict.Forward;
      words[runAt(i) + RUN_ARGUMENT] = link;
    }
    return this.path.send();
  }

  counters(): CounterSums {
    return readCounters(this.region);
  }

  /** Makes a live link to another rig (or to any address), under mirrored keys. */
  link(index: number, to: { readonly host: string; readonly port: number }, entry: Partial<LinkEntry> = {}): void {
    const v6 = to.host.includes(':');
    const bytes = v6 ? loopback6() : Uint8Array.from(to.host.split('.').map(Number));
    this.links.install(
      index,
      {
        peer: 0x01010101,
        ourNumber: 0x1000 + index,
        peerNumber: 0x1000 + index,
        portKind: PortKind.Udp,
        socket: 0,
        mtu: 1200,
        address: { family: v6 ? 6 : 4, port: to.port, bytes, scope: 0 },
        rxKey: new Uint8Array(16).fill(7),
        txKey: new Uint8Array(16).fill(7),
        flags: 0,
        ...entry,
      },
      0,
    );
    this.links.setUp(index, true);
  }

  [Symbol.dispose](): void {
    this.#closeLocal();
    this.path.close();
    this.native.closeSocket(this.socket.fd);
    this.native.closeSocket(this.event);
  }
}

function loopback6(): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[15] = 1;
  return bytes;
}
