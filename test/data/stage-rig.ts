/** A node's stages over a port that keeps what it is told to send: for tests of decisions, without sockets. */

import type { StageContext } from '../../ts/data/context.js';
import type { ForwardStage } from '../../ts/data/forward.js';
import { Handover, type HandoverRings } from '../../ts/data/handover.js';
import type { RunTakers } from '../../ts/data/local.js';
import { Pipeline, type PipelineOptions } from '../../ts/data/pipeline.js';
import type { Port } from '../../ts/data/port.js';
import { appendToRun } from '../../ts/data/runs.js';
import { openSealing, sealRun } from '../../ts/data/seal.js';
import type { Layer } from '../../ts/kit/node-id.js';
import {
  BATCH_BYTES,
  BATCH_MORE,
  BATCH_NOW,
  BATCH_PACKET_COUNT,
  BATCH_RUN_COUNT,
  openBatch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_KIND,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../../ts/memory/batch.js';
import { CounterBlock, type CounterSums, readCounters } from '../../ts/memory/counters.js';
import { createFlowCounts, FlowCounter } from '../../ts/memory/flow-counts.js';
import { ForwardingTableWriter, slotFor } from '../../ts/memory/forwarding-table.js';
import { type LinkPace, LinkTableWriter, PortKind } from '../../ts/memory/link-table.js';
import { PortHandler } from '../../ts/memory/port-table.js';
import { createRegion } from '../../ts/memory/region.js';
import { createQueue, QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';

const SLAB_BYTES = 1 << 20;

/** What left: by which link, or (Raw) by which socket. */
export interface Sent {
  readonly verdict: number;
  readonly by: number;
  /** Whether its TTL would be counted down. */
  readonly kind: 'transit' | 'origin';
  readonly frame: Uint8Array;
}

/** The other workers of the node: this one's kind of link, its incoming ring, and theirs. */
export interface Neighbourhood {
  readonly portKind?: PortKind;
  readonly incoming?: SharedArrayBuffer;
  readonly handover?: HandoverRings;
}

export class StageRig implements Port {
  readonly region = createRegion({ workers: 1, links: 64, leaves: 16, pins: 16 });
  readonly links = new LinkTableWriter(this.region);
  readonly batch = openBatch(new SharedArrayBuffer(BATCH_BYTES), new SharedArrayBuffer(SLAB_BYTES));
  readonly context: StageContext;
  /** Where own packets were counted. */
  readonly flows = createFlowCounts(1);
  pipeline: Pipeline;
  /** What a command does. */
  onCommand: () => void = () => undefined;
  readonly sent: Sent[] = [];
  /** Local sockets that were closed. */
  readonly closed: number[] = [];
  now = 1000;
  readonly #sealing = openSealing(this.region, this.batch, new CounterBlock(this.region, 0));
  readonly #routes = new ForwardingTableWriter(this.region);
  readonly #toControl = queue();
  readonly #toSockets = queue();
  readonly #fromControl = queue();
  readonly #fromSockets = queue();
  readonly #punts = new QueueConsumer(this.#toControl);
  readonly #deliveries = new QueueConsumer(this.#toSockets);
  readonly #control = new QueueProducer(this.#fromControl);
  readonly #data = new QueueProducer(this.#fromSockets);
  readonly #makePipeline: () => Pipeline;
  /** How often the main thread was woken because it slept on what goes up to control. */
  roused = 0;
  #taken = 0;
  #locals = 100;

  constructor(
    self: number,
    makeTakers: (context: StageContext) => RunTakers = () => ({}),
    makeForward: (context: StageContext) => ForwardStage | undefined = () => undefined,
    { portKind = PortKind.Udp, incoming, handover }: Neighbourhood = {},
    makeMore: (context: StageContext) => Partial<PipelineOptions> = () => ({}),
  ) {
    const counters = new CounterBlock(this.region, 0);
    this.context = {
      self,
      region: this.region,
      batch: this.batch,
      counters,
      port: this,
      portKind,
      flows: new FlowCounter(this.flows, 0),
      clock: () => this.now,
    };
    this.#makePipeline = () => {
      const forward = makeForward(this.context);
      return new Pipeline(this.context, {
        forward,
        incoming: [this.#fromControl, ...(incoming ? [incoming] : []), this.#fromSockets].map(
          (ring) => new QueueConsumer(ring),
        ),
        handover: handover && new Handover(this.context, handover),
        toControl: new QueueProducer(this.#toControl, { wake: () => void this.roused++ }),
        toSockets: new QueueProducer(this.#toSockets),
        onCommand: () => this.onCommand(),
        takers: { ...(forward ? { [PortHandler.Forward]: forward } : {}), ...makeTakers(this.context) },
        ...makeMore(this.context),
      });
    };
    this.pipeline = this.#makePipeline();
  }

  /** A worker died; its successor goes on with the same memory. */
  replaceWorker(): void {
    this.pipeline = this.#makePipeline();
  }

  /** A link that is up. */
  link(
    index: number,
    peer: number,
    portKind: PortKind = PortKind.Udp,
    generation = 1,
    pace?: LinkPace,
    bundleOf = 0,
  ): void {
    const entry = {
      peer,
      ourNumber: 4096 * generation + index,
      peerNumber: 8192 + index,
      portKind,
      socket: 0,
      mtu: 1200,
      address: { family: 4, port: 7000, bytes: Uint8Array.of(127, 0, 0, 1), scope: 0 } as const,
      rxKey: new Uint8Array(16),
      txKey: new Uint8Array(16),
      flags: 0,
      pace,
      bundleOf,
    };
    this.links.install(index, entry, this.now);
    this.links.setUp(index, true);
  }

  route(destination: number, primary: number, backup = 0, trafficClass = 0): void {
    const slot = slotFor(this.context.self, destination, 0);
    this.#routes.store(trafficClass, (((slot >>> 8) & 3) + 1) as Layer, slot & 255, primary, backup);
  }

  /** Puts a frame into the batch as if it had been received and checked. */
  arrive(frame: Uint8Array, link: number, kind: number = RunKind.Data): void {
    const at = this.reserve(frame.length);
    this.batch.slabBytes.set(frame, at);
    appendToRun(this.batch, kind, link, at, frame.length);
    this.context.counters.add(0, 1);
  }

  /** Writes a record as the shell would; false when the ring is full. */
  fromShell(ring: 'control' | 'data', record: Uint8Array): boolean {
    return (ring === 'control' ? this.#control : this.#data).tryWrite(record);
  }

  /** One step; returns what it sent. */
  step(): Sent[] {
    this.sent.length = 0;
    this.pipeline.step(0);
    return [...this.sent];
  }

  /** The main thread sleeps until something for control wakes it. */
  mainSleeps(): void {
    if (!this.#punts.sleepElsewhere()) throw new Error('something waits for control');
  }

  punts(): Uint8Array[] {
    return drain(this.#punts);
  }

  deliveries(): Uint8Array[] {
    return drain(this.#deliveries);
  }

  counters(): CounterSums {
    return readCounters(this.region);
  }

  receive(): number {
    this.batch.floats[BATCH_NOW / 8] = this.now;
    this.batch.words[BATCH_MORE] = 0;
    return this.batch.words[BATCH_RUN_COUNT] as number;
  }

  send(): number {
    const { words, slabBytes } = this.batch;
    for (let index = 0; index < (words[BATCH_RUN_COUNT] as number); index++) {
      const run = runAt(index);
      const verdict = words[run + RUN_VERDICT] as number;
      if (verdict !== Verdict.Forward && verdict !== Verdict.Raw) continue;
      const first = words[run + RUN_FIRST] as number;
      for (let packet = first; packet < first + (words[run + RUN_PACKETS] as number); packet++) {
        const at = words[packetAt(packet)] as number;
        const frame = slabBytes.slice(at, at + (words[packetAt(packet) + 1] as number));
        const kind = words[run + RUN_KIND] === RunKind.Data ? 'transit' : 'origin';
        this.sent.push({ verdict, by: words[run + RUN_ARGUMENT] as number, kind, frame });
      }
    }
    words[BATCH_RUN_COUNT] = 0;
    words[BATCH_PACKET_COUNT] = 0;
    this.#taken = 0;
    return this.sent.length;
  }

  seal(index: number): void {
    sealRun(this.#sealing, index);
  }

  reserve(bytes: number): number {
    if (bytes > 65_600 || this.#taken + bytes > SLAB_BYTES) return -1; // more than a port gives at once
    this.#taken += bytes;
    return this.#taken - bytes;
  }

  /** Takes this part of the slab for the next step, as held-back blocks would. */
  takeSlab(part: number): void {
    this.#taken = Math.floor(SLAB_BYTES * part);
  }

  tellUnreachable(): boolean {
    return false;
  }

  openLocal(): number {
    return this.#locals++;
  }

  boundPort(socket: number): number {
    return 40_000 + socket;
  }

  closeLocal(socket: number): void {
    this.closed.push(socket);
  }

  close(): void {
    this.sent.length = 0;
  }
}

function drain(ring: QueueConsumer): Uint8Array[] {
  const records: Uint8Array[] = [];
  ring.read((_type, offset, length) => records.push(ring.bytes.slice(offset, offset + length)));
  return records;
}

function queue(): SharedArrayBuffer {
  return createQueue({ bytes: 1 << 18, producers: 'one' });
}
