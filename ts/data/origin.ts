/**
 * The origin stage: what starts at this node, and what its other workers hand over. It takes records from the rings that the shell writes (control before data, so that a busy
 * application never delays a hello), puts frames into the slab and runs into the batch.
 *
 * ```
 *   SendLink    control frame for one link ──> both headers written here ──> verdict Forward, that link
 *   SendTo      handshake, whole ────────────> verdict Raw, to its address
 *   SendPacket  packet of the overlay ───────> undecided: route.ts
 *   HandDeliver packet of a port forward ────> verdict Deliver: local.ts        from another worker, counted there
 *   HandForward decided packet, for a link ──> verdict Forward, that link       (handover.ts)
 *   Command     ─────────────────────────────> the worker
 * ```
 * A record stays in its ring until slab and batch have room for it: a full worker pushes back on the sender.
 */
import {
  ADDRESS_BYTES,
  ADDRESS_SOCKET,
  addressAt,
  type Batch,
  RUN_ARGUMENT,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { LINK_OUR_NUMBER, LINK_PEER_ID } from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import type { QueueConsumer } from '../memory/sharedarraybuffer-queue/index.js';
import {
  HAND_DELIVER_FRAME,
  HAND_FORWARD_FRAME,
  HAND_FORWARD_KIND,
  HAND_FORWARD_NUMBER,
  RECORD_KIND,
  RecordKind,
  SEND_LINK_LINK,
  SEND_LINK_PAYLOAD,
  SEND_LINK_TYPE,
  SEND_PACKET_FRAME,
  SEND_TO_ADDRESS,
  SEND_TO_FRAME,
} from '../memory/worker-records.js';
import {
  FrameType,
  INITIAL_TTL,
  LINK_INDEX_MASK,
  OFFSET_FLAGS,
  OFFSET_LABEL,
  OFFSET_RESERVED,
  OFFSET_TTL,
  OFFSET_VERSION_TYPE,
  WIRE_VERSION,
} from '../wire/link-header.js';
import {
  HEADERS_BYTES,
  OFFSET_DESTINATION,
  OFFSET_PROTOCOL,
  OFFSET_SEQUENCE,
  OFFSET_SOURCE,
  OFFSET_SOURCE_PORT,
  Protocol,
} from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { copyBytes } from './copy.js';
import type { Port } from './port.js';
import { appendPacket, appendRun, appendToRun, hasRoom } from './runs.js';

/** Records taken from one ring a step: enough for full batches, few enough that received frames do not wait. */
const RECORDS_PER_STEP = 256;

export class OriginStage {
  readonly #self: number;
  readonly #batch: Batch;
  readonly #batchView: DataView;
  readonly #region: Region;
  readonly #entries: DataView;
  readonly #counters: CounterBlock;
  readonly #port: Port;
  readonly #rings: readonly QueueConsumer[];
  /** Rings whose current record has found no room yet. */
  readonly #held: boolean[];
  readonly #onCommand: (ring: QueueConsumer) => void;

  /** `rings`: in the order of their precedence. `onCommand` gets the ring whose current record is a command. */
  constructor(context: StageContext, rings: readonly QueueConsumer[], onCommand: (ring: QueueConsumer) => void) {
    const { self, batch, region, counters, port } = context;
    this.#self = self;
    this.#batch = batch;
    this.#batchView = new DataView(batch.words.buffer);
    this.#region = region;
    this.#entries = new DataView(region.buffer, region.layout.linkEntries, region.layout.links * LINK_ENTRY_BYTES);
    this.#counters = counters;
    this.#port = port;
    this.#rings = rings;
    this.#held = rings.map(() => false);
    this.#onCommand = onCommand;
  }

  /** Takes what the rings hold, within limits. Returns the number of records. */
  step(): number {
    let records = 0;
    for (let i = 0; i < this.#rings.length; i++) records += this.#drain(i);
    return records;
  }

  /** Whether a record was taken from a ring that has found no room yet: then the worker must not sleep. */
  isWaiting(): boolean {
    return this.#held.includes(true);
  }

  #drain(index: number): number {
    const ring = this.#rings[index] as QueueConsumer;
    let records = 0;
    try {
      while (records < RECORDS_PER_STEP && (this.#held[index] || ring.next())) {
        this.#held[index] = !this.#take(ring);
        if (this.#held[index]) return records; // without release: the record is still in use
        records++;
      }
    } catch (error) {
      ring.release(); // else the worker's successor would take what is lost with the batch once more, and meet the same end
      throw error;
    }
    if (records > 0) ring.release();
    return records;
  }

  /** False when slab or batch have no room: the record stays where it is. */
  #take(ring: QueueConsumer): boolean {
    const kind = ring.view.getInt32(ring.offset + RECORD_KIND, true);
    if (kind === RecordKind.SendPacket) return this.#sendPacket(ring);
    if (kind === RecordKind.SendLink) return this.#sendLink(ring);
    if (kind === RecordKind.SendTo) return this.#sendTo(ring);
    if (kind === RecordKind.HandDeliver) return this.#handDeliver(ring);
    if (kind === RecordKind.HandForward) return this.#handForward(ring);
    if (kind === RecordKind.Command) this.#onCommand(ring);
    else this.#counters.add(COUNTER.malformed, 1);
    return true;
  }

  #sendPacket(ring: QueueConsumer): boolean {
    const length = ring.length - SEND_PACKET_FRAME;
    if (length < HEADERS_BYTES) {
      this.#counters.add(COUNTER.originated, 1);
      this.#counters.add(COUNTER.truncated, 1);
      return true;
    }
    const frame = this.#copyIn(ring, SEND_PACKET_FRAME, length, 0);
    if (frame < 0) return false;
    const { slab } = this.#batch;
    slab.setUint8(frame + OFFSET_VERSION_TYPE, (WIRE_VERSION << 4) | FrameType.Data);
    slab.setUint8(frame + OFFSET_RESERVED, 0);
    slab.setInt32(frame + OFFSET_LABEL, 0);
    if (slab.getUint8(frame + OFFSET_TTL) === 0) slab.setUint8(frame + OFFSET_TTL, INITIAL_TTL);
    appendToRun(this.#batch, RunKind.Origin, 0, frame, length);
    return true;
  }

  #sendLink(ring: QueueConsumer): boolean {
    const payload = ring.length - SEND_LINK_PAYLOAD;
    const frame = this.#copyIn(ring, SEND_LINK_PAYLOAD, payload, HEADERS_BYTES);
    if (frame < 0) return false;
    const link = ring.view.getInt32(ring.offset + SEND_LINK_LINK, true);
    const { slab, words } = this.#batch;
    slab.setUint8(
      frame + OFFSET_VERSION_TYPE,
      (WIRE_VERSION << 4) | ring.view.getInt32(ring.offset + SEND_LINK_TYPE, true),
    );
    slab.setUint8(frame + OFFSET_FLAGS, 0);
    slab.setUint8(frame + OFFSET_TTL, 1);
    slab.setUint8(frame + OFFSET_RESERVED, 0);
    slab.setInt32(frame + OFFSET_LABEL, 0);
    slab.setUint32(frame + OFFSET_DESTINATION, this.#peerOf(link));
    slab.setInt32(frame + OFFSET_SOURCE_PORT, 0);
    slab.setUint32(frame + OFFSET_SOURCE, this.#self);
    slab.setInt32(frame + OFFSET_PROTOCOL, Protocol.Link << 24);
    slab.setInt32(frame + OFFSET_SEQUENCE, 0);
    slab.setInt32(frame + OFFSET_SEQUENCE + 4, 0);
    const run = runAt(this.#appendAlone(frame, HEADERS_BYTES + payload));
    words[run + RUN_VERDICT] = Verdict.Forward;
    words[run + RUN_ARGUMENT] = link;
    return true;
  }

  #sendTo(ring: QueueConsumer): boolean {
    const length = ring.length - SEND_TO_FRAME;
    const frame = this.#copyIn(ring, SEND_TO_FRAME, length, 0);
    if (frame < 0) return false;
    const { words } = this.#batch;
    const index = this.#appendAlone(frame, length);
    copyBytes(ring.view, ring.offset + SEND_TO_ADDRESS, this.#batchView, addressAt(index), ADDRESS_BYTES);
    words[runAt(index) + RUN_VERDICT] = Verdict.Raw;
    words[runAt(index) + RUN_ARGUMENT] = this.#batchView.getInt32(addressAt(index) + ADDRESS_SOCKET, true);
    return true;
  }

  #handDeliver(ring: QueueConsumer): boolean {
    const length = ring.length - HAND_DELIVER_FRAME;
    const frame = this.#place(ring, HAND_DELIVER_FRAME, length, 0);
    if (frame < 0) return false;
    appendToRun(this.#batch, RunKind.Data, 0, frame, length, Verdict.Deliver);
    return true;
  }

  /** Of kind Data it is in transit: its TTL is counted down where it is sent, which is here. */
  #handForward(ring: QueueConsumer): boolean {
    const number = ring.view.getInt32(ring.offset + HAND_FORWARD_NUMBER, true);
    const entry = (number & LINK_INDEX_MASK) * LINK_ENTRY_BYTES;
    if (this.#entries.getInt32(entry + LINK_OUR_NUMBER, true) !== number) {
      this.#counters.add(COUNTER.unknownLink, 1); // the link has gone while the record waited
      return true;
    }
    const length = ring.length - HAND_FORWARD_FRAME;
    const frame = this.#place(ring, HAND_FORWARD_FRAME, length, 0);
    if (frame < 0) return false;
    const kind = ring.view.getInt32(ring.offset + HAND_FORWARD_KIND, true);
    appendToRun(this.#batch, kind, 0, frame, length, Verdict.Forward, number & LINK_INDEX_MASK);
    return true;
  }

  /** As {@link place}, for a frame that starts here. */
  #copyIn(ring: QueueConsumer, from: number, length: number, headroom: number): number {
    const frame = this.#place(ring, from, length, headroom);
    if (frame >= 0) this.#counters.add(COUNTER.originated, 1);
    return frame;
  }

  /** Copies `length` bytes of the record into the slab, behind `headroom` bytes; where the frame starts, -1 for no room. */
  #place(ring: QueueConsumer, from: number, length: number, headroom: number): number {
    if (!hasRoom(this.#batch)) return -1;
    const frame = this.#port.reserve(headroom + length);
    if (frame < 0) return -1;
    copyBytes(ring.view, ring.offset + from, this.#batch.slab, frame + headroom, length);
    return frame;
  }

  #appendAlone(frame: number, length: number): number {
    return appendRun(this.#batch, RunKind.Origin, 0, appendPacket(this.#batch, frame, length), 1);
  }

  #peerOf(link: number): number {
    if (link <= 0 || link >= this.#region.layout.links) return 0;
    return this.#entries.getUint32(link * LINK_ENTRY_BYTES + LINK_PEER_ID, true);
  }
}
