/**
 * The slots that this node is in itself: it is an *origin* of them towards peers outside the zone, and keeps the zone's sequence
 * number in step with its zone-mates (R2, R4, R19).
 */
import { idByte, LAYERS, type Layer, type NodeId } from '../../kit/node-id.js';
import { INFINITE, MAX_SEQNO } from '../../wire/routing-entry.js';
import type { Advertised } from './adjacency-out.js';
import { isSmaller } from './label.js';
import { isNotablyOff, MetricMeans, TRAFFIC_CLASSES } from './metric.js';
import { OPTIMISATION_PAUSE_MS } from './optimisation.js';
import type { Label } from './router.types.js';
import { MAX_RISE, NEAR_END, type SeqnoWatch } from './seqno-watch.js';
import { type SlotTable, slotKey } from './slot-state.js';

const METRIC_PERIOD_MS = 10_000;
const METRIC_SHARE = 0.15;
/** How long a newcomer waits for a zone-mate to tell the sequence number, before it takes its own. */
const ADOPTION_MS = 300;
/** At most ten raises a second and level, in bursts of ten. */
const RAISE_INTERVAL_MS = 100;
const RAISE_BURST = 10;

/** What is asked of an origin (R14, R15). */
export type Wish = Label & { readonly bump: boolean; readonly optimise: boolean };

/** One level of the own id. */
interface Level {
  readonly layer: Layer;
  readonly byte: number;
  /** One for all classes. 0: not known yet (R19). */
  seqno: number;
  /** By class. The label's distance: falls with the metric, rises only together with the sequence number. */
  readonly distances: number[];
  /** By class. M0: the mean way from where packets enter the zone to its members. */
  readonly metrics: number[];
  adoptBefore: number;
  raises: number;
  lastRefill: number;
  /** When an optimisation was last granted (R15). */
  lastOptimised: number;
}

export class OwnZone {
  readonly #levels: readonly Level[];
  #mates: readonly number[] = [0, 0, 0, 0, 0];
  #nextMetric = Number.POSITIVE_INFINITY;

