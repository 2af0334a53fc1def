/**
 * Between the workers of a node. The kernel, or a connection, chooses the worker that receives a frame; but the flows of port forwards are
 * worker 0's, and a link is sent by the workers of its kind only (UDP links by those that hold UDP sockets, TCP links by the one that holds
 * connections), and one whose rate is known by the worker that has its queue. So each worker has one incoming ring, which all others write and its origin stage reads:
 *
 * ```
 *   for a port forward of this node ──> HandDeliver ──> worker 0: delivered as if it had received it itself
 *   decided: into a link that          HandForward ──> a worker of the link's kind: sent without being looked up again,
 *   another worker sends                               TTL, counter and tag written there, once
 * ```
 * A link's frames all go to one worker, so they stay in their order. A record may lie in its ring while epochs pass (ts/memory/epochs.ts), so it
 * names the link by its number, generation included: what was decided for an index's earlier owner is not sent to the next one.
 * What finds the ring full is dropped, counted as `handoverFull`.
 */
import {
  BATCH_RUN_COUNT,
  type Batch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_KIND,
  RUN_PACKETS,
  RUN_VERDICT,
  RUN_WORDS,
  RUNS,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { LINK_OUR_NUMBER, LINK_PORT_KIND, LINK_RATE, LINK_WORKER, PortKind } from '../memory/link-table.js';
import { HEADER_WORD_OTHER_LINKS, HEADER_WORD_PACED_LINKS, LINK_ENTRY_BYTES } from '../memory/region.js';
import type { QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';
import {
  HAND_DELIVER_FRAME,
  HAND_FORWARD_FRAME,
  HAND_FORWARD_KIND,
  HAND_FORWARD_NUMBER,
  RECORD_KIND,
  RecordKind,
} from '../memory/worker-records.js';
import type { StageContext } from './context.js';
import { copyBytes } from './copy.js';
import type { RunTaker } from './local.js';

/** The incoming rings of a node's workers. */
export interface HandoverRings {
  /** Of the workers that send UDP links, by their numbers. */
  readonly udp: readonly QueueProducer[];
  /** Of the one that sends TCP links. */
  readonly tcp: QueueProducer;
  /** Which of the former this worker is, if it is one. */
  readonly worker?: number;
}

export class Handover implements RunTaker {
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #portKind: PortKind;
  readonly #header: Int32Array;
  readonly #entries: Int32Array;
  readonly #links: number;
  readonly #udp: readonly Outgoing[];
  readonly #tcp: Outgoing;
  readonly #worker: number;

  constructor({ batch, counters, portKind, region }: StageContext, rings: HandoverRings) {
    const { buffer, layout } = region;
    this.#batch = batch;
    this.#counters = counters;
    this.#portKind = portKind;
    this.#header = new Int32Array(buffer, 0, HEADER_WORD_PACED_LINKS + 1);
    this.#worker = rings.worker ?? -1;
    this.#entries = new Int32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
    this.#links = layout.links;
    this.#udp = rings.udp.map((ring) => new Outgoing(ring, counters));
    this.#tcp = new Outgoing(rings.tcp, counters);
  }

  /** Packets of a port forward, for worker 0. */
  take(run: number): void {
    const { words } = this.#batch;
    const to = this.#udp[0] as Outgoing;
    this.#copy(run, to, HAND_DELIVER_FRAME, RecordKind.HandDeliver, 0);
    to.publish();
    words[run + RUN_VERDICT] = Verdict.Done;
  }

  /** Hands over what is to leave by links that others send; returns the number of runs. Nothing but one look where all links are over UDP. */
  step(): number {
    const everybodys = this.#header[HEADER_WORD_OTHER_LINKS] === 0 && this.#header[HEADER_WORD_PACED_LINKS] === 0;
    if (everybodys && this.#portKind === PortKind.Udp) return 0;
    const { words } = this.#batch;
    const end = RUNS / 4 + (words[BATCH_RUN_COUNT] as number) * RUN_WORDS;
    let runs = 0;
    for (let run = RUNS / 4; run < end; run += RUN_WORDS) {
      if (words[run + RUN_VERDICT] !== Verdict.Forward) continue;
      const link = words[run + RUN_ARGUMENT] as number;
      const to = this.#senderOf(link);
      if (to === undefined) continue;
      const number = this.#entries[(link * LINK_ENTRY_BYTES + LINK_OUR_NUMBER) / 4] as number;
      this.#copy(run, to, HAND_FORWARD_FRAME, RecordKind.HandForward, number);
      words[run + RUN_VERDICT] = Verdict.Done;
      runs++;
    }
    if (runs > 0) this.#publish();
    return runs;
  }

  /** Who sends the link; undefined: this worker (which also deals with links that do not exist). */
  #senderOf(link: number): Outgoing | undefined {
    if (link <= 0 || link >= this.#links) return undefined;
    const kind = this.#entries[(link * LINK_ENTRY_BYTES + LINK_PORT_KIND) / 4];
    if (kind === PortKind.None) return undefined;
    if (kind === PortKind.Tcp) return this.#portKind === PortKind.Tcp ? undefined : this.#tcp;
    // A paced link's queue is one worker's; any other is sent by whoever hears of it first.
    const isPaced = this.#entries[(link * LINK_ENTRY_BYTES + LINK_RATE) / 4] !== 0;
    const worker = isPaced ? (this.#entries[(link * LINK_ENTRY_BYTES + LINK_WORKER) / 4] as number) : this.#worker;
    if (this.#portKind !== PortKind.Udp) return this.#udp[isPaced ? worker : link % this.#udp.length];
    return worker === this.#worker ? undefined : this.#udp[worker];
  }

  #copy(run: number, to: Outgoing, headroom: number, record: number, number: number): void {
    const { words, slab } = this.#batch;
    const { view } = to.ring;
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    for (let packet = first; packet < first + packets; packet++) {
      const length = words[packetAt(packet) + 1] as number;
      const at = to.claim(headroom + length);
      if (at < 0) return this.#counters.add(COUNTER.handoverFull, first + packets - packet);
      view.setInt32(at + RECORD_KIND, record, true);
      if (record === RecordKind.HandForward) {
        view.setInt32(at + HAND_FORWARD_NUMBER, number, true);
        view.setInt32(at + HAND_FORWARD_KIND, words[run + RUN_KIND] as number, true);
      }
      copyBytes(slab, words[packetAt(packet)] as number, view, at + headroom, length);
    }
  }

  #publish(): void {
    this.#tcp.publish();
    for (const to of this.#udp) to.publish();
  }
}

/** One ring, and how many records in it wait to be published. */
class Outgoing {
  readonly ring: QueueProducer;
  readonly #counters: CounterBlock;
  #claimed = 0;

  constructor(ring: QueueProducer, counters: CounterBlock) {
    this.ring = ring;
    this.#counters = counters;
  }

  claim(length: number): number {
    const at = this.ring.claim(length);
    if (at >= 0) this.#claimed++;
    return at;
  }

  publish(): void {
    if (this.#claimed === 0) return;
    // The reader gives up a claim that stays unpublished for seconds, as that of a dead worker would.
    if (!this.ring.publish()) this.#counters.add(COUNTER.handoverFull, this.#claimed);
    this.#claimed = 0;
  }
}
