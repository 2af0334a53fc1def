/**
 * The route stage: decides each undecided run of data, from the headers of its first packet (all others are alike).
 *
 * ```
 *   TTL 0 ────────────────────────────────────────────────────────> drop    ttlExceeded
 *   for this node ────────────────────────────────────────────────> deliver (local.ts)
 *   transit, and this node is a leaf ─────────────────────────────> punt    Prohibited    (channels: drop)
 *   transit with TTL 1 ───────────────────────────────────────────> punt    TtlExceeded   (channels: drop, nobody is told)
 *   a channel, or a frame of one link only ───────────────────────> drop    badProtocol   (nobody here has subscribed)
 *   labelled: the label's link is up ─────────────────────────────> forward into that link, with the next label
 *   starts here, its destination is pinned, that link is up ──────> the same
 *   a neighbour to which its link is the way, and that is up ─────> forward into that link
 *   next hop: primary, or the backup if the primary's link is down  > forward
 *      the link that it came by ──────────────────────────────────> drop    notForwarded
 *      none ──────────────────────────────────────────────────────> punt    NoRoute
 * ```
 * The TTL comes first, so that it holds on every path, also for labelled packets and channels. A labelled packet whose label leads nowhere (any more) goes
 * on by the table, with label 0: only where it started is it given one, so it cannot circulate. A packet never leaves by the link it
 * came by: labels of routes fall strictly along every edge (docs/routing.md), so this only happens when a neighbour breaks the rules.
 */
import {
  BATCH_RUN_COUNT,
  PuntReason,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_FRAME,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RUN_WORDS,
  RUNS,
  RunKind,
  Verdict,
} from '../memory/batch.js';
import { BundleReader, flowHash } from '../memory/bundles.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import { DirectTable } from '../memory/direct-table.js';
import type { FlowCounter } from '../memory/flow-counts.js';
import { forwardingWords, ROUTED_CLASSES } from '../memory/forwarding-table.js';
import { linksUpWords } from '../memory/link-table.js';
import { PinTable } from '../memory/pin-table.js';
import { isLeafRegion } from '../memory/region.js';
import { OFFSET_LABEL, OFFSET_TTL } from '../wire/link-header.js';
import {
  OFFSET_CLASS,
  OFFSET_DESTINATION,
  OFFSET_PROTOCOL,
  OFFSET_SOURCE_PORT,
  Protocol,
} from '../wire/network-header.js';
import type { StageContext } from './context.js';

export class RouteStage {
  readonly #self: number;
  readonly #words: Int32Array;
  readonly #slab: DataView;
  readonly #forwarding: Int32Array;
  readonly #up: Int32Array;
  readonly #counters: CounterBlock;
  readonly #direct: DirectTable;
  #hasDirect = false;
  readonly #isLeaf: boolean;
  readonly #bundles: BundleReader;
  #hasBundles = false;
  readonly #pins: PinTable;
  readonly #flows: FlowCounter | undefined;

  constructor({ self, region, batch, counters, flows }: StageContext) {
    this.#direct = new DirectTable(region);
    this.#isLeaf = isLeafRegion(region);
    this.#self = self | 0; // ids are compared as signed words: unsigned ones beyond 2^31 would not be small integers
    this.#words = batch.words;
    this.#slab = batch.slab;
    this.#forwarding = forwardingWords(region);
    this.#up = linksUpWords(region);
    this.#counters = counters;
    this.#bundles = new BundleReader(region);
    this.#pins = new PinTable(region);
    this.#flows = flows;
  }

  /** Decides all undecided runs of kind Data and Origin; returns how many. */
  step(): number {
    const words = this.#words;
    this.#hasDirect = this.#direct.open();
    this.#hasBundles = this.#bundles.any();
    this.#pins.open();
    const end = RUNS / 4 + (words[BATCH_RUN_COUNT] as number) * RUN_WORDS;
    let decided = 0;
    for (let run = RUNS / 4; run < end; run += RUN_WORDS) {
      if (words[run + RUN_VERDICT] !== Verdict.Undecided) continue;
      const kind = words[run + RUN_KIND];
      if (kind !== RunKind.Data && kind !== RunKind.Origin) continue;
      this.#decide(run);
      decided++;
    }
    return decided;
  }

  #decide(run: number): void {
    const slab = this.#slab;
    const frame = this.#words[run + RUN_FRAME] as number;
    const isTransit = this.#words[run + RUN_KIND] === RunKind.Data;
    const ttl = slab.getUint8(frame + OFFSET_TTL);
    const protocol = slab.getUint8(frame + OFFSET_PROTOCOL);
    const destination = slab.getInt32(frame + OFFSET_DESTINATION);

