/** A node without control: one real forwarder worker, whose tables the test fills. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { WorkerCommand, WorkerMessage, WorkerStart } from '../../ts/data/worker-contract.js';
import { monotonicNow } from '../../ts/edge/clock.js';
import { loadAddon } from '../../ts/edge/native/addon.js';
import type { Layer } from '../../ts/kit/node-id.js';
import { BATCH_BYTES } from '../../ts/memory/batch.js';
import { type CounterSums, readCounters } from '../../ts/memory/counters.js';
import { Epochs } from '../../ts/memory/epochs.js';
import { ForwardingTableWriter, slotFor } from '../../ts/memory/forwarding-table.js';
import { type LinkPace, LinkTableWriter, PortKind } from '../../ts/memory/link-table.js';
import { createLoadStats } from '../../ts/memory/load-stats.js';
import { createRegion, type Region } from '../../ts/memory/region.js';
import { createQueue, QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import {
  COMMAND_JSON,
  DELIVER_FRAME,
  PUNT_FRAME,
  PUNT_REASON,
  RECORD_KIND,
  RecordKind,
  SEND_PACKET_FRAME,
} from '../../ts/memory/worker-records.js';

const FORWARDER = new URL('../../bundle/forwarder.js', import.meta.url);
const RING_BYTES = 1 << 20;

/** The packet paths that run here, each for the same tests. */
export const PACKET_PATHS = (['portable', 'native'] as const).filter(
  (path) => path === 'portable' || loadAddon().addon !== undefined,
);

