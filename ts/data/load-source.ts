/**
 * The load source: makes packets as a load tester's clients would, at a given rate or as fast as it goes. Packets of a burst lie one behind the
 * other in the slab and are of one flow, so that they leave as one GSO message. Each carries its flow's sequence number in the network header
 * and in its first eight bytes of payload when it was sent (milliseconds, a 64-bit float), for load-sink.ts at the other end.
 */
import { BATCH_PACKET_COUNT, type Batch, MAX_PACKETS, RunKind } from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { LOAD_FIRST_PORT, type LoadBlock, SOURCE_LAST, SOURCE_SENT, SOURCE_STARTED } from '../memory/load-stats.js';
import { HEADERS_BYTES, Protocol } from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { writePacketHeaders } from './packet-headers.js';
import type { Port } from './port.js';
import { appendPacket, appendRun, hasRoom } from './runs.js';

/** Packets of one flow in a row, and their bytes: what one GSO message carries, and a port reserves at once. */
const BURST = 64;
const BURST_BYTES = 65_536;
/** Packets a step: more would only wait in the batch. */
const PACKETS_PER_STEP = 256;
/** What was not sent in time is made up for, but no more than this, ms: a source that was stopped must not flood. */
const MAX_LAG_MS = 50;

export interface Load {
  readonly destination: number;
  readonly port: number;
  /** Bytes of payload. */
  readonly size: number;
  /** Packets a second; 0: as fast as it goes. */
  readonly rate: number;
  readonly flows: number;
  /** 0: until stopped. */
  readonly seconds: number;
  /** The source port of all packets, which then are echo requests: answers come to the sink at that port. Else each flow has its own. */
  readonly echoPort?: number | undefined;
}

export class LoadSource {
  readonly #self: number;
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #port: Port;
  readonly #clock: () => number;
  readonly #stats: LoadBlock;
  #load: Load | undefined;
  #sequences = new Float64Array(0);
  #flow = 0;
  /** Packets may be sent up to the number that was due at `#creditAt`. */
  #credit = 0;
  #creditAt = 0;

  constructor({ self, batch, counters, port, clock }: StageContext, stats: LoadBlock) {
    this.#self = self;
    this.#batch = batch;
    this.#counters = counters;
    this.#port = port;
    this.#clock = clock;
    this.#stats = stats;
  }

  start(load: Load): void {
    const now = this.#clock();
    this.#load = load;
    this.#sequences = new Float64Array(load.flows).fill(1);
    this.#flow = 0;
    this.#credit = 0;
    this.#creditAt = now;
    this.#stats.floats[SOURCE_SENT] = 0;
    this.#stats.floats[SOURCE_STARTED] = now;
    this.#stats.floats[SOURCE_LAST] = now;
    Atomics.store(this.#stats.words, 0, 1);
  }

  stop(): void {
    this.#load = undefined;
    Atomics.store(this.#stats.words, 0, 0);
  }

  /** Adds what is due to the batch; before the route stage. Returns the number of packets. */
  step(): number {
    const load = this.#load;
    if (load === undefined) return 0;
    const now = this.#clock();
    if (load.seconds > 0 && now - (this.#stats.floats[SOURCE_STARTED] as number) >= load.seconds * 1000) {
      this.stop();
      return 0;
    }
    const packets = this.#emit(load, this.#due(load, now), now);
    this.#stats.floats[SOURCE_SENT] = (this.#stats.floats[SOURCE_SENT] as number) + packets;
    if (packets > 0) this.#stats.floats[SOURCE_LAST] = now;
    return packets;
  }

  /** How long until the next packet is due, ms, at most `most`. */
  waitFor(most: number): number {
    const load = this.#load;
    if (load === undefined) return most;
    if (load.rate === 0) return 0;
    const untilNext = ((1 - this.#credit) * 1000) / load.rate - (this.#clock() - this.#creditAt);
    return Math.max(0, Math.min(most, untilNext));
  }

  #due(load: Load, now: number): number {
    if (load.rate === 0) return PACKETS_PER_STEP;
    const passed = Math.min(now - this.#creditAt, MAX_LAG_MS);
    this.#credit += (passed * load.rate) / 1000;
    this.#creditAt = now;
    return Math.min(PACKETS_PER_STEP, Math.floor(this.#credit));
  }

  #emit(load: Load, due: number, now: number): number {
    const most = Math.min(BURST, Math.floor(BURST_BYTES / (HEADERS_BYTES + load.size)));
    let emitted = 0;
    while (emitted < due) {
      const packets = this.#burst(load, Math.min(most, due - emitted), now);
      if (packets === 0) break;
      emitted += packets;
      this.#flow = (this.#flow + 1) % load.flows;
    }
    if (load.rate > 0) this.#credit -= emitted;
    this.#counters.add(COUNTER.originated, emitted);
    return emitted;
  }

  /** A row of packets of one flow; 0 when slab or batch have no room. */
  #burst(load: Load, packets: number, now: number): number {
    const length = HEADERS_BYTES + load.size;
    const free = MAX_PACKETS - (this.#batch.words[BATCH_PACKET_COUNT] as number);
    if (!hasRoom(this.#batch) || free < packets) return 0;
    const start = this.#port.reserve(packets * length);
    if (start < 0) return 0;
    const { slab, slabBytes } = this.#batch;
    slabBytes.fill(0, start, start + packets * length); // else what others had sent before would travel along
    const isEcho = load.echoPort !== undefined;
    const protocol = isEcho ? Protocol.EchoRequest : Protocol.Datagram;
    const ports = ((load.echoPort ?? LOAD_FIRST_PORT + this.#flow) << 16) | load.port;
    const sequence = this.#sequences[this.#flow] as number;
    let first = -1;
    for (let i = 0; i < packets; i++) {
      const frame = start + i * length;
      const high = ((sequence + i) / 0x1_0000_0000) | 0;
      writePacketHeaders(slab, frame, protocol, this.#self, load.destination, ports, high, (sequence + i) | 0);
      slab.setFloat64(frame + HEADERS_BYTES, now);
      const packet = appendPacket(this.#batch, frame, length);
      if (first < 0) first = packet;
    }
    this.#sequences[this.#flow] = sequence + packets;
    appendRun(this.#batch, RunKind.Origin, 0, first, packets);
    return packets;
  }
}