    if (ttl === 0) return this.#drop(run, COUNTER.ttlExceeded);
    const isChannel = protocol === Protocol.Channel; // then the destination is half of a hash
    if (destination === this.#self && !isChannel) return this.#verdict(run, Verdict.Deliver, 0);
    if (this.#isLeaf && isTransit) {
      if (isChannel) return this.#drop(run, COUNTER.prohibited);
      return this.#punt(run, PuntReason.Prohibited, COUNTER.prohibited);
    }
    if (ttl === 1 && isTransit) {
      if (isChannel) return this.#drop(run, COUNTER.ttlExceeded);
      return this.#punt(run, PuntReason.TtlExceeded, COUNTER.ttlExceeded);
    }
    if (isChannel || protocol === Protocol.Link) return this.#drop(run, COUNTER.badProtocol);

    const trafficClass = slab.getUint8(frame + OFFSET_CLASS);
    const link =
      this.#pinnedHop(run, frame, isTransit, destination, trafficClass) ||
      this.#nextHop(run, destination, trafficClass);
    if (link === 0) return this.#punt(run, PuntReason.NoRoute, COUNTER.noRoute);
    if (this.#hasBundles) return this.#spread(run, link, destination);
    if (isTransit && link === this.#words[run + RUN_LINK]) return this.#drop(run, COUNTER.notForwarded);
    this.#verdict(run, Verdict.Forward, link);
  }

  /** Forwards into one link of a bundle, always the same for a flow. The links of a bundle count as one: what came by it does not leave by it. */
  #spread(run: number, link: number, destination: number): void {
    const cameBy = this.#words[run + RUN_LINK] as number;
    const isTransit = this.#words[run + RUN_KIND] === RunKind.Data;
    if (isTransit && link === this.#bundles.mainOf(cameBy)) return this.#drop(run, COUNTER.notForwarded);
    const ports = this.#slab.getInt32((this.#words[run + RUN_FRAME] as number) + OFFSET_SOURCE_PORT);
    const hash = flowHash(destination, ports, isTransit ? cameBy : 0);
    this.#verdict(run, Verdict.Forward, this.#bundles.memberOf(link, hash));
  }

  /** The link that a pinned path takes from here, 0 for none; its packets then carry the next label, or none. */
  #pinnedHop(run: number, frame: number, isTransit: boolean, destination: number, trafficClass: number): number {
    const label = this.#slab.getInt32(frame + OFFSET_LABEL);
    if (label === 0 && isTransit) return 0;
    const cameBy = this.#words[run + RUN_LINK] as number;
    const pin = isTransit
      ? this.#pins.find(label, this.#bundles.mainOf(cameBy))
      : this.#ownPin(run, destination, trafficClass);
    const link = pin < 0 ? 0 : this.#pins.outLink(pin);
    const isUsable = link !== 0 && this.#isUp(link);
    if (isUsable) this.#relabel(run, this.#pins.outLabel(pin), COUNTER.pinned);
    else if (label !== 0) this.#relabel(run, 0, COUNTER.unpinned);
    return isUsable ? link : 0;
  }

  #ownPin(run: number, destination: number, trafficClass: number): number {
    this.#flows?.note(destination, trafficClass, this.#words[run + RUN_PACKETS] as number);
    return this.#pins.own(destination, trafficClass);
  }

  #relabel(run: number, label: number, counter: number): void {
    this.#counters.add(counter, this.#words[run + RUN_PACKETS] as number);
    const first = this.#words[run + RUN_FIRST] as number;
    const end = first + (this.#words[run + RUN_PACKETS] as number);
    for (let packet = first; packet < end; packet++)
      this.#slab.setInt32((this.#words[packetAt(packet)] as number) + OFFSET_LABEL, label);
  }

  /** The link to send into, 0 for none: the slot is that of the first byte in which the destination differs from this node. */
  #nextHop(run: number, destination: number, trafficClass: number): number {
    const table = trafficClass < ROUTED_CLASSES ? trafficClass : 0;
    if (this.#hasDirect) {
      const direct = this.#direct.find(destination, table);
      if (direct !== 0 && this.#isUp(direct)) {
        this.#counters.add(COUNTER.direct, this.#words[run + RUN_PACKETS] as number);
        return direct;
      }
    }
    const layer = Math.clz32(destination ^ this.#self) >>> 3; // 0..3
    const byte = (destination >>> (24 - 8 * layer)) & 255;
    const word = this.#forwarding[(table << 10) | (layer << 8) | byte] as number;
    const primary = word & 0xfff;
    if (primary !== 0 && this.#isUp(primary)) return primary;
    const backup = (word >>> 12) & 0xfff;
    if (backup === 0 || !this.#isUp(backup)) return 0;
    this.#counters.add(COUNTER.backupUsed, this.#words[run + RUN_PACKETS] as number);
    return backup;
  }

  #isUp(link: number): boolean {
    return (((this.#up[link >>> 5] as number) >>> (link & 31)) & 1) === 1;
  }

  #punt(run: number, reason: number, counter: number): void {
    this.#counters.add(counter, this.#words[run + RUN_PACKETS] as number);
    this.#verdict(run, Verdict.Punt, reason);
  }

  #drop(run: number, counter: number): void {
    this.#counters.add(counter, this.#words[run + RUN_PACKETS] as number);
    this.#verdict(run, Verdict.Drop, counter);
  }

  #verdict(run: number, verdict: number, argument: number): void {
    this.#words[run + RUN_VERDICT] = verdict;
    this.#words[run + RUN_ARGUMENT] = argument;
  }
}
