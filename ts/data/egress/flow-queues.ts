/**
 * The data that waits for one wire: fair between the flows of a class, by shares between the classes.
 *
 * ```
 *   class 0  ─┬─ new:  flow ─> flow                 flows that have just begun to wait: a light flow finds nobody before it
 *   lowLat.   └─ old:  flow ─> flow ─> flow         round robin by bytes; each flow is a queue of its own with CoDel (RFC 8290)
 *   class 1 … 3 alike                               classes: deficit round robin by QUANTA; one that is empty saves nothing up
 * ```
 * Flows are told apart by a hash of addresses and ports, {@link FLOWS} a class: flows that share a bucket share its queue. Everything is in arrays that
 * are allocated once a wire.
 *
 * *Conservation*: each frame that was put in is handed out once, by `take` or to the sink.
 */
import { CLASSES } from '../../memory/region.js';
import { CodelStates } from './codel.js';
import type { EgressSink, QueuedFrames } from './queued-frames.js';

export const FLOWS = 128;
/** Bytes that a class may send a round: by their sum, low latency has half of the wire, low cost a sixteenth, when all have enough to send. */
export const QUANTA: readonly number[] = [2400, 300, 1200, 900];
/** Bytes that a flow may send a round. */
const FLOW_QUANTUM = 1500;
/** Frames that are dropped at once when a wire's room is used up, so that looking for the longest queue is worth it. */
const OVERFLOW_FRAMES = 64;
const NONE = -1;

const IDLE = 0;
const NEW = 1;
const OLD = 2;

export class FlowQueues {
  /** Frames and bytes that wait. */
  frames = 0;
  bytes = 0;
  /** Those of sockets of this node. */
  socketBytes = 0;
  readonly #frames: QueuedFrames;
  readonly #sink: EgressSink;
  readonly #codel = new CodelStates(CLASSES * FLOWS);
  // By flow.
  readonly #head = new Int32Array(CLASSES * FLOWS).fill(NONE);
  readonly #tail = new Int32Array(CLASSES * FLOWS);
  readonly #flowBytes = new Int32Array(CLASSES * FLOWS);
  readonly #deficit = new Int32Array(CLASSES * FLOWS);
  readonly #state = new Uint8Array(CLASSES * FLOWS);
  readonly #nextFlow = new Int32Array(CLASSES * FLOWS);
  // By list: a class's new flows, then its old ones.
  readonly #firstFlow = new Int32Array(2 * CLASSES).fill(NONE);
  readonly #lastFlow = new Int32Array(2 * CLASSES);
  // By class.
  readonly #classFrames = new Int32Array(CLASSES);
  readonly #classDeficit = new Int32Array(CLASSES);
  #turn = 0;

  constructor(frames: QueuedFrames, sink: EgressSink) {
    this.#frames = frames;
    this.#sink = sink;
  }

