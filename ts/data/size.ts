/**
 * The size stage: what is larger than its link, or the path behind it, carries. It comes after the route stage, which knows the link.
 *
 * ```
 *   no packet of the batch is larger than the base MTU ──> nothing: one look a batch
 *   a datagram that starts here ──────────────────────────> cut into fragments (ts/wire/fragment.ts), in its place in the flow
 *   anything else, in transit above all ──────────────────> dropped as tooBig; control tells the source what would pass
 * ```
 * A datagram is cut into as few parts as the path allows, all of one size: so they leave in one message of segments, and a path that carries
 * less than it is thought to hardly ever matters.
 */
import {
  BATCH_LARGEST,
  BATCH_PACKET_COUNT,
  BATCH_RUN_COUNT,
  type Batch,
  MAX_PACKETS,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { LINK_MTU } from '../memory/link-table.js';
import { PathMtus } from '../memory/path-mtus.js';
import { LINK_ENTRY_BYTES } from '../memory/region.js';
import {
  FRAGMENT_BYTES,
  FRAGMENT_NUMBER,
  FRAGMENT_PART,
  FRAGMENT_PARTS,
  FRAGMENT_WHOLE,
  partBytes,
} from '../wire/fragment.js';
import { FrameType, OFFSET_VERSION_TYPE } from '../wire/link-header.js';
import {
  BASE_MTU,
  HEADERS_BYTES,
  OFFSET_DESTINATION,
  OFFSET_PROTOCOL,
  Protocol,
  SEAL_BYTES,
} from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { copyBytes } from './copy.js';
import type { Port } from './port.js';
import type { PuntStage } from './punt.js';
import { appendPacket, appendRun } from './runs.js';

/** What is reserved in one piece for fragments that leave one behind the other, bytes. */
const STRETCH_BYTES = 60_000;

export class SizeStage {
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #entries: Int32Array;
  readonly #links: number;
  readonly #paths: PathMtus;
  readonly #port: Port;
  readonly #punt: PuntStage;
  /** Of the next datagram that is cut. */
  #number: number;

  constructor({ batch, counters, region, port, clock }: StageContext, punt: PuntStage) {
    this.#batch = batch;
    this.#counters = counters;
    this.#entries = new Int32Array(
      region.buffer,
      region.layout.linkEntries,
      (region.layout.links * LINK_ENTRY_BYTES) / 4,
    );
    this.#links = region.layout.links;
    this.#paths = new PathMtus(region);
    this.#port = port;
    this.#punt = punt;
    // A worker that replaces a crashed one begins elsewhere: parts of its predecessor's datagrams may still be under way.
    this.#number = Math.floor(clock() * 1000) & 0xff_ffff;
  }

  /** Deals with all decided runs; returns how many held something too large. */
  step(): number {
    const { words, slab } = this.#batch;
    const largest = words[BATCH_LARGEST] as number;
    if (largest <= BASE_MTU) return 0;
    words[BATCH_LARGEST] = 0;
    const runs = words[BATCH_RUN_COUNT] as number;
    let touched = 0;
    for (let index = 0; index < runs; index++) {
      const run = runAt(index);
      if (words[run + RUN_VERDICT] !== Verdict.Forward) continue;
      const frame = words[run + RUN_FRAME] as number;
      if ((slab.getUint8(frame + OFFSET_VERSION_TYPE) & 15) !== FrameType.Data) continue; // hellos probe the MTU
      const link = words[run + RUN_ARGUMENT] as number;
      if (link <= 0 || link >= this.#links) continue;
      const mtu = this.#entries[(link * LINK_ENTRY_BYTES + LINK_MTU) / 4] as number;
      const mayCut =
        words[run + RUN_KIND] === RunKind.Origin && slab.getUint8(frame + OFFSET_PROTOCOL) === Protocol.Datagram;
      const limit = mayCut ? Math.max(BASE_MTU, this.#paths.get(slab.getInt32(frame + OFFSET_DESTINATION), mtu)) : mtu;
      if (largest <= limit || !this.#exceeds(run, limit)) continue;
      if (mayCut) this.#cut(run, limit);
      else this.#refuse(index, limit);
      touched++;
    }
    return touched;
  }

  #exceeds(run: number, limit: number): boolean {
    const { words } = this.#batch;
    const first = words[run + RUN_FIRST] as number;
    const end = first + (words[run + RUN_PACKETS] as number);
    for (let packet = first; packet < end; packet++) if ((words[packetAt(packet) + 1] as number) > limit) return true;
    return false;
  }

  /** Drops what is too large; the rest of the run goes on. */
  #refuse(index: number, limit: number): void {
    const { words } = this.#batch;
    const run = runAt(index);
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    let kept = 0;
    for (let packet = first; packet < first + packets; packet++) {
      const at = packetAt(packet);
      if ((words[at + 1] as number) > limit) {
        if (kept === packet - first) this.#punt.tooBig(index, packet, limit); // the first one: control needs no more
        continue;
      }
      const to = packetAt(first + kept++);
      words[to] = words[at] as number;
      words[to + 1] = words[at + 1] as number;
    }
    this.#counters.add(COUNTER.tooBig, packets - kept);
    words[run + RUN_PACKETS] = kept;
    words[run + RUN_FRAME] = words[packetAt(first)] as number;
    if (kept === 0) words[run + RUN_VERDICT] = Verdict.Done;
  }

  /** The run becomes another one at the end of the batch, in which fragments stand where datagrams were too large. */
  #cut(run: number, limit: number): void {
    const { words } = this.#batch;
    const first = words[run + RUN_FIRST] as number;
    const end = first + (words[run + RUN_PACKETS] as number);
    const start = words[BATCH_PACKET_COUNT] as number;
    words[run + RUN_VERDICT] = Verdict.Done;
    for (let packet = first; packet < end; packet++) {
      const offset = words[packetAt(packet)] as number;
      const length = words[packetAt(packet) + 1] as number;
      const fits =
        length <= limit ? appendPacket(this.#batch, offset, length) >= 0 : this.#fragment(offset, length, limit);
      if (!fits) this.#counters.add(COUNTER.egressFull, 1);
    }
    const packets = (words[BATCH_PACKET_COUNT] as number) - start;
    if (packets === 0) return;
    const index = appendRun(
      this.#batch,
      words[run + RUN_KIND] as number,
      words[run + RUN_LINK] as number,
      start,
      packets,
    );
    if (index < 0) return this.#counters.add(COUNTER.egressFull, packets);
    words[runAt(index) + RUN_VERDICT] = Verdict.Forward;
    words[runAt(index) + RUN_ARGUMENT] = words[run + RUN_ARGUMENT] as number;
  }

  /** Appends the parts of one datagram; false, and nothing appended, when slab or batch have no room. */
  #fragment(datagram: number, length: number, limit: number): boolean {
    const { words, slab } = this.#batch;
    const whole = length - HEADERS_BYTES;
    const parts = Math.ceil(whole / (limit - HEADERS_BYTES - FRAGMENT_BYTES - SEAL_BYTES));
    const bytes = partBytes(whole, parts);
    const frame = HEADERS_BYTES + FRAGMENT_BYTES + bytes;
    const before = words[BATCH_PACKET_COUNT] as number;
    if (before + parts > MAX_PACKETS) return false;
    const number = (slab.getUint8(datagram + OFFSET_PROTOCOL) << 24) | this.#number;
    this.#number = (this.#number + 1) & 0xff_ffff;
    let at = -1;
    let room = 0;
    for (let part = 0; part < parts; part++) {
      if (room === 0) {
        room = Math.min(parts - part, Math.max(1, Math.floor(STRETCH_BYTES / frame)));
        at = this.#port.reserve(room * frame);
        if (at < 0) {
          words[BATCH_PACKET_COUNT] = before;
          return false;
        }
      }
      const from = part * bytes;
      const taken = Math.min(bytes, whole - from);
      copyBytes(slab, datagram, slab, at, HEADERS_BYTES);
      slab.setUint8(at + OFFSET_PROTOCOL, Protocol.Fragment);
      slab.setInt32(at + HEADERS_BYTES + FRAGMENT_NUMBER, number);
      slab.setUint8(at + HEADERS_BYTES + FRAGMENT_PART, part);
      slab.setUint8(at + HEADERS_BYTES + FRAGMENT_PARTS, parts);
      slab.setUint16(at + HEADERS_BYTES + FRAGMENT_WHOLE, whole);
      copyBytes(slab, datagram + HEADERS_BYTES + from, slab, at + HEADERS_BYTES + FRAGMENT_BYTES, taken);
      appendPacket(this.#batch, at, HEADERS_BYTES + FRAGMENT_BYTES + taken);
      at += frame;
      room--;
    }
    this.#counters.add(COUNTER.originated, parts - 1);
    this.#counters.add(COUNTER.fragmented, 1);
    return true;
  }
}