export class WorkerNode {
  readonly id: number;
  readonly #path: WorkerStart['packetPath'];
  /** Native path: what belongs to the process and outlives workers. */
  #fd = -1;
  #wakeFd = -1;
  readonly region: Region = createRegion({ workers: 1, links: 16 });
  readonly links = new LinkTableWriter(this.region);
  readonly epochs = new Epochs(this.region);
  readonly routes = new ForwardingTableWriter(this.region);
  readonly load = createLoadStats(1);
  port = 0;
  /** Where its first forward listens. */
  forwardPort = 0;
  #worker: Worker | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #nextLink = 1;
  #nextCommand = 1;
  readonly #rings = {
    toWorker: { control: queue(), data: queue() },
    toShell: { control: queue(), data: queue() },
  };
  readonly #batch = new SharedArrayBuffer(BATCH_BYTES);
  readonly #wake = { wake: () => this.#wakeUp() };
  readonly #control = new QueueProducer(this.#rings.toWorker.control, this.#wake);
  readonly #data = new QueueProducer(this.#rings.toWorker.data, this.#wake);
  readonly #punts = new QueueConsumer(this.#rings.toShell.control);
  readonly #deliveries = new QueueConsumer(this.#rings.toShell.data);

  constructor(id: number, path: WorkerStart['packetPath'] = 'portable') {
    this.id = id;
    this.#path = path;
  }

  async start(options: Partial<WorkerStart> = {}): Promise<void> {
    this.#worker = new Worker(FORWARDER, { workerData: { packetPath: this.#path } });
    this.#worker.postMessage(this.startData(options));
    this.#ended = new Promise((resolve) => {
      this.#worker?.once('error', resolve);
      this.#worker?.once('exit', resolve);
    });
    const ready = await this.message('ready', 'startFailed');
    if (ready.type === 'startFailed') throw Object.assign(new Error(ready.message), ready);
    if (ready.type !== 'ready') return;
    this.port = ready.ports[0] as number;
    this.forwardPort = ready.forwardPorts[0] ?? 0;
  }

  /** What its worker is started with. */
  startData(options: Partial<WorkerStart> = {}): WorkerStart {
    if (this.#path === 'native' && this.#fd < 0) this.#openNative();
    return {
      worker: 0,
      self: this.id,
      packetPath: this.#path,
      portKind: PortKind.Udp,
      region: this.region.buffer,
      ...this.#rings,
      batch: this.#batch,
      load: this.load,
      sockets: [{ host: '127.0.0.1', port: this.port, fd: this.#fd }],
      wakeFd: this.#wakeFd,
      shellWakeFd: -1,
      gso: true,
      gro: true,
      forwards: [],
      exposes: [],
      faults: { onCommand: true },
      ...options,
    };
  }

  /** The next message of one of these types. */
  async message(...types: WorkerMessage['type'][]): Promise<WorkerMessage> {
    for (;;) {
      const [message] = (await once(this.#worker as Worker, 'message')) as [WorkerMessage];
      if (types.includes(message.type)) return message;
    }
  }

  /** Resolves with the worker's error, or its exit code. */
  ended(): Promise<unknown> {
    return this.#ended;
  }

  /** Gives a command and resolves with the answer. */
  async ask(command: Record<string, unknown> & { type: WorkerCommand['type'] }): Promise<WorkerMessage> {
    this.command(command);
    return this.message('done', 'failed');
  }

  command(command: Record<string, unknown> & { type: WorkerCommand['type'] }): void {
    const json = new TextEncoder().encode(JSON.stringify({ ...command, id: this.#nextCommand++ }));
    const record = new Uint8Array(COMMAND_JSON + json.length);
    new DataView(record.buffer).setInt32(RECORD_KIND, RecordKind.Command, true);
    record.set(json, COMMAND_JSON);
    this.#control.tryWrite(record);
  }

  /** Sends a packet of this node; false when the ring is full. */
  send(frame: Uint8Array): boolean {
    const record = new Uint8Array(SEND_PACKET_FRAME + frame.length);
    new DataView(record.buffer).setInt32(RECORD_KIND, RecordKind.SendPacket, true);
    record.set(frame, SEND_PACKET_FRAME);
    return this.#data.tryWrite(record);
  }

  /** The next frame handed to sockets. */
  async delivered(): Promise<Uint8Array> {
    return (await nextRecord(this.#deliveries)).slice(DELIVER_FRAME);
  }

  /** The next frame handed to control. */
  async punted(): Promise<{ reason: number; frame: Uint8Array }> {
    const record = await nextRecord(this.#punts);
    return { reason: new DataView(record.buffer).getInt32(PUNT_REASON, true), frame: record.slice(PUNT_FRAME) };
  }

  counters(): CounterSums {
    return readCounters(this.region);
  }

  /** Sets the next hops for a destination. */
  route(destination: number, primary: number, backup = 0): void {
    const slot = slotFor(this.id, destination, 0);
    this.routes.store(0, (((slot >>> 8) & 3) + 1) as Layer, slot & 255, primary, backup);
  }

  takeLinkIndex(): number {
    return this.#nextLink++;
  }

  async stop(): Promise<void> {
    this.command({ type: 'stop' });
    await this.#ended;
    const { addon } = loadAddon();
    for (const fd of [this.#fd, this.#wakeFd]) if (fd >= 0) addon?.closeSocket(fd);
  }

  #openNative(): void {
    const { addon, reason } = loadAddon();
    if (!addon) throw new Error(reason);
    const buffers = { receiveBuffer: 1 << 22, sendBuffer: 1 << 22 };
    const options = { host: '127.0.0.1', port: this.port, reusePort: true, fragments: false, ...buffers };
    const socket = addon.openUdpSocket({ ...options, gso: true, gro: true });
    this.#fd = socket.fd;
    this.port = socket.port;
    this.#wakeFd = addon.createEvent();
  }

  #wakeUp(): void {
    if (this.#wakeFd >= 0) loadAddon().addon?.signalEvent(this.#wakeFd);
    else this.#worker?.postMessage('wake');
  }
}

/** Joins two nodes by a link that is up; returns its index at each end. */
export function join(a: WorkerNode, b: WorkerNode, pace?: LinkPace): [number, number] {
  const atA = a.takeLinkIndex();
  const atB = b.takeLinkIndex();
  const keys = [1, 2].map((seed) => Uint8Array.from({ length: 16 }, (_, i) => seed * 16 + i)) as [
    Uint8Array,
    Uint8Array,
  ];
  install(a, atA, b, atB, keys[0], keys[1], pace);
  install(b, atB, a, atA, keys[1], keys[0]);
  return [atA, atB];
}

function install(
  node: WorkerNode,
  link: number,
  peer: WorkerNode,
  peerLink: number,
  rxKey: Uint8Array,
  txKey: Uint8Array,
  pace?: LinkPace,
) {
  const address = { family: 4, port: peer.port, bytes: Uint8Array.of(127, 0, 0, 1), scope: 0 } as const;
  node.links.install(
    link,
    {
      peer: peer.id,
      ourNumber: 4096 + link,
      peerNumber: 4096 + peerLink,
      portKind: PortKind.Udp,
      socket: 0,
      mtu: 1200,
      address,
      rxKey,
      txKey,
      flags: 0,
      pace,
    },
    monotonicNow(),
  );
  node.links.setUp(link, true);
}

async function nextRecord(ring: QueueConsumer): Promise<Uint8Array> {
  while (!ring.next()) await ring.waitAsync({ timeout: 5_000 });
  const record = ring.bytes.slice(ring.offset, ring.offset + ring.length);
  ring.release();
  return record;
}

function queue(): SharedArrayBuffer {
  return createQueue({ bytes: RING_BYTES, producers: 'one' });
}
