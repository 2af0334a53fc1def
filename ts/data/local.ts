/**
 * The local stage: what is for this node.
 *
 * ```
 *   Datagram ─────> the handler of its port: the library's sockets (main thread), a port forward, the load sink
 *                   nobody ────────────────────────────> punt PortUnreachable
 *   EchoRequest ──> turned round where it lies, undecided again: route.ts sends it back
 *   EchoReply ────> the load sink, if the port is its; else the main thread
 *   Error ────────> punt: control finds out whose packet it was
 *   Fragment ─────> put together (reassembly.ts), at worker 0; what becomes whole is a datagram of this batch
 *   others ───────> drop badProtocol
 * ```
 */
import {
  BATCH_NOW,
  BATCH_RUN_COUNT,
  type Batch,
  PuntReason,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { PortHandler, portHandlers } from '../memory/port-table.js';
import type { QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';
import { DELIVER_FRAME, DELIVER_TIME, RECORD_KIND, RecordKind } from '../memory/worker-records.js';
import { INITIAL_TTL, OFFSET_FLAGS, OFFSET_LABEL, OFFSET_TTL } from '../wire/link-header.js';
import {
  OFFSET_DESTINATION,
  OFFSET_DESTINATION_PORT,
  OFFSET_PROTOCOL,
  OFFSET_SOURCE,
  OFFSET_SOURCE_PORT,
  Protocol,
} from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { copyBytes } from './copy.js';
import { appendRun } from './runs.js';

/** Who takes a whole run of datagrams for a local port: a port forward, a load sink. It leaves the run with a verdict. */
export interface RunTaker {
  /** `run`: the word offset of the run in the batch. */
  take(run: number): void;
}

/** Who serves which PortHandler; sockets are served here. */
export type RunTakers = Readonly<Partial<Record<number, RunTaker>>>;

export class LocalStage {
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #ports: Uint8Array;
  readonly #ring: QueueProducer;
  readonly #takers: (RunTaker | undefined)[];
  readonly #fragments: RunTaker | undefined;

  /** `fragments`: who puts datagrams together. */
  constructor(
    { batch, counters, region }: StageContext,
    ring: QueueProducer,
    takers: RunTakers,
    fragments: RunTaker | undefined,
  ) {
    this.#batch = batch;
    this.#counters = counters;
    this.#ports = portHandlers(region);
    this.#ring = ring;
    this.#fragments = fragments;
    this.#takers = Array.from({ length: 256 }, (_, handler) => takers[handler]);
  }

  /** Deals with all runs whose verdict is Deliver; returns how many runs it turned round, which must be routed now. */
  step(): number {
    const { words } = this.#batch;
    let turned = 0;
    let taken = 0;
    // Datagrams that are put together are appended to the batch, and delivered in the same step.
    for (let index = 0; index < (words[BATCH_RUN_COUNT] as number); index++) {
      const run = runAt(index);
      if (words[run + RUN_VERDICT] !== Verdict.Deliver) continue;
      taken++;
      const protocol = this.#batch.slab.getUint8((words[run + RUN_FRAME] as number) + OFFSET_PROTOCOL);
      if (protocol === Protocol.Datagram) this.#datagrams(run);
      else if (protocol === Protocol.EchoRequest) turned += this.#turnRound(run);
      else if (protocol === Protocol.EchoReply) this.#echoReplies(run);
      else if (protocol === Protocol.Error) this.#verdict(run, Verdict.Punt, PuntReason.Error);
      else if (protocol === Protocol.Fragment && this.#fragments) this.#fragments.take(run);
      else this.#drop(run, COUNTER.badProtocol);
    }
    if (taken > 0) this.#ring.publish();
    return turned;
  }

  #datagrams(run: number): void {
    const { words, slab } = this.#batch;
    const port = slab.getUint16((words[run + RUN_FRAME] as number) + OFFSET_DESTINATION_PORT);
    const handler = this.#ports[port] as number;
    if (handler === PortHandler.Socket) return this.#handUp(run);
    const taker = this.#takers[handler];
    if (taker) return taker.take(run);
    this.#counters.add(COUNTER.portUnreachable, words[run + RUN_PACKETS] as number);
    this.#verdict(run, Verdict.Punt, PuntReason.PortUnreachable);
  }

  /** To whoever has asked: a load that measures round trips, or the main thread. */
  #echoReplies(run: number): void {
    const port = this.#batch.slab.getUint16((this.#batch.words[run + RUN_FRAME] as number) + OFFSET_DESTINATION_PORT);
    const sink = this.#ports[port] === PortHandler.LoadSink ? this.#takers[PortHandler.LoadSink] : undefined;
    if (sink) sink.take(run);
    else this.#handUp(run);
  }

  /** Copies the run's packets into the ring to the main thread. */
  #handUp(run: number): void {
    const { words, floats, slab } = this.#batch;
    const { view } = this.#ring;
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    let delivered = 0;
    for (let packet = first; packet < first + packets; packet++) {
      const length = words[packetAt(packet) + 1] as number;
      const at = this.#ring.claim(DELIVER_FRAME + length);
      if (at < 0) break;
      view.setInt32(at + RECORD_KIND, RecordKind.Deliver, true);
      view.setFloat64(at + DELIVER_TIME, floats[BATCH_NOW / 8] as number, true);
      copyBytes(slab, words[packetAt(packet)] as number, view, at + DELIVER_FRAME, length);
      delivered++;
    }
    this.#counters.add(COUNTER.delivered, delivered);
    if (delivered < packets) this.#counters.add(COUNTER.deliverFull, packets - delivered);
    this.#verdict(run, Verdict.Done, 0);
  }

  /**
   * Makes replies of requests. A run may hold packets of several sources, which now become destinations: each row of equal ones becomes a
   * run of its own, appended to the batch.
   */
  #turnRound(run: number): number {
    const { words, slab } = this.#batch;
    const first = words[run + RUN_FIRST] as number;
    const end = first + (words[run + RUN_PACKETS] as number);
    this.#verdict(run, Verdict.Done, 0);
    let turned = 0;
    for (let from = first; from < end; ) {
      const source = slab.getInt32((words[packetAt(from)] as number) + OFFSET_SOURCE);
      let to = from;
      while (to < end && slab.getInt32((words[packetAt(to)] as number) + OFFSET_SOURCE) === source)
        turnPacket(slab, words[packetAt(to++)] as number);
      this.#counters.add(COUNTER.echoed, to - from);
      this.#counters.add(COUNTER.originated, to - from);
      if (appendRun(this.#batch, RunKind.Origin, 0, from, to - from) < 0)
        this.#counters.add(COUNTER.egressFull, to - from);
      else turned++;
      from = to;
    }
    return turned;
  }

  #drop(run: number, counter: number): void {
    this.#counters.add(counter, this.#batch.words[run + RUN_PACKETS] as number);
    this.#verdict(run, Verdict.Drop, counter);
  }

  #verdict(run: number, verdict: number, argument: number): void {
    this.#batch.words[run + RUN_VERDICT] = verdict;
    this.#batch.words[run + RUN_ARGUMENT] = argument;
  }
}

/** An echo request becomes its reply: addresses and ports swapped, as new as if it started here. */
function turnPacket(slab: DataView, frame: number): void {
  const source = slab.getInt32(frame + OFFSET_SOURCE);
  slab.setInt32(frame + OFFSET_SOURCE, slab.getInt32(frame + OFFSET_DESTINATION));
  slab.setInt32(frame + OFFSET_DESTINATION, source);
  const sourcePort = slab.getUint16(frame + OFFSET_SOURCE_PORT);
  slab.setUint16(frame + OFFSET_SOURCE_PORT, slab.getUint16(frame + OFFSET_DESTINATION_PORT));
  slab.setUint16(frame + OFFSET_DESTINATION_PORT, sourcePort);
  slab.setUint8(frame + OFFSET_PROTOCOL, Protocol.EchoReply);
  slab.setUint8(frame + OFFSET_TTL, INITIAL_TTL);
  slab.setUint8(frame + OFFSET_FLAGS, 0);
  slab.setInt32(frame + OFFSET_LABEL, 0);
}
