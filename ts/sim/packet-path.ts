/** The packet path of a simulated node: the worker's own pipeline over a port of the virtual network. */
import type { StageContext } from '../data/context.js';
import { Pipeline } from '../data/pipeline.js';
import { RouteStage } from '../data/route.js';
import { appendPacket, appendRun } from '../data/runs.js';
import type { NodeId } from '../kit/node-id.js';
import { BATCH_PACKET_COUNT, BATCH_RUN_COUNT, RUN_ARGUMENT, RUN_VERDICT, RunKind, runAt } from '../memory/batch.js';
import { CounterBlock } from '../memory/counters.js';
import type { FlowCounter } from '../memory/flow-counts.js';
import { PortKind } from '../memory/link-table.js';
import type { Region } from '../memory/region.js';
import { INITIAL_TTL, OFFSET_TTL } from '../wire/link-header.js';
import { HEADERS_BYTES, OFFSET_CLASS, OFFSET_DESTINATION } from '../wire/network-header.js';
import type { Scheme } from './addresses.js';
import type { Scratch } from './scratch.js';
import { SimPort, type SimPortOptions } from './sim-port.js';

export interface PacketPathOptions extends Pick<SimPortOptions, 'now' | 'transmit' | 'onData' | 'transitAsOwn'> {
  readonly self: NodeId;
  readonly region: Region;
  readonly scratch: Scratch;
  /** Where own packets are counted. */
  readonly flows: FlowCounter | undefined;
}

export class PacketPath {
  readonly #context: StageContext;
  readonly #port: SimPort;
  readonly #pipeline: Pipeline;
  readonly #routeStage: RouteStage;

  constructor({ self, region, scratch, now, transmit, onData, transitAsOwn, flows }: PacketPathOptions) {
    const counters = new CounterBlock(region, 0);
    const { batch } = scratch;
    this.#port = new SimPort({ region, batch, counters, now, transmit, onData, transitAsOwn });
    this.#context = { self, region, batch, counters, port: this.#port, portKind: PortKind.Udp, flows, clock: now };
    this.#pipeline = new Pipeline(this.#context, {
      incoming: [scratch.toWorker.consumer],
      toControl: scratch.toControl.producer,
      toSockets: scratch.toSockets.producer,
      onCommand: () => {},
      takers: {},
    });
    this.#routeStage = new RouteStage(this.#context);
  }

  /** A datagram has arrived, and stays as it is until the next step. */
  enqueue(from: NodeId, bytes: DataView, length: number, scheme: Scheme): void {
    this.#port.enqueue(from, bytes, length, scheme);
  }

  /** One step of the worker: what has arrived and what control has written is dealt with. */
  step(): void {
    this.#pipeline.step(0);
  }

  /** How long the next step may wait, ms: then a link may have been silent for too long. Call it once after the last step. */
  waitFor(most: number): number {
    return this.#pipeline.waitFor(most);
  }

  /** What the route stage decides for a packet to `destination` that starts here, or is in transit. */
  decide(destination: NodeId, fromHere: boolean, trafficClass = 0): { verdict: number; argument: number } {
    const { batch } = this.#context;
    batch.words[BATCH_RUN_COUNT] = 0;
    batch.words[BATCH_PACKET_COUNT] = 0;
    batch.slabBytes.fill(0, 0, HEADERS_BYTES);
    batch.slab.setUint8(OFFSET_TTL, INITIAL_TTL);
    batch.slab.setUint32(OFFSET_DESTINATION, destination);
    batch.slab.setUint8(OFFSET_CLASS, trafficClass);
    const packet = appendPacket(batch, 0, HEADERS_BYTES);
    const run = runAt(appendRun(batch, fromHere ? RunKind.Origin : RunKind.Data, 0, packet, 1));
    this.#routeStage.step();
    return { verdict: batch.words[run + RUN_VERDICT] as number, argument: batch.words[run + RUN_ARGUMENT] as number };
  }
}