  /** @param changed called when what is said of the own slot of a layer changed. */
  constructor(
    self: NodeId,
    readonly bootSeconds: number,
    /** It is an origin in so many classes, from the first. */
    readonly classes: number,
    readonly seqnos: SeqnoWatch,
    readonly changed: (key: number, now: number) => void,
  ) {
    this.#levels = LAYERS.map((layer) => ({
      layer,
      byte: idByte(self, layer),
      seqno: 0,
      distances: TRAFFIC_CLASSES.map(() => 0),
      metrics: TRAFFIC_CLASSES.map(() => 0),
      adoptBefore: Number.POSITIVE_INFINITY,
      raises: RAISE_BURST,
      lastRefill: 0,
      lastOptimised: Number.NEGATIVE_INFINITY,
    }));
  }

  /** What a peer outside the zone of this layer is told: this node as origin. */
  asOrigin(layer: Layer, trafficClass: number): Advertised | undefined {
    const { seqno, distances, metrics } = this.#level(layer);
    if (seqno === 0 || trafficClass >= this.classes) return undefined;
    return { seqno, distance: distances[trafficClass] as number, metric: metrics[trafficClass] as number, hops: 0 };
  }

  /** What a zone-mate is told, once for all classes: the sequence number. */
  asMate(layer: Layer): Advertised | undefined {
    const { seqno } = this.#level(layer);
    return seqno === 0 ? undefined : { seqno, distance: 0, metric: 0, hops: 0 };
  }

  /** R19: how many neighbours share the leading bytes up to each layer (index 0 is not used). */
  neighboursChanged(mates: readonly number[], now: number): void {
    this.#mates = mates;
    if (this.#nextMetric === Number.POSITIVE_INFINITY) this.#nextMetric = now + METRIC_PERIOD_MS;
    this.#settle(now);
  }

  /** R2: a zone-mate tells its sequence number. */
  hear(layer: Layer, seqno: number, from: NodeId, now: number): void {
    const level = this.#level(layer);
    if (seqno <= level.seqno) return;
    if (level.seqno !== 0) this.#watch(level, seqno, from, now);
    this.#setSeqno(level, seqno, now);
  }

  /** R14a and R14b at the origin: raises the sequence number, if the asker needs it and the rate allows it. */
  grant(layer: Layer, trafficClass: number, asked: Wish, from: NodeId, now: number): void {
    const level = this.#level(layer);
    const label = { seqno: level.seqno, distance: level.distances[trafficClass] as number };
    const isEnough = asked.bump ? level.seqno >= asked.seqno : isSmaller(label, asked);
    if (isEnough || level.seqno === 0) return;
    if (asked.optimise && now - level.lastOptimised < OPTIMISATION_PAUSE_MS) return;
    if (MAX_SEQNO - level.seqno < NEAR_END) this.seqnos.ending(layer, MAX_SEQNO - level.seqno, now);
    if (level.seqno === MAX_SEQNO || !takeRaise(level, now)) return;
    if (asked.optimise) level.lastOptimised = now;
    const wanted = asked.bump ? asked.seqno : asked.seqno + 1;
    this.#watch(level, wanted, from, now);
    this.#setSeqno(level, Math.min(wanted, level.seqno + MAX_RISE, MAX_SEQNO), now);
  }

  #watch({ layer, byte, seqno }: Level, to: number, peer: NodeId, now: number): void {
    if (this.seqnos.isJump(seqno, to, now)) this.seqnos.jumped({ layer, byte, peer, from: seqno, to }, now);
  }

  nextTimeout(): number {
    return this.#levels.reduce((least, level) => Math.min(least, level.adoptBefore), this.#nextMetric);
  }

  handleTimeout(slots: SlotTable, now: number): void {
    this.#settle(now);
    if (now < this.#nextMetric) return;
    this.#nextMetric = now + METRIC_PERIOD_MS;
    this.#measure(slots, now);
  }

  /** R19: a level with zone-mates waits for their number; alone, or after waiting, it starts with the time of boot. */
  #settle(now: number): void {
    for (const level of this.#levels) {
      if (level.seqno !== 0) continue;
      const hasMates = (this.#mates[level.layer] as number) > 0;
      if (hasMates && level.adoptBefore === Number.POSITIVE_INFINITY) level.adoptBefore = now + ADOPTION_MS;
      if (!hasMates || now >= level.adoptBefore) this.#setSeqno(level, Math.max(1, this.bootSeconds), now);
    }
  }

  #setSeqno(level: Level, seqno: number, now: number): void {
    level.seqno = seqno;
    for (const trafficClass of TRAFFIC_CLASSES) level.distances[trafficClass] = level.metrics[trafficClass] as number;
    level.adoptBefore = Number.POSITIVE_INFINITY;
    for (const trafficClass of TRAFFIC_CLASSES) this.#tell(level, trafficClass, now);
  }

  /** R4: M0 of a level is the mean metric of the slots one layer below; its own part of it is M0 of that layer. */
  #measure(slots: SlotTable, now: number): void {
    const means = new MetricMeans();
    for (const { metric, layer, trafficClass } of slots.all())
      if (metric < INFINITE) means.add(trafficClass, layer, metric);
    for (const trafficClass of TRAFFIC_CLASSES) {
      let inner = 0;
      for (let layer = 3; layer >= 1; layer--) {
        inner = means.with(trafficClass, layer + 1, inner);
        this.#takeMetric(this.#level(layer as Layer), trafficClass, inner, now);
      }
    }
  }

  #takeMetric(level: Level, trafficClass: number, metric: number, now: number): void {
    if (!isNotablyOff(trafficClass, metric, level.metrics[trafficClass] as number, METRIC_SHARE)) return;
    level.metrics[trafficClass] = metric;
    level.distances[trafficClass] = Math.min(level.distances[trafficClass] as number, metric);
    this.#tell(level, trafficClass, now);
  }

  #tell({ layer, byte }: Level, trafficClass: number, now: number): void {
    this.changed(slotKey(trafficClass, layer, byte), now);
  }

  #level(layer: Layer): Level {
    return this.#levels[layer - 1] as Level;
  }
}

function takeRaise(level: Level, now: number): boolean {
  const refill = (now - level.lastRefill) / RAISE_INTERVAL_MS;
  level.raises = Math.min(RAISE_BURST, level.raises + refill);
  level.lastRefill = now;
  if (level.raises < 1) return false;
  level.raises--;
  return true;
}
