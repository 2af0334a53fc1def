/**
 * Tells programs to stop before their datagrams are dropped in this node's own queues: for each wire whose rate is known, how much of sockets waits for it,
 * in the ring to its worker and in its queue (ts/memory/wire-backlogs.ts has the proof).
 *
 * A datagram for such a wire goes to the worker that has its queue and not by way of another one, where it would be out of sight. So a flow changes rings, and
 * may change its order, only when its route changes, which may reorder it anyway. One slow wire stops nobody who sends elsewhere.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeId } from '../kit/node-id.js';
import { FirstHops } from '../memory/first-hop.js';
import { type LinkTableWriter, PortKind } from '../memory/link-table.js';
import type { Region } from '../memory/region.js';
import { highWaterBytes, lowWaterBytes, wireBacklogWords } from '../memory/wire-backlogs.js';
import type { OutgoingPacket } from './datagram-socket.js';
import { ringsFor, type WorkerRings } from './worker-rings.js';

/** How long a look may be put off, ms: what waits may be gone early, with its link or its worker. */
const LONGEST_LOOK_MS = 50;

export interface BackpressureParts {
  readonly self: NodeId;
  readonly region: Region;
  readonly links: LinkTableWriter;
  /** Of the workers that send UDP links, and of the one that sends TCP links. */
  readonly udp: readonly WorkerRings[];
  readonly tcp: WorkerRings;
  readonly backlogs: SharedArrayBuffer;
}

export class Backpressure {
  readonly #parts: BackpressureParts;
  readonly #hops: FirstHops;
  readonly #words: Int32Array;
  readonly #wires = new Map<number, PacedWire>();

  constructor(parts: BackpressureParts) {
    this.#parts = parts;
    this.#hops = new FirstHops(parts.region, parts.self);
    this.#words = wireBacklogWords(parts.backlogs);
  }

  /** The wire by which a datagram would leave, if its rate is known. */
  wireTo({ destination, sourcePort, destinationPort, trafficClass }: OutgoingPacket): PacedWire | undefined {
    const { links, udp, tcp } = this.#parts;
    if (!links.anyPaced) return undefined;
    const link = this.#hops.linkTo(destination, sourcePort, destinationPort, trafficClass);
    const pace = link === 0 ? undefined : links.pace(link);
    if (!pace) return undefined;
    const rings = links.portKind(link) === PortKind.Tcp ? tcp : ringsFor(pace.worker, udp);
    const known = this.#wires.get(pace.wire);
    if (known?.rings === rings && known.rate === pace.rate / 8) return known;
    const wire = new PacedWire(rings, pace.rate / 8, () => Atomics.load(this.#words, pace.wire));
    this.#wires.set(pace.wire, wire);
    return wire;
  }
}

export class PacedWire {
  /** To the worker that has the wire's queue. */
  readonly rings: WorkerRings;
  /** Bytes a millisecond. */
  readonly rate: number;
  readonly #queued: () => number;
  /** Bytes that were written into the ring: before the mark, of which some may still lie there, and behind it. */
  #before = 0;
  #behind = 0;
  #mark = 0;

  constructor(rings: WorkerRings, rate: number, queued: () => number) {
    this.rings = rings;
    this.rate = rate;
    this.#queued = queued;
  }

  /** A frame for the wire was written into the ring. */
  wrote(bytes: number): void {
    this.#behind += bytes;
  }

  get isHigh(): boolean {
    return this.#backlog() > highWaterBytes(this.rate);
  }

  /** Resolves when little of what sockets have sent still waits. */
  async whenDrained(signal: AbortSignal): Promise<void> {
    for (;;) {
      const excess = this.#backlog() - lowWaterBytes(this.rate);
      if (excess <= 0) return;
      await delay(Math.min(LONGEST_LOOK_MS, Math.max(1, excess / this.rate)), undefined, { signal });
    }
  }

  /** What waits in the queue, and in the ring: too much rather than too little. */
  #backlog(): number {
    if (this.rings.hasTaken(this.#mark)) {
      this.#before = this.#behind;
      this.#behind = 0;
      this.#mark = this.rings.dataPosition;
      if (this.rings.hasTaken(this.#mark)) this.#before = 0;
    }
    return this.#before + this.#behind + this.#queued();
  }
}