  /** Puts a frame behind the others of its flow. `hash`: any integer that is the same for all frames of a flow. */
  put(frame: number, trafficClass: number, hash: number): void {
    const flow = trafficClass * FLOWS + (hash & (FLOWS - 1));
    const bytes = this.#frames.bytes(frame);
    this.#frames.next[frame] = NONE;
    if (this.#head[flow] === NONE) this.#head[flow] = frame;
    else this.#frames.next[this.#tail[flow] as number] = frame;
    this.#tail[flow] = frame;
    this.#flowBytes[flow] = (this.#flowBytes[flow] as number) + bytes;
    this.#classFrames[trafficClass] = (this.#classFrames[trafficClass] as number) + 1;
    this.frames++;
    this.bytes += bytes;
    if (this.#frames.ofSockets[frame] === 1) this.socketBytes += bytes;
    if (this.#state[flow] !== IDLE) return;
    this.#deficit[flow] = FLOW_QUANTUM;
    this.#append(flow, NEW);
  }

  /** The frame that leaves next; -1 when none does. */
  take(): number {
    this.#codel.setNow(this.#frames.now);
    while (this.frames > 0) {
      const turn = this.#turn;
      if (this.#classFrames[turn] === 0) {
        this.#classDeficit[turn] = Math.min(0, this.#classDeficit[turn] as number);
        this.#turn = (turn + 1) % CLASSES;
        continue;
      }
      if ((this.#classDeficit[turn] as number) <= 0) {
        this.#classDeficit[turn] = (this.#classDeficit[turn] as number) + (QUANTA[turn] as number);
        if (this.#classDeficit[turn] <= 0) this.#turn = (turn + 1) % CLASSES;
        continue;
      }
      const frame = this.#takeOfClass(turn);
      if (frame === NONE) continue; // CoDel has dropped what there was
      this.#classDeficit[turn] = (this.#classDeficit[turn] as number) - this.#frames.bytes(frame);
      if (this.#classDeficit[turn] <= 0) this.#turn = (turn + 1) % CLASSES;
      return frame;
    }
    return NONE;
  }

  /** Drops from the head of the longest queue: half of it, or a few dozen frames. */
  shed(): void {
    let longest = 0;
    for (let flow = 1; flow < CLASSES * FLOWS; flow++)
      if ((this.#flowBytes[flow] as number) > (this.#flowBytes[longest] as number)) longest = flow;
    const enough = (this.#flowBytes[longest] as number) >> 1;
    for (let i = 0; i < OVERFLOW_FRAMES && (this.#flowBytes[longest] as number) > enough; i++)
      this.#sink.overflowed(this.#pop(longest));
  }

  /** The next frame of a class by RFC 8290; -1: none is left. */
  #takeOfClass(trafficClass: number): number {
    for (;;) {
      const isNew = this.#firstFlow[listOf(trafficClass, NEW)] !== NONE;
      const list = listOf(trafficClass, isNew ? NEW : OLD);
      const flow = this.#firstFlow[list] as number;
      if (flow === NONE) return NONE;
      if ((this.#deficit[flow] as number) <= 0) {
        this.#deficit[flow] = (this.#deficit[flow] as number) + FLOW_QUANTUM;
        this.#removeFirst(list);
        this.#append(flow, OLD);
        continue;
      }
      const frame = this.#takeOfFlow(flow);
      if (frame === NONE) {
        this.#removeFirst(list);
        // A new flow that has run empty goes round with the old ones once: else it could come back as new and starve them.
        if (isNew) this.#append(flow, OLD);
        else this.#state[flow] = IDLE;
        continue;
      }
      this.#deficit[flow] = (this.#deficit[flow] as number) - this.#frames.bytes(frame);
      return frame;
    }
  }

  /**
   * The next frame of a flow that CoDel lets go; -1: none is left. A drop tells a sender to slow down; a socket of this node is told without one, so
   * its frames all go. (If its program does not listen, CoDel would not keep its queue short either: the wire's limit does.)
   */
  #takeOfFlow(flow: number): number {
    this.#codel.begin();
    for (;;) {
      const frame = this.#pop(flow);
      if (frame === NONE) {
        this.#codel.ranEmpty(flow);
        return NONE;
      }
      if (this.#frames.ofSockets[frame] === 1) return frame;
      if (!this.#codel.mustDrop(flow, this.#frames.waited(frame), this.#flowBytes[flow] as number)) return frame;
      if (this.#frames.mark(frame)) {
        this.#codel.marked(flow);
        this.#sink.marked(frame);
        return frame;
      }
      this.#sink.codelDropped(frame);
    }
  }

  /** Takes the first frame of a flow out; -1: none. */
  #pop(flow: number): number {
    const frame = this.#head[flow] as number;
    if (frame === NONE) return NONE;
    const bytes = this.#frames.bytes(frame);
    const trafficClass = (flow / FLOWS) | 0;
    this.#head[flow] = this.#frames.next[frame] as number;
    this.#flowBytes[flow] = (this.#flowBytes[flow] as number) - bytes;
    this.#classFrames[trafficClass] = (this.#classFrames[trafficClass] as number) - 1;
    this.frames--;
    this.bytes -= bytes;
    if (this.#frames.ofSockets[frame] === 1) this.socketBytes -= bytes;
    return frame;
  }

  #append(flow: number, state: number): void {
    const list = listOf((flow / FLOWS) | 0, state);
    this.#state[flow] = state;
    this.#nextFlow[flow] = NONE;
    if (this.#firstFlow[list] === NONE) this.#firstFlow[list] = flow;
    else this.#nextFlow[this.#lastFlow[list] as number] = flow;
    this.#lastFlow[list] = flow;
  }

  #removeFirst(list: number): void {
    this.#firstFlow[list] = this.#nextFlow[this.#firstFlow[list] as number] as number;
  }
}

function listOf(trafficClass: number, state: number): number {
  return 2 * trafficClass + state - NEW;
}
