/**
 * The main thread's ends of the four rings between it and one worker (ts/memory/worker-records.ts draws the records). The rings outlive
 * the worker, as its batch does: its successor goes on where it stopped.
 */
import type { TransportAddress } from '../control/io.js';
import type { WorkerCommand, WorkerStart } from '../data/worker-contract.js';
import { BATCH_BYTES } from '../memory/batch.js';
import { writeSendLink, writeSendPacket, writeSendTo } from '../memory/handed-down.js';
import {
  createQueue,
  QueueConsumer,
  QueueProducer,
  type RecordHandler,
} from '../memory/sharedarraybuffer-queue/index.js';
import { COMMAND_JSON, RECORD_KIND, RecordKind } from '../memory/worker-records.js';
import type { FrameType } from '../wire/link-header.js';

const CONTROL_RING_BYTES = 1 << 20;
const DATA_RING_BYTES = 1 << 20;

export class WorkerRings {
  /** What a worker is given. */
  readonly shared: Pick<WorkerStart, 'toWorker' | 'toShell' | 'batch'> = {
    batch: new SharedArrayBuffer(BATCH_BYTES),
    toWorker: { control: ring(CONTROL_RING_BYTES), data: ring(DATA_RING_BYTES) },
    toShell: { control: ring(CONTROL_RING_BYTES), data: ring(DATA_RING_BYTES) },
  };
  /** False while the worker is stuck: what can go another way does. */
  isServed = true;
  readonly #control: QueueProducer;
  readonly #data: QueueProducer;
  readonly #fromControl: QueueConsumer;
  readonly #fromData: QueueConsumer;
  #dataPosition = 0;

  /** What the worker's frames come by and leave by. */
  readonly scheme: TransportAddress['scheme'];

  /** `wake` wakes the worker when it sleeps where only that reaches it. */
  constructor(scheme: TransportAddress['scheme'], wake: () => void) {
    this.scheme = scheme;
    this.#control = new QueueProducer(this.shared.toWorker.control, { wake });
    this.#data = new QueueProducer(this.shared.toWorker.data, { wake });
    this.#fromControl = new QueueConsumer(this.shared.toShell.control, { wake });
    this.#fromData = new QueueConsumer(this.shared.toShell.data, { wake });
  }

  /** A frame into a link: the worker writes the headers. False: the ring is full. */
  sendLink(link: number, type: FrameType, payload: Uint8Array): boolean {
    return writeSendLink(this.#control, link, type, payload);
  }

  /** A frame as it is, to an address. False: the ring is full. */
  sendTo(socket: number, address: TransportAddress, frame: Uint8Array): boolean {
    return writeSendTo(this.#control, socket, address, frame);
  }

  /** A packet of the control plane: the worker looks up its route. False: the ring is full. */
  sendPacket(frame: Uint8Array): boolean {
    return writeSendPacket(this.#control, frame);
  }

  /** A packet of an application. `high`: taken, but the ring is more than half full. `full`: not taken. */
  sendData(frame: Uint8Array): 'taken' | 'high' | 'full' {
    if (!writeSendPacket(this.#data, frame)) return 'full';
    this.#dataPosition += (this.#data.position - this.#dataPosition) | 0; // the ring's own wraps
    return this.#data.hasRoom(this.#data.maxRecord) ? 'taken' : 'high';
  }

  /** Resolves when the ring of applications is at most half full again. */
  async whenDrained(signal: AbortSignal): Promise<void> {
    await this.#data.waitForRoomAsync(this.#data.maxRecord, { signal });
  }

  /** Bytes of the ring of applications that were written since the start: where its next packet will lie. */
  get dataPosition(): number {
    return this.#dataPosition;
  }

  /** Whether the worker has taken all that applications had sent before `position`. */
  hasTaken(position: number): boolean {
    return this.#dataPosition - this.#data.backlog >= position;
  }

  command(command: WorkerCommand): boolean {
    const json = new TextEncoder().encode(JSON.stringify(command));
    const at = this.#control.claim(COMMAND_JSON + json.byteLength);
    if (at < 0) return false;
    this.#control.view.setInt32(at + RECORD_KIND, RecordKind.Command, true);
    this.#control.bytes.set(json, at + COMMAND_JSON);
    return this.#control.publish();
  }

  /** Whether the worker has read everything that was sent by the control plane. */
  get controlIdle(): boolean {
    return this.#control.backlog === 0;
  }

  /** Whether the worker has read everything that applications have sent. */
  get dataIdle(): boolean {
    return this.#data.backlog === 0;
  }

  /** Hands what the worker has for the control plane to `handler`, at most `limit` records; returns how many there were. */
  readControl(handler: RecordHandler, limit: number): number {
    return this.#fromControl.read(handler, limit);
  }

  readData(handler: RecordHandler, limit: number): number {
    return this.#fromData.read(handler, limit);
  }

  /** The memory of the two rings from the worker, for the handlers. */
  get controlMemory(): { readonly view: DataView; readonly bytes: Uint8Array } {
    return this.#fromControl;
  }

  get dataMemory(): { readonly view: DataView; readonly bytes: Uint8Array } {
    return this.#fromData;
  }

  waitControl(signal: AbortSignal): Promise<boolean> {
    return this.#fromControl.waitAsync({ signal });
  }

  waitData(signal: AbortSignal): Promise<boolean> {
    return this.#fromData.waitAsync({ signal });
  }
}

/** The rings for whatever has this number: always the same worker's, so that things stay in their order; another's while that one is stuck. */
export function ringsFor(number: number, all: readonly WorkerRings[]): WorkerRings {
  for (let i = 0; i < all.length; i++) {
    const rings = all[(number + i) % all.length] as WorkerRings;
    if (rings.isServed) return rings;
  }
  return all[number % all.length] as WorkerRings;
}

const ring = (bytes: number): SharedArrayBuffer => createQueue({ bytes, producers: 'one' });
