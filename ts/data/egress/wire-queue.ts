/**
 * What waits for one wire, and when the wire is free: control first and in order, then data (flow-queues.ts), paced so that frames leave one behind the
 * other at the wire's rate. The queue then is here, where it is managed, and not in some modem, where it is not.
 *
 * A worker does not wake at each frame's own moment, but as its sleeps end; frames whose time has passed meanwhile leave together. What was
 * not sent in time is made up for within {@link LAG_MS} and no longer, for what leaves at once has to wait at the wire itself, and at a rate
 * just below the wire's it waits for long. What nobody wanted to send is lost but for {@link CREDIT_MS}.
 */
import { mostOfSockets } from '../../memory/wire-backlogs.js';
import { FlowQueues } from './flow-queues.js';
import type { EgressSink, QueuedFrames } from './queued-frames.js';

const LAG_MS = 5;
const CREDIT_MS = 1;
/** Data may wait for so long, ms, and at least so many bytes, beside what sockets that stop in time have here: more is shed. CoDel keeps it far below, but of senders that do not listen. */
const LONGEST_MS = 200;
const LEAST_BYTES = 64 * 1024;
/** Control frames that may wait: many times what sessions of one wire send in the time that data may wait. */
const CONTROL_FRAMES = 4096;
const NONE = -1;

export class WireQueue {
  /** Bytes a millisecond. */
  rate = 1;
  /** Whether its owner knows that something waits here. */
  isListed = false;
  /** Its number, and what its owner has last told the main thread of {@link socketBytes}. */
  number = 0;
  told = 0;
  readonly #frames: QueuedFrames;
  readonly #data: FlowQueues;
  readonly #sink: EgressSink;
  #head = NONE;
  #tail = NONE;
  #controlFrames = 0;
  /** A frame that was taken out and found no room in the batch. */
  #returned = NONE;
  /** When the wire is free, ms. */
  #free = 0;

  constructor(frames: QueuedFrames, sink: EgressSink) {
    this.#frames = frames;
    this.#sink = sink;
    this.#data = new FlowQueues(frames, sink);
  }

  get isEmpty(): boolean {
    return this.#controlFrames === 0 && this.#data.frames === 0 && this.#returned === NONE;
  }

  /** Whether the next frame may leave now. */
  get isFree(): boolean {
    return this.#free <= this.#frames.now;
  }

  /** When the next frame may leave, ms. */
  get freeAt(): number {
    return this.#free;
  }

  /** Bytes of this node's sockets that wait. */
  get socketBytes(): number {
    return this.#data.socketBytes;
  }

  /** A frame leaves. */
  spend(bytes: number): void {
    const spare = this.isEmpty ? CREDIT_MS : LAG_MS;
    this.#free = Math.max(this.#free, this.#frames.now - spare) + bytes / this.rate;
  }

  putControl(frame: number): void {
    if (this.#controlFrames === CONTROL_FRAMES) return this.#sink.overflowed(frame);
    this.#frames.next[frame] = NONE;
    if (this.#controlFrames++ === 0) this.#head = frame;
    else this.#frames.next[this.#tail] = frame;
    this.#tail = frame;
  }

  putData(frame: number, trafficClass: number, hash: number): void {
    this.#data.put(frame, trafficClass, hash);
    const ofSockets = Math.min(this.#data.socketBytes, mostOfSockets(this.rate));
    if (this.#data.bytes - ofSockets > Math.max(LEAST_BYTES, this.rate * LONGEST_MS)) this.#data.shed();
  }

  /** The memory for all queues is used up: drops what waits for longest here. */
  shed(): void {
    if (this.#data.frames > 0) this.#data.shed();
  }

  /** The frame that leaves next; -1 when none waits. */
  take(): number {
    if (this.#returned !== NONE) {
      const frame = this.#returned;
      this.#returned = NONE;
      return frame;
    }
    if (this.#controlFrames === 0) return this.#data.take();
    const frame = this.#head;
    this.#head = this.#frames.next[frame] as number;
    this.#controlFrames--;
    return frame;
  }

  /** The frame that was just taken could not leave: it is the next one again. */
  giveBack(frame: number): void {
    this.#returned = frame;
  }
}
