/** The other end of a live session: what it told us (Adj-in) and what we told it (Adj-out, in the sender). */
import { idByte, type Layer, type NodeId, sharedBytes } from '../../kit/node-id.js';
import type { Timed } from '../timer-queue.js';
import { LinkCosts, type LinkQuality } from './link-quality.js';
import type { SafetyRules } from './router.types.js';
import { SlotMap } from './slot-keys.js';
import type { Advert } from './slot-state.js';
import type { SyncSender } from './sync-sender.js';

export class Neighbour implements Timed {
  readonly adverts = new SlotMap<Advert>();
  /** Leading bytes that both ids share, 0 to 3. */
  readonly shared: number;
  /** The deepest layer that the link carries (R1). */
  readonly deepestLayer: number;
  /** Smoothed, ms: paces resending. */
  rtt: number;
  /** As last measured. */
  quality: LinkQuality;
  /** What the link costs in each class, damped. */
  readonly costs: readonly number[];
  readonly #linkCosts: LinkCosts;
  /** The highest frame number received. */
  highestNumber = 0;
  /** Entries of frames up to this number are out of date: a digest has shown that what they said is known (R18). */
  settledNumber = 0;

  /** The classes in which packets for it go straight to it (R22): bit i for class i. */
  directClasses = 0;

  due = Number.POSITIVE_INFINITY;
  place = -1;

  /** Set at once by whoever makes the neighbour: the two refer to each other. */
  sender!: SyncSender;

  constructor(
    readonly link: number,
    readonly peer: NodeId,
    self: NodeId,
    quality: LinkQuality,
    rules: SafetyRules,
  ) {
    this.shared = sharedBytes(self, peer);
    this.deepestLayer = rules.layersStayInZone ? this.shared + 1 : 4;
    this.rtt = quality.rtt;
    this.quality = quality;
    this.#linkCosts = new LinkCosts(quality);
    this.costs = this.#linkCosts.byClass;
  }

  /** Takes a new measurement of the link. The classes whose cost changed: bit i for class i. */
  measure(quality: LinkQuality): number {
    this.rtt = quality.rtt;
    this.quality = quality;
    return this.#linkCosts.update(quality);
  }

  /** Whether routes to the slot are sent over the link: a peer is told nothing of the slot that it is in itself (R2). */
  carries(layer: Layer, byte: number): boolean {
    return layer <= this.deepestLayer && idByte(this.peer, layer) !== byte;
  }
}
