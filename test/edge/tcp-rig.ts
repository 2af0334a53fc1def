/** A TCP port with a link, and peers over real loopback connections: for tests. */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { appendPacket, appendRun } from '../../ts/data/runs.js';
import { monotonicNow } from '../../ts/edge/clock.js';
import { FrameSplitter, MAX_STREAM_FRAME_BYTES } from '../../ts/edge/tcp/frame-splitter.js';
import { TcpPort } from '../../ts/edge/tcp/tcp-port.js';
import { writeAddress } from '../../ts/memory/address.js';
import {
  addressAt,
  BATCH_BYTES,
  BATCH_RUN_COUNT,
  openBatch,
  RUN_ARGUMENT,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../../ts/memory/batch.js';
import type { Counter } from '../../ts/memory/counter-names.js';
import { CounterBlock, readCounters } from '../../ts/memory/counters.js';
import { storeHandshakeKey } from '../../ts/memory/handshake-gate.js';
import { LinkTableWriter, PortKind } from '../../ts/memory/link-table.js';
import { createRegion } from '../../ts/memory/region.js';
import { type Headers, readHeaders } from '../../ts/wire/frame.js';
import { HELLO_BYTES, HELLO_LAST_COUNTER } from '../../ts/wire/hello.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { FINGERPRINT, frameOf, LINK, MTU, OUR_NUMBER, PEER_NUMBER, RX_KEY, TX_KEY } from './port-behaviour.js';

/** Far longer than anything takes on a busy machine. */
const PATIENCE_MS = 30_000;

/** The other end of a connection: sends frames, and collects those that come. */
export class TcpPeer {
  readonly socket: Socket;
  readonly frames: Uint8Array[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    const splitter = new FrameSplitter(
      MAX_STREAM_FRAME_BYTES,
      (bytes, start, end) => this.frames.push(Uint8Array.from(bytes.subarray(start, end))) > 0,
    );
    socket.on('data', (chunk) => splitter.push(chunk));
    socket.on('error', () => undefined);
  }

  static async connect(port: number): Promise<TcpPeer> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new TcpPeer(socket);
  }

  /** From here on it tells after each chunk what it has received, as a worker answers hellos: in frames counted from `counter` on. */
  report(counter: number): void {
    let next = counter;
    this.socket.on('data', () => {
      const last = this.frames.at(-1);
      if (last === undefined) return;
      const payload = new Uint8Array(HELLO_BYTES);
      new DataView(payload.buffer).setUint32(HELLO_LAST_COUNTER + 4, (readHeaders(last) as Headers).counter);
      this.send(frameOf(next++, { type: FrameType.Hello }, payload));
    });
  }

  get localPort(): number {
    return this.socket.localPort as number;
  }

  send(...frames: Uint8Array[]): void {
    for (const frame of frames) {
      this.socket.write(Uint8Array.of(frame.byteLength >>> 8, frame.byteLength & 255));
      this.socket.write(frame);
    }
  }
}

export class TcpRig {
  readonly region = createRegion({ workers: 1, links: 16 });
  readonly batch = openBatch(new SharedArrayBuffer(BATCH_BYTES), new SharedArrayBuffer(4 << 20));
  readonly links = new LinkTableWriter(this.region);
  readonly port: TcpPort;
  readonly #peers: TcpPeer[] = [];

  constructor() {
    storeHandshakeKey(this.region, { handshakeKey: RX_KEY, fingerprint: FINGERPRINT });
    this.port = new TcpPort({
      region: this.region,
      batch: this.batch,
      counters: new CounterBlock(this.region, 0),
      sockets: [{ host: '127.0.0.1', port: 0 }],
      onWork: () => undefined,
      onWarning: (error) => {
        throw error;
      },
    });
  }

  static async open(): Promise<TcpRig> {
    const rig = new TcpRig();
    await rig.port.opened;
    return rig;
  }

  /** A connection that was accepted: a frame has come by it. With a link over it, unless `link` is 0. */
  async peer(link = LINK): Promise<TcpPeer> {
    const peer = await TcpPeer.connect(this.port.boundPort(0));
    this.#peers.push(peer);
    if (link !== 0) this.install(link, peer.localPort);
    return peer;
  }

  install(link: number, port: number, portKind: PortKind = PortKind.Tcp): void {
    const address = { family: 4, port, bytes: Uint8Array.of(127, 0, 0, 1), scope: 0 } as const;
    const terms = {
      peer: 0x01010102,
      ourNumber: OUR_NUMBER - LINK + link,
      peerNumber: PEER_NUMBER,
      socket: 0,
      mtu: MTU,
    };
    this.links.install(link, { ...terms, portKind, address, rxKey: RX_KEY, txKey: TX_KEY, flags: 0 }, monotonicNow());
  }

  /** Lets the event loop turn until `holds`; rejects after a long time. */
  async until(holds: () => boolean): Promise<void> {
    const end = monotonicNow() + PATIENCE_MS;
    while (!holds()) {
      if (monotonicNow() > end) throw new Error(`it never came to this: ${holds.toString()}`);
      this.port.receive();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** As {@link until}, making steps all the while, in which nothing is decided. */
  stepping(holds: () => boolean): Promise<void> {
    return this.until(() => {
      this.port.send();
      return holds();
    });
  }

  /** Resolves when so many frames have come in all. */
  received(frames: number): Promise<void> {
    return this.until(() => this.count('received') >= frames);
  }

  count(counter: Counter): number {
    return readCounters(this.region)[counter];
  }

  /** All counters that are not 0, but those of what came. */
  counted(): Partial<Record<Counter, number>> {
    return Object.fromEntries(
      Object.entries(readCounters(this.region)).filter(([name, n]) => n > 0 && !name.startsWith('receive')),
    );
  }

  /** Decides all runs of the batch: into the link. Returns how many packets were sent. */
  forward(link = LINK): number {
    const { words } = this.batch;
    for (let index = 0; index < (words[BATCH_RUN_COUNT] as number); index++) {
      words[runAt(index) + RUN_VERDICT] = Verdict.Forward;
      words[runAt(index) + RUN_ARGUMENT] = link;
    }
    return this.port.send();
  }

  /** Puts a frame that starts here into the batch; the word of its run. */
  originate(frame: Uint8Array): number {
    const at = this.port.reserve(frame.byteLength);
    this.batch.slabBytes.set(frame, at);
    return runAt(appendRun(this.batch, RunKind.Origin, 0, appendPacket(this.batch, at, frame.byteLength), 1));
  }

  /** Sends a frame as it is to an address; `socket` -1: as the control plane dials. */
  sendRaw(frame: Uint8Array, port: number, socket: number): void {
    const run = this.originate(frame);
    const index = (this.batch.words[BATCH_RUN_COUNT] as number) - 1;
    writeAddress(new DataView(this.batch.words.buffer), addressAt(index), '127.0.0.1', port, socket);
    this.batch.words[run + RUN_VERDICT] = Verdict.Raw;
    this.batch.words[run + RUN_ARGUMENT] = socket;
    this.port.send();
  }

  close(): void {
    for (const { socket } of this.#peers) socket.destroy();
    this.port.close();
  }
}

export const portOf = (address: string | AddressInfo | null): number => (address as AddressInfo).port;
